/* How customers say they were treated: stars, and a word that stands with the event alone. */
#ifndef DUNLIN_STORE_RATING_STORE_H
#define DUNLIN_STORE_RATING_STORE_H

#include "store/store.h"

struct debt;

struct rating_given {
    int32_t stars; /* 1 to 5 */
    struct span word, form_nonce;
    struct instant now;
};

/* Of a transaction behind debt_add_guard. on_kept: rating_read_kept. */
void rating_add(struct pg_tx *, const struct debt *, const struct rating_given *,
                pg_result_cb on_kept);
/* False: one was given more than a day ago, and stays. */
bool rating_read_kept(const PGresult *);

#endif
