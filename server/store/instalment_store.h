/* The parts of plans in force. */
#ifndef DUNLIN_STORE_INSTALMENT_STORE_H
#define DUNLIN_STORE_INSTALMENT_STORE_H

#include "base/clock.h"
#include "domain/instalment.h"
#include "io/pg.h"
#include "store/debt_store.h"

/* A part of the plan in force. */
struct plan_part {
    int32_t place; /* counted from 1 */
    struct date due;
    int64_t amount_minor; /* 0: cut away wholly, and not counted */
    int64_t left_minor;
    bool is_open; /* to be paid */
    bool is_paid, is_missed;
};

/* A debt_more_fn: all parts of the debt's plan in force, for plan_part_read. */
MUST_CHECK int plan_part_list(struct store *, struct pg_query *, const struct debt *,
                              struct instant now, pg_result_cb, void *owner, struct err *);
/* How many there are; none without a plan in force. */
size_t plan_part_read(const PGresult *, struct plan_part parts[INSTALMENTS_MAX]);

enum { INSTALMENT_LATE_MAX = 200 }; /* debts, in one transaction */

/* What has to be known to call a part missed. */
struct instalment_rules {
    struct instant now;
    struct instant in_flight_from; /* payments started before are no longer on their way */
    int64_t feed_age_max_s;        /* 0: there is no feed to wait for */
};

/* Debts with parts whose grace is over, at most INSTALMENT_LATE_MAX; a read. */
MUST_CHECK int instalment_late(struct store *, struct pg_query *, const struct instalment_rules *,
                               pg_result_cb, void *owner, struct err *);
/* Notes the missed parts of those debts, each once on however many nodes, and breaks the plans that
 * are over their limit. One transaction; `on_result` gets what instalment_read_missed reads. */
MUST_CHECK int instalment_miss(struct store *, struct pg_tx *, const PGresult *late,
                               const struct instalment_rules *, pg_result_cb on_result,
                               pg_done_cb on_done, void *owner, struct err *);
void instalment_read_missed(const PGresult *, int64_t *missed_count, int64_t *broken_count);

#endif
