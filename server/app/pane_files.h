/* The panes' own files, embedded from web/demo: pages, style, script, pictures. */
#ifndef DUNLIN_APP_PANE_FILES_H
#define DUNLIN_APP_PANE_FILES_H

struct pane_request;

void pane_send_asset(struct pane_request *); /* GET /assets/NAME */
void pane_show_overview(struct pane_request *);
void pane_show_bank(struct pane_request *);
/* The page of this name. */
void pane_send_page(struct pane_request *, const char *name);

#endif
