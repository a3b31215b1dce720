/* How a person may be reached, and that they were seen on their page. */
#ifndef DUNLIN_STORE_CONTACT_STORE_H
#define DUNLIN_STORE_CONTACT_STORE_H

#include "domain/contact_terms.h"
#include "domain/paylink.h"
#include "store/page_version_store.h"
#include "store/store.h"

struct debt;

enum { CONTACT_CHANNELS_MAX = 6 };

struct contact_change {
    struct paylink_id link; /* whose customer; all 0: by reference */
    struct span reference;
    /* Channels. Of those for notices only nothing comes that may be refused; a channel opted out of
     * stays so, unless it is named as opted in to as well. */
    const struct span *opted_out, *opted_in, *consented, *notices_only;
    size_t opted_out_count, opted_in_count, consented_count, notices_only_count;
    bool has_preferred;
    struct span preferred;  /* null base: none */
    struct span by;         /* "link", "api" */
    struct page_shown page; /* on which the customer said so; zero: none */
    struct instant now;
};

/* In a transaction of its own. on_changed's result: contact_read_changed. */
MUST_CHECK int contact_change(struct store *, struct pg_tx *, const struct contact_change *,
                              pg_result_cb on_changed, pg_done_cb on_done, void *owner,
                              struct err *);

/* The same as a part of a transaction that has begun. */
void contact_add_change(struct pg_tx *, const struct contact_change *, pg_result_cb on_changed);

struct contact_changed {
    bool is_known, is_new;
    char language[8];
};
void contact_read_changed(const PGresult *, struct contact_changed *);

/* One row, or none: preferred channel, opted out, notices only, consented, faults as JSON. */
MUST_CHECK int contact_read(struct store *, struct pg_query *, struct span reference,
                            pg_result_cb on_read, void *owner, struct err *);

/* ---- what a customer sees and wishes on their page ---- */

/* Addresses are not in it: whoever has the link must not learn them. */
struct contact_look {
    int32_t second_of_day; /* where the customer is */
    enum contact_channel preferred;
    uint8_t opted_out, notices_only; /* bit 1 << channel */
    bool has_phone;
    struct span asked_call; /* "2026-12-01 08:00-12:00" while a call is open, else empty; lives as
                               long as the result */
};

/* A debt_more_fn. */
MUST_CHECK int contact_look_begin(struct store *, struct pg_query *, const struct debt *,
                                  struct instant now, pg_result_cb, void *owner, struct err *);
void contact_look_read(const PGresult *, struct contact_look *);
/* Of a transaction behind debt_add_guard. Each is told in the debt's chain, once. */
void contact_add_language(struct pg_tx *, const struct debt *, struct span language,
                          struct instant now);
void contact_add_call(struct pg_tx *, const struct debt *, struct span when, struct instant now);

/* The messages that led to the page were opened. on_seen's result: how many. */
MUST_CHECK int contact_seen(struct store *, struct pg_tx *, struct paylink_id,
                            const struct page_shown *, struct instant now, pg_result_cb on_seen,
                            pg_done_cb on_done, void *owner, struct err *);

#endif
