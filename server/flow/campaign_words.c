#include "flow/campaign_words.h"

#include "base/log.h"
#include "domain/paylink.h"
#include "flow/campaign_text.h"
#include "flow/world.h"
#include "store/campaign_store.h"

#include <stdlib.h>

enum { TEXTS_BYTES_MAX = 16 * 1024 * 1024 };

struct words {
    int64_t customer_id, invoice_id;
    size_t at, len; /* in the buffer; len 0: cannot be written */
};

struct campaign_words {
    const struct world *world;
    struct words *items;
    size_t count;
    struct buf texts;
};

struct campaign_words *campaign_words_new(const struct world *world)
{
    struct campaign_words *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->world = world;
    buf_init(&w->texts, TEXTS_BYTES_MAX);
    return w;
}

void campaign_words_free(struct campaign_words *w)
{
    if (w == NULL)
        return;
    free(w->items);
    buf_release(&w->texts);
    free(w);
}

static void write_anew(struct campaign_words *w, const struct campaign_message *m)
{
    const struct campaign_facts facts = {.creditor = &w->world->creditor,
                                         .name = m->name,
                                         .number = m->number,
                                         .product = m->product,
                                         .currency = m->currency,
                                         .account = m->account,
                                         .due_minor = m->due_minor,
                                         .due_date = m->due_date,
                                         .language = m->language,
                                         .is_plain = m->is_plain,
                                         .link_len =
                                             w->world->public_url.len + 1 + PAYLINK_CODE_LEN};
    struct buf text;
    buf_init(&text, 64 * 1024);
    if (campaign_text_again(m->template, m->fields, &facts, &text))
        buf_add(&w->texts, buf_span(&text));
    else
        log_line(LOG_ERROR, "campaign text not written", "invoice=%lld", (long long)m->invoice_id);
    buf_release(&text);
}

void campaign_words_take(struct campaign_words *w, const PGresult *result)
{
    free(w->items);
    w->count = (size_t)PQntuples(result);
    w->items = calloc(w->count + 1, sizeof *w->items);
    if (w->items == NULL)
        abort();
    for (size_t i = 0; i < w->count; ++i) {
        struct campaign_message m = campaign_message_read(result, (int)i);
        size_t at = buf_span(&w->texts).len;
        if (m.text.base != NULL)
            buf_add(&w->texts, m.text);
        else
            write_anew(w, &m);
        w->items[i] = (struct words){.customer_id = m.customer_id,
                                     .invoice_id = m.invoice_id,
                                     .at = at,
                                     .len = buf_span(&w->texts).len - at};
    }
}

bool campaign_words_write(const struct campaign_words *w, const struct reminder_key *key,
                          struct span link, struct buf *out)
{
    for (size_t i = 0; i < w->count; ++i) {
        const struct words *words = &w->items[i];
        if (words->customer_id != key->customer_id || words->invoice_id != key->invoice_id)
            continue;
        campaign_text_link(out, span_of(buf_span(&w->texts).base + words->at, words->len), link);
        return words->len > 0;
    }
    return false;
}
