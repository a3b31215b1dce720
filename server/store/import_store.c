#include "store/import_store.h"

#include "sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void import_id_make(char out[IMPORT_ID_LEN + 1])
{
    uint8_t b[16];
    char hex[33];
    random_bytes(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562: version 4, variant 2 */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    hex_print(b, sizeof b, hex);
    snprintf(out, IMPORT_ID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

bool import_id_is_valid(struct span id)
{
    if (id.len != IMPORT_ID_LEN)
        return false;
    for (size_t i = 0; i < id.len; ++i) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? id.base[i] != '-' : strchr("0123456789abcdef", id.base[i]) == NULL)
            return false;
    }
    return true;
}

static void add(struct pg_tx *tx, int statement, struct pg_args *args, pg_result_cb on_result)
{
    pg_tx_add(tx, statement, args, on_result);
    pg_args_release(args);
}

static int read_and_release(struct pg *pg, struct pg_query *query, int statement,
                            struct pg_args *args, pg_result_cb on_result, void *owner,
                            struct err *err)
{
    int code = pg_read(pg, query, statement, args, on_result, owner, err);
    pg_args_release(args);
    return code;
}

static void begin_with_id(struct pg_args *args, const char *id)
{
    pg_args_init(args);
    pg_arg_text(args, span_str(id));
}

/* ---- the life of an import ---- */

void import_add_create(struct pg_tx *tx, const struct import_new *new, pg_result_cb on_result)
{
    struct pg_args args;
    begin_with_id(&args, new->id);
    pg_arg_text(&args, span_str(new->source));
    pg_arg_text(&args, new->name);
    pg_arg_int(&args, new->size_bytes);
    pg_arg_text(&args, span_str(new->state));
    pg_arg_instant(&args, new->now);
    add(tx, SQL_IMPORT_CREATE, &args, on_result);
}

int import_get(struct pg *pg, struct pg_query *query, const char *id, pg_result_cb on_result,
               void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    return read_and_release(pg, query, SQL_IMPORT_GET, &args, on_result, owner, err);
}

int import_list(struct pg *pg, struct pg_query *query, struct instant before, const char *before_id,
                int64_t at_most, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, before);
    pg_arg_text(&args, span_str(before_id));
    pg_arg_int(&args, at_most);
    return read_and_release(pg, query, SQL_IMPORT_LIST, &args, on_result, owner, err);
}

struct import_state import_state_read(const PGresult *result, int row)
{
    int at = 0;
    struct import_state s = {0};
    snprintf(s.id, sizeof s.id, "%.*s", SPAN_ARG(pg_get_text(result, row, at)));
    s.source = pg_get_text(result, row, ++at);
    s.name = pg_get_text(result, row, ++at);
    s.size_bytes = pg_get_int(result, row, ++at);
    s.received_bytes = pg_get_int(result, row, ++at);
    struct span sha256 = pg_get_text(result, row, ++at);
    s.has_sha256 = sha256.len == SHA256_LEN;
    if (s.has_sha256)
        memcpy(s.sha256, sha256.base, SHA256_LEN);
    s.state = pg_get_text(result, row, ++at);
    s.problem = pg_get_text(result, row, ++at);
    s.problem_detail = pg_get_text(result, row, ++at);
    s.committed_bytes = pg_get_int(result, row, ++at);
    s.committed_line = pg_get_int(result, row, ++at);
    s.created_count = pg_get_int(result, row, ++at);
    s.changed_count = pg_get_int(result, row, ++at);
    s.same_count = pg_get_int(result, row, ++at);
    s.bad_count = pg_get_int(result, row, ++at);
    s.survey = pg_get_text(result, row, ++at);
    s.created_at = pg_get_instant(result, row, ++at);
    s.has_started = !pg_is_null(result, row, ++at);
    s.started_at = pg_get_instant(result, row, at);
    s.has_finished = !pg_is_null(result, row, ++at);
    s.finished_at = pg_get_instant(result, row, at);
    return s;
}

void import_add_receive(struct pg_tx *tx, const char *id, int64_t at_byte, struct span bytes,
                        pg_result_cb on_result)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_int(&args, at_byte);
    pg_arg_bytes(&args, bytes);
    pg_arg_text(&args, SPAN_LIT(IMPORT_CHANNEL));
    add(tx, SQL_IMPORT_RECEIVE, &args, on_result);
}

void import_add_terminate(struct pg_tx *tx, const char *id, pg_result_cb on_result)
{
    struct pg_args args;
    begin_with_id(&args, id);
    add(tx, SQL_IMPORT_TERMINATE, &args, on_result);
}

void import_add_abandoned(struct pg_tx *tx, struct instant created_before)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, created_before);
    add(tx, SQL_IMPORT_ABANDONED, &args, NULL);
}

int import_read(struct pg *pg, struct pg_query *query, const char *id, int64_t byte,
                pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_int(&args, byte);
    return read_and_release(pg, query, SQL_IMPORT_READ, &args, on_result, owner, err);
}

int import_open(struct pg *pg, struct pg_query *query, int64_t at_most, pg_result_cb on_result,
                void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, at_most);
    return read_and_release(pg, query, SQL_IMPORT_OPEN, &args, on_result, owner, err);
}

int import_bad_rows(struct pg *pg, struct pg_query *query, const char *id, int64_t behind_line,
                    int64_t at_most, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_int(&args, behind_line);
    pg_arg_int(&args, at_most);
    return read_and_release(pg, query, SQL_IMPORT_BAD_ROWS, &args, on_result, owner, err);
}

void import_add_session(struct pg_tx *tx)
{
    pg_tx_add(tx, SQL_IMPORT_SESSION, NULL, NULL);
}

void import_add_lock(struct pg_tx *tx, int64_t file_key, pg_result_cb on_result)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, file_key);
    add(tx, SQL_IMPORT_LOCK, &args, on_result);
}

void import_add_unlock(struct pg_tx *tx, int64_t file_key)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, file_key);
    add(tx, SQL_IMPORT_UNLOCK, &args, NULL);
}

void import_add_unfinished(struct pg_tx *tx, const uint8_t sha256[SHA256_LEN], int64_t size_bytes,
                           int64_t campaign_id, pg_result_cb on_result)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_bytes(&args, span_of((const char *)sha256, SHA256_LEN));
    pg_arg_int(&args, size_bytes);
    pg_arg_int(&args, campaign_id);
    add(tx, SQL_IMPORT_UNFINISHED, &args, on_result);
}

void import_add_start(struct pg_tx *tx, const char *id, const uint8_t sha256[SHA256_LEN],
                      struct span survey, struct instant now, pg_result_cb on_result)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_bytes(&args, span_of((const char *)sha256, SHA256_LEN));
    pg_arg_text(&args, survey);
    pg_arg_instant(&args, now);
    add(tx, SQL_IMPORT_START, &args, on_result);
}

void import_add_refuse(struct pg_tx *tx, const char *id, const char *problem, struct span detail,
                       struct instant now)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_text(&args, span_str(problem));
    pg_arg_text(&args, detail);
    pg_arg_instant(&args, now);
    add(tx, SQL_IMPORT_REFUSE, &args, NULL);
}

void import_add_finish(struct pg_tx *tx, const char *id, struct instant now)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_instant(&args, now);
    add(tx, SQL_IMPORT_FINISH, &args, NULL);
}

void import_add_forget_parts(struct pg_tx *tx, const char *id)
{
    struct pg_args args;
    begin_with_id(&args, id);
    add(tx, SQL_IMPORT_FORGET_PARTS, &args, NULL);
}

/* ---- what is known ---- */

int import_load(struct pg *pg, struct pg_query *query, const struct span *references,
                const struct span *numbers, const int64_t *amounts, size_t count,
                struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_texts(&args, references, count);
    pg_arg_texts(&args, numbers, count);
    pg_arg_ints(&args, amounts, count);
    pg_arg_instant(&args, now);
    return read_and_release(pg, query, SQL_IMPORT_LOAD, &args, on_result, owner, err);
}

int import_load_campaign(struct pg *pg, struct pg_query *query,
                         const struct import_campaign_rows_asked *rows, pg_result_cb on_result,
                         void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_texts(&args, rows->references, rows->count);
    pg_arg_texts(&args, rows->numbers, rows->count);
    pg_arg_texts(&args, rows->phones, rows->count);
    pg_arg_bools(&args, rows->has_own_reference, rows->count);
    pg_arg_instant(&args, rows->now);
    return read_and_release(pg, query, SQL_IMPORT_LOAD_CAMPAIGN, &args, on_result, owner, err);
}

size_t import_known_read(const PGresult *result, int row, struct import_known_customer *c,
                         struct import_known_invoice *i)
{
    int at = 0;
    size_t position = (size_t)pg_get_int(result, row, at) - 1;
    c->customer_id = pg_get_int(result, row, ++at);
    c->money_version = pg_get_int(result, row, ++at);
    c->link_count = pg_get_int(result, row, ++at);
    c->name = pg_get_text(result, row, ++at);
    c->phone = pg_get_text(result, row, ++at);
    c->email = pg_get_text(result, row, ++at);
    c->language = pg_get_text(result, row, ++at);
    c->time_zone = pg_get_text(result, row, ++at);
    c->contact_source = pg_get_int(result, row, ++at);
    c->terms.preferred = contact_channel_find(pg_get_text(result, row, ++at));
    c->terms.opted_out = contact_set_read(pg_get_text(result, row, ++at));
    c->terms.consented = contact_set_read(pg_get_text(result, row, ++at));
    c->terms.by_file = contact_set_read(pg_get_text(result, row, ++at));
    c->language_is_own = pg_get_bool(result, row, ++at);
    c->identity_fact = pg_get_text(result, row, ++at);
    c->local_now_s = pg_get_int(result, row, ++at);
    i->owner_id = pg_get_int(result, row, ++at);
    i->invoice_id = pg_get_int(result, row, ++at);
    i->kind = pg_get_text(result, row, ++at);
    i->product = pg_get_text(result, row, ++at);
    i->currency = pg_get_text(result, row, ++at);
    i->amount_minor = pg_get_int(result, row, ++at);
    i->due_minor = pg_get_int(result, row, ++at);
    i->issue_date = pg_get_date(result, row, ++at);
    i->due_date = pg_get_date(result, row, ++at);
    i->account = pg_get_text(result, row, ++at);
    i->entry_count = pg_get_int(result, row, ++at);
    i->event_count = pg_get_int(result, row, ++at);
    i->chain_head = pg_get_text(result, row, ++at);
    i->is_old_amount = pg_get_bool(result, row, ++at);
    c->reference = (struct span){NULL, 0};
    c->is_opted_out = c->is_dead = false;
    if (++at == PQnfields(result))
        return position;
    c->reference = pg_get_text(result, row, at);
    c->is_opted_out = pg_get_bool(result, row, ++at);
    c->is_dead = pg_get_bool(result, row, ++at);
    return position;
}

int import_ids(struct pg *pg, struct pg_query *query, int64_t customers, int64_t invoices,
               struct instant now, struct span time_zone, pg_result_cb on_result, void *owner,
               struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customers);
    pg_arg_int(&args, invoices);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, time_zone);
    return read_and_release(pg, query, SQL_IMPORT_IDS, &args, on_result, owner, err);
}

/* ---- the arrays of a part ---- */

/* Hands out slices of one allocation; a first pass with a null base only measures. */
struct slicer {
    char *base;
    size_t len;
};

static void *slice(struct slicer *s, size_t size, size_t count)
{
    void *at = s->base == NULL ? NULL : s->base + s->len;
    s->len += (size * count + 15) & ~(size_t)15;
    return at;
}

#define SLICE(s, field, count) ((field) = slice(s, sizeof *(field), count))

static void slice_customers(struct slicer *s, struct import_customers *c, size_t n)
{
    SLICE(s, c->customer_id, n);
    SLICE(s, c->link_count, n);
    SLICE(s, c->reference, n);
    SLICE(s, c->name, n);
    SLICE(s, c->phone, n);
    SLICE(s, c->email, n);
    SLICE(s, c->language, n);
    SLICE(s, c->preferred, n);
    SLICE(s, c->opted_out, n);
    SLICE(s, c->consented, n);
    SLICE(s, c->by_file, n);
    SLICE(s, c->identity_fact, n);
    SLICE(s, c->has_contact, n);
    SLICE(s, c->has_terms, n);
}

static void slice_invoices(struct slicer *s, struct import_invoices *i, size_t n)
{
    SLICE(s, i->customer_id, n);
    SLICE(s, i->invoice_id, n);
    SLICE(s, i->amount_minor, n);
    SLICE(s, i->due_minor, n);
    SLICE(s, i->entry_count, n);
    SLICE(s, i->event_count, n);
    SLICE(s, i->link_no, n);
    SLICE(s, i->needs_plan, n);
    SLICE(s, i->issue_date, n);
    SLICE(s, i->due_date, n);
    SLICE(s, i->number, n);
    SLICE(s, i->kind, n);
    SLICE(s, i->product, n);
    SLICE(s, i->currency, n);
    SLICE(s, i->account, n);
    SLICE(s, i->chain_head, n);
}

static void slice_events(struct slicer *s, struct import_part *p, size_t n)
{
    struct import_events *e = &p->events;
    SLICE(s, e->customer_id, 3 * n); /* the invoice's, the customer's and their channels' */
    SLICE(s, e->invoice_id, 3 * n);
    SLICE(s, e->event_no, 3 * n);
    SLICE(s, e->kind, 3 * n);
    SLICE(s, e->facts, 3 * n);
    SLICE(s, e->personal_hash, 3 * n);
    SLICE(s, e->prev_hash, 3 * n);
    SLICE(s, e->hash, 3 * n);
    struct import_personals *x = &p->personals;
    SLICE(s, x->customer_id, n);
    SLICE(s, x->invoice_id, n);
    SLICE(s, x->event_no, n);
    SLICE(s, x->salt, n);
    SLICE(s, x->data, n);
}

static void slice_reminders(struct slicer *s, struct import_part *p, size_t n)
{
    SLICE(s, p->cancels.customer_id, n);
    SLICE(s, p->cancels.invoice_id, n);
    SLICE(s, p->cancels.reason, n);
}

static void slice_messages(struct slicer *s, struct import_messages *m, size_t n)
{
    SLICE(s, m->customer_id, n);
    SLICE(s, m->invoice_id, n);
    SLICE(s, m->line, n);
    SLICE(s, m->due_minor, n);
    SLICE(s, m->parts, n);
    SLICE(s, m->fields, n);
    SLICE(s, m->text, n);
    SLICE(s, m->is_own, n);
}

static void slice_part(struct slicer *s, struct import_part *p, size_t n)
{
    SLICE(s, p->guards.customer_id, n);
    SLICE(s, p->guards.money_version, n);
    slice_customers(s, &p->new_customers, n);
    slice_customers(s, &p->changed_customers, n);
    slice_invoices(s, &p->new_invoices, n);
    slice_invoices(s, &p->changed_invoices, n);
    SLICE(s, p->entries.customer_id, n);
    SLICE(s, p->entries.invoice_id, n);
    SLICE(s, p->entries.entry_no, n);
    SLICE(s, p->entries.amount_minor, n);
    SLICE(s, p->entries.kind, n);
    SLICE(s, p->entries.currency, n);
    slice_events(s, p, n);
    SLICE(s, p->paylinks.customer_id, n);
    SLICE(s, p->paylinks.link_no, n);
    SLICE(s, p->paylinks.invoice_id, n);
    slice_reminders(s, p, n);
    slice_messages(s, &p->messages, n);
    SLICE(s, p->bad_rows.line, n);
    SLICE(s, p->bad_rows.column, n);
    SLICE(s, p->bad_rows.value, n);
    SLICE(s, p->bad_rows.reason, n);
    SLICE(s, p->bad_rows.raw, n);
}

void import_part_init(struct import_part *p, size_t rows)
{
    *p = (struct import_part){0};
    struct slicer slicer = {0};
    slice_part(&slicer, p, rows);
    p->memory_ = malloc(slicer.len);
    if (p->memory_ == NULL)
        abort();
    slicer = (struct slicer){.base = p->memory_};
    slice_part(&slicer, p, rows);
}

void import_part_release(struct import_part *p)
{
    free(p->memory_);
}

void import_part_reset(struct import_part *p)
{
    p->created_count = p->changed_count = p->same_count = 0;
    p->guards.count = p->new_customers.count = p->changed_customers.count = 0;
    p->new_invoices.count = p->changed_invoices.count = p->entries.count = 0;
    p->events.count = p->personals.count = p->paylinks.count = 0;
    p->cancels.count = p->messages.count = p->bad_rows.count = 0;
}

/* ---- the transaction of a part ---- */

static void save_progress(struct pg_tx *tx, const struct import_part *p)
{
    struct pg_args args;
    begin_with_id(&args, p->id);
    pg_arg_int(&args, p->from_byte);
    pg_arg_int(&args, p->to_byte);
    pg_arg_int(&args, p->to_line);
    pg_arg_int(&args, p->created_count);
    pg_arg_int(&args, p->changed_count);
    pg_arg_int(&args, p->same_count);
    pg_arg_int(&args, (int64_t)p->bad_rows.count);
    add(tx, SQL_IMPORT_MOVE, &args, NULL);
}

static void save_guards(struct pg_tx *tx, const struct import_part *p)
{
    struct pg_args args;
    if (p->guards.count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, p->guards.customer_id, p->guards.count);
    pg_arg_ints(&args, p->guards.money_version, p->guards.count);
    add(tx, SQL_IMPORT_GUARD, &args, NULL);
}

static void add_terms(struct pg_args *args, const struct import_customers *c)
{
    pg_arg_texts(args, c->preferred, c->count);
    pg_arg_texts(args, c->opted_out, c->count);
    pg_arg_texts(args, c->consented, c->count);
    pg_arg_texts(args, c->by_file, c->count);
}

static void save_new_customers(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_customers *c = &p->new_customers;
    struct pg_args args;
    if (c->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_texts(&args, c->reference, c->count);
    pg_arg_ints(&args, c->customer_id, c->count);
    add(tx, SQL_IMPORT_REGISTER_CUSTOMERS, &args, NULL);
    pg_args_init(&args);
    pg_arg_ints(&args, c->customer_id, c->count);
    pg_arg_texts(&args, c->reference, c->count);
    pg_arg_texts(&args, c->name, c->count);
    pg_arg_texts(&args, c->phone, c->count);
    pg_arg_texts(&args, c->email, c->count);
    pg_arg_texts(&args, c->language, c->count);
    pg_arg_ints(&args, c->link_count, c->count);
    pg_arg_text(&args, p->time_zone);
    pg_arg_int(&args, p->file_key);
    pg_arg_instant(&args, p->now);
    add_terms(&args, c);
    pg_arg_bytes_array(&args, c->identity_fact, c->count);
    add(tx, SQL_IMPORT_ADD_CUSTOMERS, &args, NULL);
}

static void save_changed_customers(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_customers *c = &p->changed_customers;
    struct pg_args args;
    if (c->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, c->customer_id, c->count);
    pg_arg_texts(&args, c->name, c->count);
    pg_arg_texts(&args, c->phone, c->count);
    pg_arg_texts(&args, c->email, c->count);
    pg_arg_texts(&args, c->language, c->count);
    pg_arg_ints(&args, c->link_count, c->count);
    pg_arg_bools(&args, c->has_contact, c->count);
    pg_arg_int(&args, p->file_key);
    pg_arg_instant(&args, p->now);
    add_terms(&args, c);
    pg_arg_bools(&args, c->has_terms, c->count);
    pg_arg_bytes_array(&args, c->identity_fact, c->count);
    add(tx, SQL_IMPORT_CHANGE_CUSTOMERS, &args, NULL);
}

static void save_new_invoices(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_invoices *i = &p->new_invoices;
    struct pg_args args;
    if (i->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_texts(&args, i->number, i->count);
    pg_arg_ints(&args, i->customer_id, i->count);
    pg_arg_ints(&args, i->invoice_id, i->count);
    add(tx, SQL_IMPORT_REGISTER_INVOICES, &args, NULL);
    pg_args_init(&args);
    pg_arg_ints(&args, i->customer_id, i->count);
    pg_arg_ints(&args, i->invoice_id, i->count);
    pg_arg_texts(&args, i->number, i->count);
    pg_arg_texts(&args, i->kind, i->count);
    pg_arg_texts(&args, i->product, i->count);
    pg_arg_texts(&args, i->currency, i->count);
    pg_arg_ints(&args, i->amount_minor, i->count);
    pg_arg_dates(&args, i->issue_date, i->count);
    pg_arg_dates(&args, i->due_date, i->count);
    pg_arg_texts(&args, i->account, i->count);
    pg_arg_ints(&args, i->event_count, i->count);
    pg_arg_bytes_array(&args, i->chain_head, i->count);
    pg_arg_ints(&args, i->link_no, i->count);
    pg_arg_instant(&args, p->now);
    if (p->campaign_id == 0)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, p->campaign_id);
    add(tx, SQL_IMPORT_ADD_INVOICES, &args, NULL);
}

static void save_changed_invoices(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_invoices *i = &p->changed_invoices;
    struct pg_args args;
    if (i->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, i->customer_id, i->count);
    pg_arg_ints(&args, i->invoice_id, i->count);
    pg_arg_texts(&args, i->kind, i->count);
    pg_arg_texts(&args, i->product, i->count);
    pg_arg_ints(&args, i->amount_minor, i->count);
    pg_arg_ints(&args, i->due_minor, i->count);
    pg_arg_dates(&args, i->issue_date, i->count);
    pg_arg_dates(&args, i->due_date, i->count);
    pg_arg_texts(&args, i->account, i->count);
    pg_arg_ints(&args, i->entry_count, i->count);
    pg_arg_ints(&args, i->event_count, i->count);
    pg_arg_bytes_array(&args, i->chain_head, i->count);
    pg_arg_instant(&args, p->now);
    pg_arg_bools(&args, i->needs_plan, i->count);
    add(tx, SQL_IMPORT_CHANGE_INVOICES, &args, NULL);
}

static void save_entries(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_entries *e = &p->entries;
    struct pg_args args;
    if (e->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, e->customer_id, e->count);
    pg_arg_ints(&args, e->invoice_id, e->count);
    pg_arg_ints(&args, e->entry_no, e->count);
    pg_arg_texts(&args, e->kind, e->count);
    pg_arg_ints(&args, e->amount_minor, e->count);
    pg_arg_texts(&args, e->currency, e->count);
    pg_arg_instant(&args, p->now);
    add(tx, SQL_IMPORT_ADD_ENTRIES, &args, NULL);
}

static void save_events(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_events *e = &p->events;
    struct pg_args args;
    if (e->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, e->customer_id, e->count);
    pg_arg_ints(&args, e->invoice_id, e->count);
    pg_arg_ints(&args, e->event_no, e->count);
    pg_arg_texts(&args, e->kind, e->count);
    pg_arg_texts(&args, e->facts, e->count);
    pg_arg_bytes_array(&args, e->personal_hash, e->count);
    pg_arg_bytes_array(&args, e->prev_hash, e->count);
    pg_arg_bytes_array(&args, e->hash, e->count);
    pg_arg_instant(&args, p->now);
    add(tx, SQL_IMPORT_ADD_EVENTS, &args, NULL);
}

static void save_personals(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_personals *x = &p->personals;
    struct pg_args args;
    if (x->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, x->customer_id, x->count);
    pg_arg_ints(&args, x->invoice_id, x->count);
    pg_arg_ints(&args, x->event_no, x->count);
    pg_arg_bytes_array(&args, x->salt, x->count);
    pg_arg_texts(&args, x->data, x->count);
    add(tx, SQL_IMPORT_ADD_PERSONAL, &args, NULL);
}

static void save_paylinks(struct pg_tx *tx, const struct import_part *p)
{
    struct pg_args args;
    if (p->paylinks.count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, p->paylinks.customer_id, p->paylinks.count);
    pg_arg_ints(&args, p->paylinks.link_no, p->paylinks.count);
    pg_arg_ints(&args, p->paylinks.invoice_id, p->paylinks.count);
    pg_arg_instant(&args, p->now);
    add(tx, SQL_IMPORT_ADD_PAYLINKS, &args, NULL);
}

static void save_cancels(struct pg_tx *tx, const struct import_part *p)
{
    struct pg_args args;
    if (p->cancels.count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, p->cancels.customer_id, p->cancels.count);
    pg_arg_ints(&args, p->cancels.invoice_id, p->cancels.count);
    pg_arg_texts(&args, p->cancels.reason, p->cancels.count);
    pg_arg_instant(&args, p->now);
    add(tx, SQL_IMPORT_CANCEL_REMINDERS, &args, NULL);
}

/* Whoever plans reminders is told, once the part is in. */
static void save_wake(struct pg_tx *tx, const struct import_part *p)
{
    if (p->new_invoices.count + p->changed_invoices.count > 0)
        pg_tx_add(tx, SQL_PLAN_WAKE, NULL, NULL);
}

static void save_messages(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_messages *m = &p->messages;
    struct pg_args args;
    if (m->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_int(&args, p->campaign_id);
    pg_arg_ints(&args, m->customer_id, m->count);
    pg_arg_ints(&args, m->invoice_id, m->count);
    pg_arg_ints(&args, m->line, m->count);
    pg_arg_texts(&args, m->fields, m->count);
    pg_arg_texts(&args, m->text, m->count);
    pg_arg_ints(&args, m->parts, m->count);
    pg_arg_ints(&args, m->due_minor, m->count);
    pg_arg_bools(&args, m->is_own, m->count);
    add(tx, SQL_IMPORT_ADD_MESSAGES, &args, NULL);
}

static void save_bad_rows(struct pg_tx *tx, const struct import_part *p)
{
    const struct import_bad_rows *b = &p->bad_rows;
    struct pg_args args;
    if (b->count == 0)
        return;
    begin_with_id(&args, p->id);
    pg_arg_ints(&args, b->line, b->count);
    pg_arg_texts(&args, b->column, b->count);
    pg_arg_texts(&args, b->value, b->count);
    pg_arg_texts(&args, b->reason, b->count);
    pg_arg_texts(&args, b->raw, b->count);
    add(tx, SQL_IMPORT_ADD_BAD_ROWS, &args, NULL);
}

int import_save(struct pg *pg, struct pg_tx *tx, const struct import_part *p, pg_done_cb on_done,
                void *owner, struct err *err)
{
    int code = pg_tx_begin(pg, tx, on_done, owner, err);
    if (code != 0)
        return code;
    save_progress(tx, p);
    save_guards(tx, p);
    save_new_customers(tx, p);
    save_changed_customers(tx, p);
    save_new_invoices(tx, p);
    save_changed_invoices(tx, p);
    save_entries(tx, p);
    save_events(tx, p);
    save_personals(tx, p);
    save_paylinks(tx, p);
    save_cancels(tx, p);
    save_messages(tx, p);
    save_bad_rows(tx, p);
    save_wake(tx, p);
    pg_tx_commit(tx);
    return 0;
}
