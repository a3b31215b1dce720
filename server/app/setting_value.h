/* Stores one value, from the file, the environment or the table's default, where its row of the
 * table says, or says what is wrong with it. Part of reading settings: settings.c walks the file.
 */
#ifndef DUNLIN_APP_SETTING_VALUE_H
#define DUNLIN_APP_SETTING_VALUE_H

#include "app/settings_table.h"

#include <yaml.h>

enum { SETTING_NAME_ROOM = 80 };

/* One text that the settings point to. */
struct settings_memory {
    struct settings_memory *next;
    size_t len;
    char bytes[];
};

/* Where reading stands. */
struct settings_reading {
    struct settings *settings;
    struct settings_mistakes *mistakes;
    yaml_document_t *document; /* null when there is no file */
    const char *folder;
};

/* Where a value goes and how it is called in a mistake. */
struct setting_target {
    const struct setting *row;
    char *base; /* the struct that row->offset counts from */
    char name[SETTING_NAME_ROOM];
    int line;
};

/* A copy that lives as long as the settings. */
char *setting_keep(struct settings *, const char *text, size_t len);
/* A path as it stands in the file, made absolute. */
const char *setting_keep_path(struct settings_reading *, const char *path);
void setting_add_mistake(struct settings_mistakes *, int line, const char *setting,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Whether there is a mistake about this setting already. */
bool setting_is_said(const struct settings_reading *, const char *name);
/* Its value in the environment, DUNLIN_ and the name in capitals with `_` for dots; null: none. */
const char *setting_environment_of(const char *name);
/* Reads a whole file of at most `max` bytes; null and errno otherwise (EFBIG when larger). */
char *setting_read_file(const char *path, size_t max, size_t *len);
/* Whether the row takes several values, each stored by a call of its own. */
bool setting_is_list(const struct setting *row);
void setting_store(struct settings_reading *, const struct setting_target *, const char *text);
/* Comma-separated, as environment and defaults give lists. */
void setting_store_words(struct settings_reading *, const struct setting_target *,
                         const char *text);

#endif
