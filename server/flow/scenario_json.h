/* Scenarios as the API and the command line show them to programs. Each function returns a document
 * of its own: json_decref() it. */
#ifndef DUNLIN_FLOW_SCENARIO_JSON_H
#define DUNLIN_FLOW_SCENARIO_JSON_H

#include "flow/scenario_manage.h"
#include "flow/scenario_presets.h"

#include <jansson.h>

/* The content: title, whom it is for, all steps. */
json_t *scenario_json(const struct scenario *);
json_t *scenario_json_listed(const struct scenario_listed *);
/* Without its source. */
json_t *scenario_json_version(const struct scenario_version *, struct instant now);
/* A list of {line, column, path, text}. */
json_t *scenario_json_mistakes(const struct scenario_mistakes *);
json_t *scenario_json_managed(const struct scenario_managed *);
json_t *scenario_json_preset(const struct scenario_preset *);

/* What came of an order, for people: one sentence. */
const char *scenario_result_text(enum scenario_result);

#endif
