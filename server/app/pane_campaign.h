/* The fifth way to dun: one message to each row of a file. POST /campaign makes one of fifty
 * fictional rows, for an hour from now, by the flows that the command line uses; GET
 * /campaigns.json shows those that there are. */
#ifndef DUNLIN_APP_PANE_CAMPAIGN_H
#define DUNLIN_APP_PANE_CAMPAIGN_H

struct pane_request;

void pane_make_campaign(struct pane_request *);
void pane_list_campaigns(struct pane_request *);

#endif
