/* The creditor's desk in the demo: what customers wait for, and the answer to each, given by the same
 * stores that the API's answers go through. */
#ifndef DUNLIN_APP_PANE_OFFICE_H
#define DUNLIN_APP_PANE_OFFICE_H

struct pane_request;

void pane_show_office(struct pane_request *); /* the page, or what waits as JSON */
void pane_list_office(struct pane_request *);
/* {"what": "plan" | "dispute" | "request", "id": "12-34-1", "yes": true, "text": "…"}. Disputes and
 * requests need a text: the customer reads it. */
void pane_answer_office(struct pane_request *);

#endif
