/* GET /evidence.pdf and /evidence.json?customer=&invoice=&lang=: all that is kept of one debt, as the API
 * gives it to who has a key. */
#ifndef DUNLIN_APP_PANE_EVIDENCE_H
#define DUNLIN_APP_PANE_EVIDENCE_H

struct pane_request;

void pane_show_evidence_pdf(struct pane_request *);
void pane_show_evidence_json(struct pane_request *);

#endif
