/* What reminding brings, by group: docs/results.md says what each number is. */
#ifndef DUNLIN_STORE_RESULTS_STORE_H
#define DUNLIN_STORE_RESULTS_STORE_H

#include "store/store.h"

enum results_by {
    RESULTS_BY_SEGMENT = 0,
    RESULTS_BY_SCENARIO,
    RESULTS_BY_VERSION,
    RESULTS_BY_STEP,
    RESULTS_BY_CHANNEL,
    RESULTS_BY_MONTH,
    RESULTS_BY_COUNT,
};
/* "segment", "scenario", "version", "step", "channel", "month", null: for json_get_word and people.
 */
extern const char *const results_by_names[RESULTS_BY_COUNT + 1];

struct results_question {
    int32_t from, to; /* due dates, days since 1970-01-01, both included */
    enum results_by by;
    struct instant now;
    int32_t holdout_permille;
};

/* A row each group and currency: two texts, key and currency, and then whole numbers or nulls. The
 * columns are named as people know them. On `pg`, as it may take longer than a page's read. */
MUST_CHECK int results_ask(struct pg *pg, struct pg_query *, const struct results_question *,
                           pg_result_cb on_result, void *owner, struct err *);

#endif
