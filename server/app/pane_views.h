/* What the panes show, as JSON for the pages' scripts and for tests. */
#ifndef DUNLIN_APP_PANE_VIEWS_H
#define DUNLIN_APP_PANE_VIEWS_H

struct pane_request;

void pane_show_phone(struct pane_request *);    /* GET /phone: page or JSON, as Accept says */
void pane_show_inbox(struct pane_request *);    /* GET /inbox: the same for e-mail */
void pane_list_messages(struct pane_request *); /* GET /phone.json, all channels */
void pane_list_mails(struct pane_request *);    /* GET /inbox.json */
void pane_list_debtors(struct pane_request *);  /* GET /debtors.json?q=&state=&limit= */
void pane_list_ladder(struct pane_request *);   /* GET /ladder.json?customer=&invoice= */
/* GET /agreements.json?customer=&invoice=: plans, promises, disputes, offers and so on */
void pane_list_agreements(struct pane_request *);
void pane_show_state(struct pane_request *);    /* GET /state.json: clock, trouble, figures */

#endif
