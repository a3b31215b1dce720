/* What people do beside the machine: the phone team's calls, cases handed over, the red switch. */
#ifndef DUNLIN_APP_PANE_WORK_H
#define DUNLIN_APP_PANE_WORK_H

struct pane_request;

void pane_list_calls(struct pane_request *);     /* GET /calls.json */
void pane_list_handovers(struct pane_request *); /* GET /handovers.json */
/* POST /sending {stop: true|false}: the red switch, by the flow that the API uses. */
void pane_set_sending(struct pane_request *);
/* GET /why.json?customer=&invoice=: what the planner says of a debt. */
void pane_show_why(struct pane_request *);

#endif
