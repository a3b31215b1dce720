#include "domain/event.h"

#include <stdio.h>

void event_hash(struct span prev_hash, const struct event *e, uint8_t out[SHA256_LEN])
{
    char numbers[100];
    int len = snprintf(numbers, sizeof numbers, "%lld|%lld|%lld|%lld|", (long long)e->customer_id,
                       (long long)e->invoice_id, (long long)e->event_no, (long long)e->at.us);
    const struct span spans[] = {prev_hash, e->personal_hash, span_of(numbers, (size_t)len),
                                 e->kind,   SPAN_LIT("|"),    e->facts};
    sha256_spans(spans, sizeof spans / sizeof *spans, out);
}

void event_personal_hash(struct span salt, struct span data, uint8_t out[SHA256_LEN])
{
    const struct span spans[] = {salt, data};
    sha256_spans(spans, 2, out);
}
