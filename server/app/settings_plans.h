/* The settings `plans.*`: the policies under which customers agree plans by themselves, and the
 * terms that they accept. */
#ifndef DUNLIN_APP_SETTINGS_PLANS_H
#define DUNLIN_APP_SETTINGS_PLANS_H

#include "app/settings_table.h"
#include "domain/plan_policy.h"

extern const struct setting settings_plans[];

/* What a policy and an offer have in common: month, two_weeks or week; a text of terms. */
setting_check_fn setting_check_spacing, setting_check_terms;
enum plan_spacing setting_spacing_of(const char *value);

/* What depends on several of them. */
void settings_finish_plans(struct settings_reading *);

/* In their order; returns how many. Texts are the settings' own. */
size_t settings_plan_policies(const struct settings *, struct plan_policy out[PLAN_POLICIES_MAX]);

#endif
