/* The settings `mail.*`: checks of their values, and what the rest of the program is handed. */
#ifndef DUNLIN_APP_SETTINGS_MAIL_H
#define DUNLIN_APP_SETTINGS_MAIL_H

#include "app/settings_table.h"

struct email_settings;
struct bounces_settings;

setting_check_fn setting_check_smtp_url, setting_check_imap_url;
setting_check_fn setting_check_mail_address; /* "office@example.com" */
setting_check_fn setting_check_mail_domain;  /* "bounces.example.com" */
setting_check_fn setting_check_mail_folder;  /* "INBOX/Bounces" */

/* What depends on several of them. */
void settings_finish_mail(struct settings_reading *);

/* Texts are the settings' own. */
struct email_settings settings_email(const struct settings *);
struct bounces_settings settings_bounces(const struct settings *);

#endif
