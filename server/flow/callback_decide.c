#include "flow/callback_decide.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RETRY_FIRST_SECONDS = 5,
    RETRY_LONGEST_SECONDS = 3600,
    RETRIES_MAX = 200, /* about a week; then people only, or when its payment moves */
};

/* The callback's kinds in the words of the domain, and of the timeline. */
static const struct {
    enum payment_fact_kind fact; /* 0: the payment stays as it is */
    const char *event_kind;
} kinds[CALLBACK_REFUND_REVERSED + 1] = {
    [CALLBACK_PENDING] = {PAYMENT_FACT_PENDING, "payment.pending"},
    [CALLBACK_FAILED] = {PAYMENT_FACT_FAILED, "payment.failed"},
    [CALLBACK_PAID] = {PAYMENT_FACT_PAID, "payment.paid"},
    [CALLBACK_REFUNDED] = {PAYMENT_FACT_REFUNDED, "payment.refunded"},
    [CALLBACK_CHARGED_BACK] = {PAYMENT_FACT_CHARGED_BACK, "payment.charged_back"},
    [CALLBACK_CHARGEBACK_REVERSED] = {PAYMENT_FACT_CHARGEBACK_REVERSED,
                                      "payment.chargeback_reversed"},
    [CALLBACK_REFUND_REVERSED] = {PAYMENT_FACT_REFUND_REVERSED, "payment.refund_reversed"},
    [CALLBACK_TO_CONFIRM] = {PAYMENT_FACT_TO_CONFIRM, "payment.pending"},
    [CALLBACK_DISPUTED] = {0, "payment.disputed"},
    [CALLBACK_UNDECIDED] = {0, "payment.undecided"},
    [CALLBACK_REFUND_FAILED] = {0, "refund.failed"},
};

/* What follows from each verdict. */
static const struct {
    const char *state, *reason;
} verdicts[] = {
    [PAYMENT_BOOK] = {"applied", "booked"},
    [PAYMENT_MOVE] = {"applied", "moved"},
    [PAYMENT_NOTHING_NEW] = {"ignored", "nothing_new"},
    [PAYMENT_WRONG_CURRENCY] = {"parked", "wrong_currency"},
    [PAYMENT_WRONG_AMOUNT] = {"parked", "wrong_amount"},
    [PAYMENT_CONTRADICTION] = {"parked", "contradiction"},
    [PAYMENT_TOO_MANY] = {"parked", "too_many_movements"},
    [PAYMENT_WAITS] = {"parked", "waits_for_payment"},
    [PAYMENT_CONFIRM] = {"parked", "to_confirm"},
};

static struct instant next_try(struct instant wall, int64_t attempts, uint32_t jitter)
{
    if (attempts >= RETRIES_MAX)
        return (struct instant){PG_NULL_INT};
    int64_t wait_s = RETRY_LONGEST_SECONDS;
    if (attempts < 10 && RETRY_FIRST_SECONDS << attempts < RETRY_LONGEST_SECONDS)
        wait_s = RETRY_FIRST_SECONDS << attempts;
    /* Up to a quarter more, so that what was parked together does not come back together. */
    int64_t more_us = (int64_t)(jitter % 1000) * wait_s * 250;
    return (struct instant){instant_plus_seconds(wall, wait_s).us + more_us};
}

/* Words from providers are printable ASCII: only two characters need care. */
static size_t put_word(char *out, const char *word)
{
    size_t len = 0;
    for (; *word != 0; ++word) {
        if (*word == '"' || *word == '\\')
            out[len++] = '\\';
        out[len++] = *word;
    }
    out[len] = 0;
    return len;
}

/* Where money is meant, or moved: what is known of it. */
static int write_movement(const struct callback_facts *facts, int64_t share_minor, char *out,
                          size_t room)
{
    char movement[2 * sizeof(facts->movement)];
    int len = 0;
    put_word(movement, facts->movement);
    if (facts->kind >= CALLBACK_PAID || facts->amount_minor > 0)
        len += snprintf(out, room, ",\"amount_minor\":%lld,\"currency\":\"%s\"",
                        (long long)share_minor, facts->currency);
    if (share_minor != facts->amount_minor)
        len += snprintf(out + len, room - (size_t)len, ",\"of_minor\":%lld",
                        (long long)facts->amount_minor);
    if (facts->kind >= CALLBACK_PAID || movement[0] != 0)
        len += snprintf(out + len, room - (size_t)len, ",\"movement\":\"%s\"", movement);
    return len;
}

/* `share_minor` is what of the amount moves on this debt; all of it where no money moves. */
static struct span write_event(const struct callback_facts *facts,
                               const struct callback_decision *decision, int64_t share_minor,
                               char out[CALLBACK_EVENT_FACTS_MAX])
{
    char reason[2 * sizeof(facts->reason)];
    put_word(reason, decision->payment_reason.base == NULL ? "" : decision->payment_reason.base);
    int len = snprintf(out, CALLBACK_EVENT_FACTS_MAX, "{\"payment_no\":%lld",
                       (long long)decision->payment_no);
    bool is_about_money = facts->kind >= CALLBACK_PAID || kinds[facts->kind].fact == 0;
    if (is_about_money)
        len +=
            write_movement(facts, share_minor, out + len, CALLBACK_EVENT_FACTS_MAX - (size_t)len);
    if (strcmp(decision->event_kind, "payment.parked") == 0)
        len += snprintf(out + len, CALLBACK_EVENT_FACTS_MAX - (size_t)len,
                        ",\"says\":\"%s\",\"parked\":\"%s\"", kinds[facts->kind].event_kind,
                        decision->reason);
    else if (facts->kind == CALLBACK_FAILED)
        len += snprintf(out + len, CALLBACK_EVENT_FACTS_MAX - (size_t)len, ",\"reason\":\"%s\"",
                        reason);
    len += snprintf(out + len, CALLBACK_EVENT_FACTS_MAX - (size_t)len, "}");
    assert(len < CALLBACK_EVENT_FACTS_MAX);
    return span_of(out, (size_t)len);
}

static void set_outcome(struct callback_decision *d, const char *state, const char *reason)
{
    d->state = state;
    d->reason = reason;
    d->next_try_at = (struct instant){PG_NULL_INT};
}

/* No payment of ours that we know of. What is sealed in our reference stays in d. */
static void decide_unknown(struct callback_decision *d, struct instant wall, uint32_t jitter)
{
    set_outcome(d, "parked", "unknown_reference");
    d->next_try_at = next_try(wall, d->attempts - 1, jitter);
}

static struct payment_fact fact_of(const struct callback_facts *facts)
{
    return (struct payment_fact){
        .kind = kinds[facts->kind].fact,
        .amount_minor = facts->amount_minor,
        .currency = span_str(facts->currency),
        .movement = span_str(facts->movement),
        .reason = span_str(facts->reason),
    };
}

/* Whose it is, and how the payment stands now. */
static void set_payment(const struct callback_known *known, const struct payment *payment,
                        struct callback_decision *d)
{
    d->customer_id = known->customer_id;
    d->payment_no = known->payment_no;
    d->money_version = known->money_version;
    d->has_parked = known->has_parked;
    d->has_new_reference = !known->is_reference_known && d->wanted.provider_reference.base != NULL;
    d->payment_state = payment->state;
    d->payment_reason =
        payment->reason[0] == 0 ? (struct span){NULL, 0} : span_str(payment->reason);
    d->sums = payment_sums(payment);
}

/* Whatever the ledger has of it: what is booked waits for its own turn. */
static void fail_refund(const struct callback_facts *facts, struct callback_decision *d)
{
    d->fails_refund = facts->movement[0] != 0;
    d->has_come_back = facts->kind == CALLBACK_REFUND_REVERSED;
    d->movement = span_str(facts->movement);
    d->amount_minor = facts->amount_minor;
}

/* It stands on the timeline, once, and moves no money. */
static void decide_told(const struct callback_facts *facts, const struct callback_known *known,
                        const struct payment *payment, struct callback_decision *d)
{
    bool is_decided = facts->kind == CALLBACK_UNDECIDED && payment->state >= PAYMENT_FAILED;
    if (known->is_failure_known || is_decided) {
        set_outcome(d, "ignored", "nothing_new");
        return;
    }
    set_outcome(d, "applied", "noted");
    set_payment(known, payment, d);
    if (facts->kind == CALLBACK_REFUND_FAILED)
        fail_refund(facts, d);
    d->has_payment = true;
    d->is_told_only = true;
    d->entry_minor = 0;
    d->entry_kind = NULL;
    d->event_kind = kinds[facts->kind].event_kind;
}

static void decide_known(const struct callback_facts *facts, const struct callback_known *known,
                         struct payment *payment, struct callback_decision *d)
{
    struct payment_fact fact = fact_of(facts);
    enum payment_state before = payment->state;
    enum payment_verdict verdict = payment_take(payment, &fact, &d->entry_minor);
    set_outcome(d, verdicts[verdict].state, verdicts[verdict].reason);
    set_payment(known, payment, d);
    /* A callback parked again has had its event. */
    bool is_parked_again = known->is_parked && verdict >= PAYMENT_WRONG_CURRENCY;
    d->has_payment = verdict == PAYMENT_CONFIRM
                         ? payment->state != before
                         : verdict != PAYMENT_NOTHING_NEW && !is_parked_again;
    /* The provider may know more than it said. */
    d->asks_why = verdict == PAYMENT_MOVE && facts->kind == CALLBACK_FAILED &&
                  before != PAYMENT_FAILED && facts->reason[0] == 0;
    d->is_told_only = verdict >= PAYMENT_WRONG_CURRENCY && verdict != PAYMENT_CONFIRM;
    d->movement = fact.movement;
    d->currency = fact.currency;
    if (facts->kind == CALLBACK_REFUND_REVERSED &&
        (verdict == PAYMENT_BOOK || verdict == PAYMENT_WAITS))
        fail_refund(facts, d);
    d->entry_kind = verdict == PAYMENT_BOOK ? payment_entry_word(fact.kind) : NULL;
    d->event_kind = d->is_told_only ? "payment.parked" : kinds[facts->kind].event_kind;
}

void callback_decide(const struct callback_facts *facts, const struct callback_known *known,
                     struct payment *payment, struct instant wall, uint32_t jitter,
                     struct callback_decision *d)
{
    d->has_payment = false;
    d->fails_refund = false;
    d->attempts = known->attempts + 1;
    if (facts->kind == CALLBACK_NONE || kinds[facts->kind].event_kind == NULL) {
        set_outcome(d, "ignored", "no_effect");
        return;
    }
    if (!known->has_payment) {
        decide_unknown(d, wall, jitter);
        return;
    }
    if (kinds[facts->kind].fact == 0)
        decide_told(facts, known, payment, d);
    else
        decide_known(facts, known, payment, d);
    if (strcmp(d->reason, "waits_for_payment") == 0)
        d->next_try_at = next_try(wall, known->attempts, jitter);
    if (strcmp(d->reason, "to_confirm") == 0)
        d->next_try_at = wall; /* by jobs/asking.c, which puts it off itself */
}

size_t callback_spread(const struct callback_facts *facts, const struct callback_decision *d,
                       const struct allocation *allocations, size_t count,
                       struct callback_share *shares, char (*event_facts)[CALLBACK_EVENT_FACTS_MAX])
{
    assert(d->has_payment);
    int64_t moved_minor[ALLOCATIONS_MAX] = {0};
    /* The sums have the movement already. An entry below zero came in. */
    if (d->entry_minor != 0)
        allocation_spread(allocations, count, payment_net_minor(&d->sums) + d->entry_minor,
                          -d->entry_minor, moved_minor);
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        if (d->entry_minor != 0 && moved_minor[i] == 0)
            continue;
        int64_t share_minor = d->entry_minor == 0 ? facts->amount_minor : llabs(moved_minor[i]);
        shares[used] = (struct callback_share){
            .decision = d,
            .invoice_id = allocations[i].invoice_id,
            .entry_minor = -moved_minor[i],
            .event_facts = write_event(facts, d, share_minor, event_facts[used]),
        };
        ++used;
    }
    return used;
}

void callback_decide_poison(struct callback_decision *d, int64_t attempts)
{
    d->has_payment = false;
    d->attempts = attempts + 1;
    set_outcome(d, "parked", "could_not_book");
}
