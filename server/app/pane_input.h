/* The fields of a POST, from a form or from JSON, whichever was sent. */
#ifndef DUNLIN_APP_PANE_INPUT_H
#define DUNLIN_APP_PANE_INPUT_H

#include "app/pane_http.h"

struct pane_input {
    struct pane_request *request;
    json_t *json_;  /* null: a form */
    bool is_broken; /* JSON that is none */
};

void pane_input_init(struct pane_input *, struct pane_request *);
void pane_input_release(struct pane_input *);
/* Null base when absent. */
struct span pane_input_text(struct pane_input *, const char *name);
/* `missing` when absent; INT64_MIN when it is no whole number. */
int64_t pane_input_int(struct pane_input *, const char *name, int64_t missing);
bool pane_input_bool(struct pane_input *, const char *name);
/* "12,34" or "12.34" as 1234; INT64_MIN when it is no amount. Form only. */
int64_t pane_amount_read(struct span text);

#endif
