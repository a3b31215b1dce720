/* The settings `mail.*`: what the rest of the program is handed. */
#ifndef DUNLIN_APP_SETTINGS_MAIL_H
#define DUNLIN_APP_SETTINGS_MAIL_H

#include "app/settings_table.h"

struct email_settings;
struct bounces_settings;

extern const struct setting settings_mail[];

/* What depends on several of them. */
void settings_finish_mail(struct settings_reading *);

/* Texts are the settings' own. */
struct email_settings settings_email(const struct settings *);
struct bounces_settings settings_bounces(const struct settings *);

#endif
