/* What a reader of bank statements may never tell, whatever the bytes; and a digest of what it
 * tells, to be compared with that of another reading. */
#ifndef TESTS_STATEMENT_PROBE_H
#define TESTS_STATEMENT_PROBE_H

#include "flow/statement_sink.h"

#include <assert.h>
#include <stdlib.h>

struct probe {
    uint8_t digest[SHA256_LEN];
    int64_t begun, entries, ended;
    int64_t sum_minor;
};

static inline void probe_mix(struct probe *p, struct span told)
{
    struct span parts[] = {span_of((const char *)p->digest, sizeof(p->digest)), told};
    sha256_spans(parts, 2, p->digest);
}

static inline int probe_begin(void *owner, const struct bank_statement *s, struct err *err)
{
    struct probe *p = owner;
    (void)err;
    assert(p->begun == p->ended);
    assert(currency_exponent(span_str(s->currency)) >= 0 && s->account_text[0] != 0);
    ++p->begun;
    p->sum_minor = s->opening_minor;
    probe_mix(p, span_str(s->account_text));
    return 0;
}

static inline int probe_entry(void *owner, const struct bank_statement *s,
                              const struct bank_entry *e, struct err *err)
{
    struct probe *p = owner;
    (void)err;
    assert(p->begun == p->ended + 1 && e->line > 0 && e->ordinal > 0);
    assert(e->amount.minor >= 0 && strcmp(e->amount.currency, s->currency) == 0);
    assert(e->direction == BANK_CREDIT || e->direction == BANK_DEBIT);
    assert(e->part_no >= 1 && e->part_no <= e->part_count);
    assert(e->paid_to_count <= BANK_PAID_TO_MAX);
    if (e->status == BANK_ENTRY_BOOKED)
        p->sum_minor += e->direction == BANK_CREDIT ? e->amount.minor : -e->amount.minor;
    ++p->entries;
    probe_mix(p, e->title);
    probe_mix(p, e->payer_name);
    probe_mix(p, e->bank_reference);
    probe_mix(p, span_of((const char *)&e->amount.minor, sizeof(e->amount.minor)));
    probe_mix(p, span_of((const char *)&e->booked_on, sizeof(e->booked_on)));
    return 0;
}

/* Whatever a file says, what was told of it makes its closing balance. */
static inline int probe_end(void *owner, const struct bank_statement *s, struct err *err)
{
    struct probe *p = owner;
    (void)err;
    ++p->ended;
    assert(p->begun == p->ended && p->sum_minor == s->closing_minor);
    return 0;
}

static inline struct statement_sink probe_sink(struct probe *p)
{
    return (struct statement_sink){.owner = p,
                                   .on_statement_begun = probe_begin,
                                   .on_entry_read = probe_entry,
                                   .on_statement_ended = probe_end};
}

static inline void probe_same(const struct probe *a, int a_rc, const struct probe *b, int b_rc)
{
    assert(a_rc == b_rc && a->begun == b->begun && a->ended == b->ended);
    assert(a->entries == b->entries && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

#endif
