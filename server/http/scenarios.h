/* Scenarios: which ladder of reminders is in force for whom. YAML in, YAML or JSON out. */
#ifndef DUNLIN_HTTP_SCENARIOS_H
#define DUNLIN_HTTP_SCENARIOS_H

#include "http/request.h"

void scenarios_list(struct request *);
void scenarios_show(struct request *);     /* ?version=N; the source itself for Accept: text/yaml */
void scenarios_save(struct request *);     /* YAML; 422 lists every mistake */
void scenarios_activate(struct request *); /* {"version": 2, "from": "…"}, both optional */
void scenarios_switch_off(struct request *);
void scenarios_move(struct request *); /* {"position": 1} */
void scenarios_list_presets(struct request *);
void scenarios_use_preset(struct request *); /* {"from": "…"}, optional */

#endif
