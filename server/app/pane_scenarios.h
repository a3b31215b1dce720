/* How the creditor duns: what is shipped, what is in force, and choosing one of them. */
#ifndef DUNLIN_APP_PANE_SCENARIOS_H
#define DUNLIN_APP_PANE_SCENARIOS_H

struct pane_request;

void pane_list_scenarios(struct pane_request *); /* GET /scenarios.json */
/* POST /scenario {name}: the preset of that name is in force from now on, and no other. */
void pane_choose_scenario(struct pane_request *);

#endif
