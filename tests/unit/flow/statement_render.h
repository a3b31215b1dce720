/* What a reader of statements tells, as lines of text to be compared with what was written by hand.
 */
#ifndef TESTS_STATEMENT_RENDER_H
#define TESTS_STATEMENT_RENDER_H

#include "base/buf.h"
#include "domain/calendar.h"
#include "flow/statement_sink.h"

struct rendering {
    struct buf text;
    int fail_at; /* the call that the sink refuses, from 1; 0: none */
    int call_count;
};

static inline void rendering_init(struct rendering *r)
{
    *r = (struct rendering){.fail_at = 0};
    buf_init(&r->text, 16 * 1024 * 1024);
}

static inline void rendering_release(struct rendering *r)
{
    buf_release(&r->text);
}

static inline int rendering_count(struct rendering *r, struct err *err)
{
    return ++r->call_count == r->fail_at ? err_set(err, ERR_DATABASE, "refused here") : 0;
}

static inline int render_begin(void *owner, const struct bank_statement *s, struct err *err)
{
    struct rendering *r = owner;
    char day[11];
    date_print(date_from_days(s->opened_on), day);
    buf_printf(&r->text, "statement %s number %s account %s opens %lld %s%s\n", s->id, s->number,
               s->account[0] != 0 ? s->account : s->account_text, (long long)s->opening_minor,
               s->currency, s->is_copy ? " copy" : "");
    return rendering_count(r, err);
}

static inline void render_span(struct buf *out, const char *name, struct span value)
{
    if (value.len > 0)
        buf_printf(out, " %s=%.*s", name, SPAN_ARG(value));
}

static inline int render_entry(void *owner, const struct bank_statement *s,
                               const struct bank_entry *e, struct err *err)
{
    static const char *const statuses[] = {"", "booked", "pending", "information", "unknown"};
    struct rendering *r = owner;
    char booked[11], valued[11];
    date_print(date_from_days(e->booked_on), booked);
    date_print(date_from_days(e->valued_on), valued);
    (void)s;
    buf_printf(&r->text, "%lld: %s %s %s%s %lld %s %s", (long long)e->line, booked, valued,
               e->is_reversal ? "reversal " : "", e->direction == BANK_CREDIT ? "credit" : "debit",
               (long long)e->amount.minor, e->amount.currency, statuses[e->status]);
    if (e->part_count > 1)
        buf_printf(&r->text, " part %d of %d", e->part_no, e->part_count);
    if (e->is_unclear)
        buf_add_str(&r->text, " unclear");
    if (e->ordinal > 1)
        buf_printf(&r->text, " again %d", e->ordinal);
    render_span(&r->text, "bank", e->bank_reference);
    render_span(&r->text, "e2e", e->end_to_end_id);
    render_span(&r->text, "tx", e->transaction_id);
    render_span(&r->text, "return", e->return_reason);
    render_span(&r->text, "from", span_str(e->payer_account));
    render_span(&r->text, "name", e->payer_name);
    for (size_t i = 0; i < e->paid_to_count; ++i)
        render_span(&r->text, "to", span_str(e->paid_to[i]));
    render_span(&r->text, "collect", e->collect_id);
    render_span(&r->text, "title", e->title);
    buf_add_char(&r->text, '\n');
    return rendering_count(r, err);
}

static inline int render_end(void *owner, const struct bank_statement *s, struct err *err)
{
    struct rendering *r = owner;
    char day[11];
    date_print(date_from_days(s->closed_on), day);
    buf_printf(&r->text, "closes %lld on %s\n", (long long)s->closing_minor, day);
    return rendering_count(r, err);
}

static inline struct statement_sink rendering_sink(struct rendering *r)
{
    return (struct statement_sink){.owner = r,
                                   .on_statement_begun = render_begin,
                                   .on_entry_read = render_entry,
                                   .on_statement_ended = render_end};
}

#endif
