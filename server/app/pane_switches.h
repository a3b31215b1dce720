/* What the panes can move: the clock, and the troubles of the bank and of the push services. */
#ifndef DUNLIN_APP_PANE_SWITCHES_H
#define DUNLIN_APP_PANE_SWITCHES_H

#include <jansson.h>

struct pane_request;
struct panes;

void pane_show_clock(struct pane_request *); /* GET /clock */
void pane_set_clock(struct pane_request *); /* POST /clock {action: pause|run|advance|month, …} */
void pane_show_trouble(struct pane_request *); /* GET /trouble */
void pane_set_trouble(struct pane_request *);  /* POST /trouble {switch, on, service?} */

/* {now, running, speed, month}, and each trouble by its name; new references. */
json_t *pane_clock_json(struct panes *);
json_t *pane_trouble_json(struct panes *);

#endif
