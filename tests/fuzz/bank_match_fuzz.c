/* A transfer among a few debts, all of its words from outside. What is booked is booked with a
 * reason and in its currency; several only when their dues are the amount; nothing by the amount
 * alone. */
#include "domain/bank_match.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { DEBT_COUNT = 6 };

/* The next line of the input. */
static struct span take(struct span *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, '\n', rest->len);
    struct span line = end == NULL ? *rest : span_of(rest->base, (size_t)(end - rest->base));
    *rest = span_from(*rest, line.len + 1);
    return line;
}

static void check(const struct bank_entry *e, const struct bank_debt *debts,
                  const struct bank_verdict *v)
{
    int64_t sum = 0;
    assert(v->debt_count <= BANK_MATCH_DEBTS_MAX && v->confidence >= 0 && v->confidence <= 100);
    assert(v->decision == BANK_UNMATCHED || v->debt_count > 0);
    for (size_t i = 0; i < v->debt_count; ++i) {
        assert(v->debts[i] < DEBT_COUNT);
        for (size_t k = 0; k < i; ++k)
            assert(v->debts[k] != v->debts[i]);
        sum += debts[v->debts[i]].due.minor;
    }
    if (v->decision != BANK_BOOKED)
        return;
    assert(v->confidence >= 90 && v->reason >= BANK_REASON_VIRTUAL_ACCOUNT);
    assert(v->debt_count == 1 || sum == e->amount.minor);
    for (size_t i = 0; i < v->debt_count; ++i)
        assert(strcmp(debts[v->debts[i]].due.currency, e->amount.currency) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span rest = span_of((const char *)data, len);
    struct bank_entry e = {.amount = {10000, "PLN"},
                           .direction = BANK_CREDIT,
                           .status = BANK_ENTRY_BOOKED,
                           .part_no = 1,
                           .part_count = 1};
    struct bank_debt debts[DEBT_COUNT];
    struct bank_verdict v;
    e.title = take(&rest);
    e.payer_name = take(&rest);
    e.collect_id = take(&rest);
    for (size_t i = 0; i < DEBT_COUNT; ++i) {
        debts[i] =
            (struct bank_debt){.due = money_of((int64_t)(i + 1) * 2500, i == 5 ? "EUR" : "PLN")};
        debts[i].number = take(&rest);
        debts[i].virtual_account = i == 0 ? take(&rest) : span_of("", 0);
        debts[i].ksef_number = i == 1 ? take(&rest) : span_of("", 0);
        debts[i].name = i == 3 ? take(&rest) : span_of("", 0);
    }
    bank_match(&e, debts, DEBT_COUNT, &v);
    check(&e, debts, &v);
    /* A transfer that says nothing is nobody's. */
    e.title = e.payer_name = e.collect_id = span_of("", 0);
    bank_match(&e, debts, DEBT_COUNT, &v);
    assert(v.decision == BANK_UNMATCHED);
    return 0;
}
