/* What the panes show and what their switches do: JSON for the pages' scripts and for tests. */
#ifndef DUNLIN_APP_PANE_VIEWS_H
#define DUNLIN_APP_PANE_VIEWS_H

struct pane_request;

void pane_show_phone(struct pane_request *);    /* GET /phone: page or JSON, as Accept says */
void pane_show_inbox(struct pane_request *);    /* GET /inbox: the same for e-mail */
void pane_list_messages(struct pane_request *); /* GET /phone.json, all channels */
void pane_list_mails(struct pane_request *);    /* GET /inbox.json */
void pane_list_debtors(struct pane_request *);  /* GET /debtors.json?q=&state=&limit= */
void pane_list_ladder(struct pane_request *);   /* GET /ladder.json?customer=&invoice= */
void pane_show_state(struct pane_request *);    /* GET /state.json: clock, trouble, figures */
void pane_show_clock(struct pane_request *);    /* GET /clock */
void pane_set_clock(struct pane_request *);     /* POST /clock {action: pause|run|advance, …} */
void pane_show_trouble(struct pane_request *);  /* GET /trouble */
void pane_set_trouble(struct pane_request *);   /* POST /trouble {switch, on} */
void pane_send_asset(struct pane_request *);    /* GET /assets/NAME */
void pane_show_overview(struct pane_request *);
void pane_show_bank(struct pane_request *);
/* The page of this name among the assets. */
void pane_send_page(struct pane_request *, const char *name);

#endif
