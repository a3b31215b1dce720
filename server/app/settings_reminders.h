/* The settings `reminders.*`: checks of their values, and the rules that the rest of the program
 * goes by. */
#ifndef DUNLIN_APP_SETTINGS_REMINDERS_H
#define DUNLIN_APP_SETTINGS_REMINDERS_H

#include "app/settings_table.h"
#include "domain/reminder_rules.h"

extern const struct setting settings_reminders[];

/* What depends on several of them. */
void settings_finish_reminders(struct settings_reading *);

/* Texts are the settings' own. */
struct reminder_rules settings_reminder_rules(const struct settings *);

#endif
