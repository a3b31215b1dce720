/* How a person may be reached, and that they were seen on their page. */
#ifndef DUNLIN_STORE_CONTACT_STORE_H
#define DUNLIN_STORE_CONTACT_STORE_H

#include "domain/paylink.h"
#include "store/page_version_store.h"
#include "store/store.h"

enum { CONTACT_CHANNELS_MAX = 6 };

struct contact_change {
    struct paylink_id link; /* whose customer; all 0: by reference */
    struct span reference;
    /* Channels. Of those for notices only nothing comes that may be refused; a channel opted out of
     * stays so, unless it is named as opted in to as well. */
    const struct span *opted_out, *opted_in, *consented, *notices_only;
    size_t opted_out_count, opted_in_count, consented_count, notices_only_count;
    bool has_preferred;
    struct span preferred; /* null base: none */
    struct span by;        /* "link", "api" */
    struct instant now;
};

/* In a transaction of its own. on_changed's result: contact_read_changed. */
MUST_CHECK int contact_change(struct store *, struct pg_tx *, const struct contact_change *,
                              pg_result_cb on_changed, pg_done_cb on_done, void *owner,
                              struct err *);

struct contact_changed {
    bool is_known, is_new;
    char language[8];
};
void contact_read_changed(const PGresult *, struct contact_changed *);

/* One row, or none: preferred channel, opted out, notices only, consented, faults as JSON. */
MUST_CHECK int contact_read(struct store *, struct pg_query *, struct span reference,
                            pg_result_cb on_read, void *owner, struct err *);

/* The messages that led to the page were opened. on_seen's result: how many. */
MUST_CHECK int contact_seen(struct store *, struct pg_tx *, struct paylink_id,
                            const struct page_shown *, struct instant now, pg_result_cb on_seen,
                            pg_done_cb on_done, void *owner, struct err *);

#endif
