/* Which templates a scenario may name: those shipped (web/messages) and those that admins keep. */
#ifndef DUNLIN_FLOW_SCENARIO_TEMPLATES_H
#define DUNLIN_FLOW_SCENARIO_TEMPLATES_H

#include "flow/scenario_yaml.h"

#include <libpq-fe.h>

/* In this tone, or in none of its own. */
bool scenario_template_is_shipped(struct span name, struct span tone);

struct template_set;

/* Those of scenario_templates() in store/scenario_store.h, copied, beside those shipped. */
struct template_set *template_set_new(const PGresult *);
void template_set_free(struct template_set *);
/* For scenario_yaml_read; lives no longer than the set. */
struct scenario_templates template_set_of(struct template_set *);

#endif
