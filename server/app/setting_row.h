/* Short forms of the rows of a settings table, for the files that hold them: a row of struct
 * settings by its dotted name, its field, its default as text and its help. */
#ifndef DUNLIN_APP_SETTING_ROW_H
#define DUNLIN_APP_SETTING_ROW_H

#include "app/settings_table.h"

#include <stddef.h>

#define AT(field) offsetof(struct settings, field)
#define SECTION(name_, help_)                                                                      \
    {                                                                                              \
        .name = name_, .type = SETTING_SECTION, .help = help_                                      \
    }
#define TEXT(name_, field, default__, help_, ...)                                                  \
    {                                                                                              \
        .name = name_, .type = SETTING_TEXT, .offset = AT(field), .default_ = default__,           \
        .help = help_, ##__VA_ARGS__                                                               \
    }
#define PATH(name_, field, default__, help_, ...)                                                  \
    {                                                                                              \
        .name = name_, .type = SETTING_PATH, .offset = AT(field), .default_ = default__,           \
        .help = help_, ##__VA_ARGS__                                                               \
    }
#define INT(name_, field, default__, min_, max_, help_)                                            \
    {                                                                                              \
        .name = name_, .type = SETTING_INT, .offset = AT(field), .default_ = default__,            \
        .min = min_, .max = max_, .help = help_                                                    \
    }
#define BOOL(name_, field, default__, help_)                                                       \
    {                                                                                              \
        .name = name_, .type = SETTING_BOOL, .offset = AT(field), .default_ = default__,           \
        .help = help_                                                                              \
    }

#endif
