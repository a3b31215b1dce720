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
    SETTING_SECRET_FILE,  /* path of a file whose content is the value */
    SETTING_SECRET_FILES, /* list of those */
};

/* Says what is wrong with a value, or null. `room` is for words made on the spot. */
typedef const char *setting_check_fn(const char *value, char room[160]);

struct setting {
    const char *name; /* dotted path */
    enum setting_type type;
    size_t offset;        /* into struct settings, or struct settings_provider */
    const char *default_; /* as text; null for none */
    const char *example;  /* shown instead of the default; null shows the default */
    int64_t min, max;
    setting_check_fn *check;
    bool is_required;
    bool is_secret; /* refused with a password in the file: see check */
    bool is_set;    /* a list in which nothing stands twice, also not in other case */
    const char *help;
};

extern const struct setting settings_table[];          /* ended by a null name */
extern const struct setting settings_provider_table[]; /* names without the list's prefix */

/* Whether the connection string names a password; of no other use than to refuse it in the file. */
bool setting_conninfo_has_password(const char *conninfo);

#endif
