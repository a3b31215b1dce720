/* The table of all settings: the one place that says what there is, of which type, with which
 * default and bounds, and in which words the example file explains it. settings.c reads by it. */
#ifndef DUNLIN_APP_SETTINGS_TABLE_H
#define DUNLIN_APP_SETTINGS_TABLE_H

#include "app/settings.h"

enum setting_type {
    SETTING_SECTION, /* a heading with help, no value */
    SETTING_TEXT,
    SETTING_PATH, /* made absolute against the settings file's folder */
    SETTING_INT,  /* min..max */
    SETTING_BOOL,
    SETTING_LOG_LEVEL,    /* error | warn | info | debug */
    SETTING_ROLES,        /* list of http, work */
    SETTING_TEXTS,        /* list */
    SETTING_PATHS,        /* list of paths, made absolute */
    SETTING_TEXT_FILE,    /* path of a file whose content is the value */
    SETTING_SECRET_FILE,  /* the same, of a file that not everybody may read */
    SETTING_SECRET_FILES, /* list of those */
    SETTING_TABLES,       /* list of tables that have rows of their own */
};

struct settings_reading; /* app/setting_value.h */

/* What stands in a SETTING_TABLES. */
struct setting_tables {
    const struct setting *rows;     /* of one, names without the list's prefix */
    size_t first, item_size, count; /* in struct settings: the first one, an int how many */
    int max;
    /* What depends on several settings of the one at `index`, whose first line is `line`. */
    void (*finish)(struct settings_reading *, int index, int line);
};

/* Says what is wrong with a value, or null. `room` is for words made on the spot. */
typedef const char *setting_check_fn(const char *value, char room[160]);

struct setting {
    const char *name; /* dotted path */
    enum setting_type type;
    size_t offset;        /* into struct settings, or what a table stands for */
    const char *default_; /* as text; null for none */
    const char *example;  /* shown instead of the default; null shows the default */
    int64_t min, max;
    setting_check_fn *check;
    bool is_required;
    bool is_secret; /* refused with a password in the file: see check */
    bool is_set;    /* a list in which nothing stands twice, also not in other case */
    const struct setting_tables *tables;
    const char *help;
};

/* The rows of each noun, each ended by a null name, in the order of the example file; ended by
 * null. A noun with checks of its own has a file of its own, settings_<noun>.c. */
extern const struct setting *const settings_table[];

#endif
