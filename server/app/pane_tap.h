/* A tap on a push on the phone pane: POST /phone/opened {id}, the id of /phone.json. 200 once the
 * gateway has heard of it from the app, 409 {reason} when it did not take it. */
#ifndef DUNLIN_APP_PANE_TAP_H
#define DUNLIN_APP_PANE_TAP_H

struct pane_request;

void pane_tap(struct pane_request *);

#endif
