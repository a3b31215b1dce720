/* The settings `database.*`: PostgreSQL, as the application and as the owner. */
#ifndef DUNLIN_APP_SETTINGS_DATABASE_H
#define DUNLIN_APP_SETTINGS_DATABASE_H

#include "app/settings_table.h"

extern const struct setting settings_database[];

/* Whether the connection string names a password; of no other use than to refuse it in the file. */
bool setting_conninfo_has_password(const char *conninfo);

/* What depends on several of them. */
void settings_finish_database(struct settings_reading *);

#endif
