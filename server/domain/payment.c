/* See the header for the rule. Nothing here knows which provider speaks or what is stored. */
#include "domain/payment.h"

#include <assert.h>

static const char *const state_words[] = {
    [PAYMENT_CREATED] = "created",
    [PAYMENT_STARTED] = "started",
    [PAYMENT_PENDING] = "pending",
    [PAYMENT_FAILED] = "failed",
    [PAYMENT_PAID] = "paid",
    [PAYMENT_REFUNDED] = "refunded",
    [PAYMENT_CHARGED_BACK] = "charged_back",
};
enum { STATE_COUNT = sizeof(state_words) / sizeof(state_words[0]) };

static const char *const entry_words[] = {
    [PAYMENT_FACT_PAID] = "payment",
    [PAYMENT_FACT_REFUNDED] = "refund",
    [PAYMENT_FACT_CHARGED_BACK] = "chargeback",
    [PAYMENT_FACT_CHARGEBACK_REVERSED] = "chargeback_reversal",
    [PAYMENT_FACT_REFUND_REVERSED] = "refund_reversal",
};
enum { FACT_COUNT = sizeof(entry_words) / sizeof(entry_words[0]) };

/* What tells the customer most stands first. */
static const char *const reasons[] = {
    "blik_code_wrong",
    "blik_code_expired",
    "blik_code_used",
    "blik_not_confirmed",
    "insufficient_funds",
    "limit_exceeded",
    "refused_by_bank",
    "refused_by_customer",
    "closed",
    "timed_out",
    "refused",
};
enum { REASON_COUNT = sizeof(reasons) / sizeof(reasons[0]) };

const char *payment_state_word(enum payment_state state)
{
    assert((int)state >= 0 && (int)state < STATE_COUNT);
    return state_words[state];
}

enum payment_state payment_state_of(struct span word)
{
    int state = 0;
    while (state < STATE_COUNT && !span_is_str(word, state_words[state]))
        ++state;
    assert(state < STATE_COUNT);
    return (enum payment_state)state;
}

const char *payment_entry_word(enum payment_fact_kind kind)
{
    assert((int)kind > 0 && (int)kind < FACT_COUNT);
    return entry_words[kind];
}

enum payment_fact_kind payment_entry_kind(struct span word)
{
    for (int kind = PAYMENT_FACT_PAID; kind < FACT_COUNT; ++kind)
        if (span_is_str(word, entry_words[kind]))
            return (enum payment_fact_kind)kind;
    return 0;
}

static int reason_rank(struct span reason)
{
    int rank = 0;
    while (rank < REASON_COUNT - 1 && !span_is_str(reason, reasons[rank]))
        ++rank;
    return rank;
}

const char *payment_reason_word(struct span reason)
{
    return reasons[reason_rank(reason)];
}

static int64_t *sum_of(struct payment_sums *sums, enum payment_fact_kind kind)
{
    switch (kind) {
    case PAYMENT_FACT_PAID:
        return &sums->paid_minor;
    case PAYMENT_FACT_REFUNDED:
        return &sums->refunded_minor;
    case PAYMENT_FACT_CHARGED_BACK:
        return &sums->charged_back_minor;
    case PAYMENT_FACT_CHARGEBACK_REVERSED:
        return &sums->reversed_minor;
    case PAYMENT_FACT_REFUND_REVERSED:
        return &sums->refund_reversed_minor;
    default:
        assert(!"no movement");
        return NULL;
    }
}

struct payment_sums payment_sums(const struct payment *payment)
{
    struct payment_sums sums = {0};
    for (int i = 0; i < payment->movement_count; ++i) {
        const struct payment_movement *m = &payment->movements[i];
        int64_t *sum = sum_of(&sums, m->kind);
        bool is_overflowed = __builtin_add_overflow(*sum, m->amount_minor, sum);
        assert(!is_overflowed); /* 64 movements of at most 10^15 stay far below 2^63 */
    }
    return sums;
}

int64_t payment_net_minor(const struct payment_sums *s)
{
    return s->paid_minor + s->reversed_minor + s->refund_reversed_minor - s->refunded_minor -
           s->charged_back_minor;
}

/* Of a payment with something booked: the first booking is always money that came in. */
static enum payment_state state_of_sums(const struct payment *payment)
{
    struct payment_sums s = payment_sums(payment);
    assert(s.paid_minor > 0);
    if (payment_net_minor(&s) > 0)
        return PAYMENT_PAID;
    return s.charged_back_minor > s.reversed_minor ? PAYMENT_CHARGED_BACK : PAYMENT_REFUNDED;
}

static const struct payment_movement *find_movement(const struct payment *payment,
                                                    const struct payment_fact *fact)
{
    for (int i = 0; i < payment->movement_count; ++i) {
        const struct payment_movement *m = &payment->movements[i];
        if (m->kind == fact->kind && span_is(span_of(m->id, m->id_len), fact->movement))
            return m;
    }
    return NULL;
}

/* Pending and failed: they only ever strengthen a payment that has no money yet. */
static enum payment_verdict take_weak(struct payment *payment, const struct payment_fact *fact)
{
    if (payment->state > PAYMENT_FAILED)
        return PAYMENT_NOTHING_NEW;
    if (fact->kind == PAYMENT_FACT_PENDING) {
        if (payment->state >= PAYMENT_PENDING)
            return PAYMENT_NOTHING_NEW;
        payment->state = PAYMENT_PENDING;
        return PAYMENT_MOVE;
    }
    const char *reason = payment_reason_word(fact->reason);
    if (payment->state == PAYMENT_FAILED &&
        reason_rank(span_str(payment->reason)) <= reason_rank(span_str(reason)))
        return PAYMENT_NOTHING_NEW;
    payment->state = PAYMENT_FAILED;
    memset(payment->reason, 0, sizeof(payment->reason));
    memcpy(payment->reason, reason, strlen(reason));
    return PAYMENT_MOVE;
}

/* Whether what this fact needs below it has arrived. */
static bool is_supported(const struct payment *payment, const struct payment_fact *fact)
{
    struct payment_sums s = payment_sums(payment);
    if (fact->kind == PAYMENT_FACT_PAID)
        return true;
    if (fact->kind == PAYMENT_FACT_CHARGEBACK_REVERSED)
        return fact->amount_minor <= s.charged_back_minor;
    if (fact->kind == PAYMENT_FACT_REFUND_REVERSED)
        return fact->amount_minor <= s.refunded_minor;
    return fact->amount_minor <= s.paid_minor;
}

static enum payment_verdict judge_money(const struct payment *payment,
                                        const struct payment_fact *fact)
{
    if (!span_is_str(fact->currency, payment->currency))
        return PAYMENT_WRONG_CURRENCY;
    if (fact->amount_minor <= 0 || fact->amount_minor > PAYMENT_AMOUNT_MAX_MINOR)
        return PAYMENT_WRONG_AMOUNT;
    const struct payment_movement *known = find_movement(payment, fact);
    if (known != NULL)
        return known->amount_minor == fact->amount_minor ? PAYMENT_NOTHING_NEW
                                                         : PAYMENT_CONTRADICTION;
    if (payment->movement_count == PAYMENT_MOVEMENTS_MAX)
        return PAYMENT_TOO_MANY;
    return is_supported(payment, fact) ? PAYMENT_BOOK : PAYMENT_WAITS;
}

/* Known to be paid by this very movement, or to be asked for. */
static enum payment_verdict take_unconfirmed(struct payment *payment,
                                             const struct payment_fact *fact)
{
    struct payment_fact paid = *fact;
    paid.kind = PAYMENT_FACT_PAID;
    enum payment_verdict verdict = judge_money(payment, &paid);
    if (verdict != PAYMENT_BOOK)
        return verdict;
    if (payment->state < PAYMENT_PAID) {
        payment->state = PAYMENT_PENDING;
        memset(payment->reason, 0, sizeof(payment->reason));
    }
    return PAYMENT_CONFIRM;
}

enum payment_verdict payment_take(struct payment *payment, const struct payment_fact *fact,
                                  int64_t *entry_minor)
{
    assert(payment->movement_count >= 0 && payment->movement_count <= PAYMENT_MOVEMENTS_MAX);
    *entry_minor = 0;
    if (fact->kind == PAYMENT_FACT_PENDING || fact->kind == PAYMENT_FACT_FAILED)
        return take_weak(payment, fact);
    if (fact->kind == PAYMENT_FACT_TO_CONFIRM)
        return take_unconfirmed(payment, fact);
    enum payment_verdict verdict = judge_money(payment, fact);
    if (verdict != PAYMENT_BOOK)
        return verdict;
    struct payment_movement *m = &payment->movements[payment->movement_count++];
    assert(fact->movement.len > 0 && fact->movement.len <= sizeof(m->id));
    *m = (struct payment_movement){.kind = fact->kind, .amount_minor = fact->amount_minor};
    memcpy(m->id, fact->movement.base, fact->movement.len);
    m->id_len = fact->movement.len;
    bool is_incoming =
        fact->kind != PAYMENT_FACT_REFUNDED && fact->kind != PAYMENT_FACT_CHARGED_BACK;
    *entry_minor = is_incoming ? -fact->amount_minor : fact->amount_minor;
    payment->state = state_of_sums(payment);
    memset(payment->reason, 0, sizeof(payment->reason));
    return PAYMENT_BOOK;
}
