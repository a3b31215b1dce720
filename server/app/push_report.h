/* What `dunlin push` prints around the exchange: to whom and what, and at the end the outcome, what
 * it means, and what would follow from it for a reminder. */
#ifndef DUNLIN_APP_PUSH_REPORT_H
#define DUNLIN_APP_PUSH_REPORT_H

#include "app/push_probe.h"

#include <jansson.h>

struct push_report {
    const struct push_probe *probe;
    bool is_dry_run;
};

/* Before it is sent. */
void push_report_print_head(const struct push_report *, FILE *out);
/* When it is over. */
void push_report_print_words(const struct push_report *, FILE *out);
/* All of it as one line; `exchange` is borrowed. */
void push_report_print_json(const struct push_report *, json_t *exchange, FILE *out);

#endif
