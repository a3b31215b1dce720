/* What kind of installation a database belongs to, and what the demo puts into its own. */
#ifndef DUNLIN_STORE_INSTALLATION_STORE_H
#define DUNLIN_STORE_INSTALLATION_STORE_H

#include "base/clock.h"
#include "io/pg.h"

struct store;

enum installation_kind {
    INSTALLATION_NEW = 1, /* nothing in it and nothing said */
    INSTALLATION_UNSAID,  /* customers, but nobody said whose */
    INSTALLATION_LIVE,
    INSTALLATION_DEMO,
};

struct installation {
    enum installation_kind kind;
    bool has_customers;
};

MUST_CHECK int installation_look(struct store *, struct pg_query *, pg_result_cb, void *owner,
                                 struct err *);
struct installation installation_read(const PGresult *);
/* Says "live" or "demo", once for ever: adds to a transaction. */
void installation_mark(struct pg_tx *, const char *kind);

void demo_spread_channels(struct pg_tx *);
/* Rows of customer_id and link_no, `at_most` of them; `today` in days since 1970-01-01. */
MUST_CHECK int demo_links(struct store *, struct pg_query *, int32_t today, int64_t at_most,
                          pg_result_cb, void *owner, struct err *);

#endif
