#include "flow/import_facts.h"

#include "domain/calendar.h"

#include <stdlib.h>

enum { FACTS_MAX = 16384 };

static void add_text(struct buf *b, struct span s)
{
    if (s.base == NULL) {
        buf_add_str(b, "null");
        return;
    }
    buf_add_char(b, '"');
    for (size_t i = 0; i < s.len; ++i) {
        unsigned char c = (unsigned char)s.base[i];
        if (c == '"' || c == '\\')
            buf_add_char(b, '\\');
        if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else
            buf_add_char(b, (char)c);
    }
    buf_add_char(b, '"');
}

static void add_date(struct buf *b, int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    add_text(b, span_str(text));
}

static void begin(struct buf *b)
{
    buf_init(b, FACTS_MAX);
    buf_add_char(b, '{');
}

static void name(struct buf *b, const char *field)
{
    if (buf_span(b).base[buf_span(b).len - 1] != '{')
        buf_add_char(b, ',');
    add_text(b, span_str(field));
    buf_add_char(b, ':');
}

static struct span end(struct buf *b, h2o_mem_pool_t *pool)
{
    buf_add_char(b, '}');
    if (buf_is_overflowed(b))
        abort(); /* every field is bounded where it was read */
    h2o_iovec_t kept = h2o_strdup(pool, buf_span(b).base, buf_span(b).len);
    buf_release(b);
    return span_of(kept.base, kept.len);
}

struct span import_facts_invoice(h2o_mem_pool_t *pool, struct span number,
                                 const struct import_known_invoice *i)
{
    struct buf b;
    begin(&b);
    name(&b, "number");
    add_text(&b, number);
    name(&b, "amount_minor");
    buf_add_int(&b, i->amount_minor);
    name(&b, "currency");
    add_text(&b, i->currency);
    name(&b, "issue_date");
    add_date(&b, i->issue_date);
    name(&b, "due_date");
    add_date(&b, i->due_date);
    return end(&b, pool);
}

static void add_text_change(struct buf *b, const char *field, struct span from, struct span to)
{
    if (from.base == to.base)
        return;
    name(b, field);
    buf_add_str(b, "{\"from\":");
    add_text(b, from);
    buf_add_str(b, ",\"to\":");
    add_text(b, to);
    buf_add_char(b, '}');
}

static void add_int_change(struct buf *b, const char *field, int64_t from, int64_t to)
{
    if (from == to)
        return;
    name(b, field);
    buf_printf(b, "{\"from\":%lld,\"to\":%lld}", (long long)from, (long long)to);
}

static void add_date_change(struct buf *b, const char *field, int32_t from, int32_t to)
{
    if (from == to)
        return;
    name(b, field);
    buf_add_str(b, "{\"from\":");
    add_date(b, from);
    buf_add_str(b, ",\"to\":");
    add_date(b, to);
    buf_add_char(b, '}');
}

struct span import_facts_change(h2o_mem_pool_t *pool, const struct import_known_invoice *from,
                                const struct import_known_invoice *to)
{
    struct buf b;
    begin(&b);
    add_int_change(&b, "amount_minor", from->amount_minor, to->amount_minor);
    add_int_change(&b, "due_minor", from->due_minor, to->due_minor);
    add_date_change(&b, "issue_date", from->issue_date, to->issue_date);
    add_date_change(&b, "due_date", from->due_date, to->due_date);
    add_text_change(&b, "kind", from->kind, to->kind);
    add_text_change(&b, "product", from->product, to->product);
    if (from->account.base != to->account.base) {
        name(&b, "account");
        buf_add_str(&b, "\"changed\"");
    }
    return end(&b, pool);
}

struct span import_facts_contact(h2o_mem_pool_t *pool, const struct import_contact *from,
                                 const struct import_contact *to)
{
    const struct {
        const char *field;
        bool is_changed;
    } fields[] = {{"name", from->name.base != to->name.base},
                  {"phone", from->phone.base != to->phone.base},
                  {"email", from->email.base != to->email.base},
                  {"language", from->language.base != to->language.base}};
    struct buf b;
    begin(&b);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
        if (!fields[i].is_changed)
            continue;
        name(&b, fields[i].field);
        buf_add_str(&b, "\"changed\"");
    }
    return end(&b, pool);
}

struct span import_facts_personal(h2o_mem_pool_t *pool, const struct import_contact *from,
                                  const struct import_contact *to)
{
    struct buf b;
    begin(&b);
    add_text_change(&b, "name", from->name, to->name);
    add_text_change(&b, "phone", from->phone, to->phone);
    add_text_change(&b, "email", from->email, to->email);
    add_text_change(&b, "language", from->language, to->language);
    return end(&b, pool);
}

static void add_set(struct buf *b, const char *field, uint8_t set)
{
    bool is_first = true;
    name(b, field);
    buf_add_char(b, '[');
    for (int channel = 0; channel < CONTACT_CHANNEL_COUNT; ++channel) {
        if ((set & 1u << channel) == 0)
            continue;
        if (!is_first)
            buf_add_char(b, ',');
        is_first = false;
        add_text(b, span_str(contact_channel_name((enum contact_channel)channel)));
    }
    buf_add_char(b, ']');
}

struct span import_facts_terms(h2o_mem_pool_t *pool, const struct contact_terms *terms,
                               struct span import)
{
    struct buf b;
    begin(&b);
    add_set(&b, "opted_out", terms->opted_out);
    add_set(&b, "consented", terms->consented);
    if (terms->preferred != CONTACT_NONE) {
        name(&b, "preferred");
        add_text(&b, span_str(contact_channel_name(terms->preferred)));
    }
    name(&b, "by");
    add_text(&b, SPAN_LIT("file"));
    name(&b, "import");
    add_text(&b, import);
    return end(&b, pool);
}
