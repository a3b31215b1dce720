#include "flow/import_desk.h"

#include "domain/event.h"
#include "domain/identity.h"
#include "flow/import_facts.h"

#include <assert.h>
#include <stdlib.h>

enum { LINKS_MAX = 524287, NO_CUSTOMER = -1 };

/* A customer of this part, known or new. */
struct desk_customer {
    struct span reference, name, phone, email, language, time_zone;
    struct span written_to; /* of a campaign: the telephone once this part is in */
    int64_t id;             /* 0: new, no id yet */
    int64_t money_version, link_count, local_now_s;
    bool is_new, is_guarded, is_changed, language_is_own;
    struct contact_terms terms;
    struct span identity_fact; /* as known */
    struct span new_fact;      /* null: it stays */
    bool is_contact_settled;   /* by this file: later rows do not change it again */
    bool has_contact;          /* this part changes the contact data */
    bool has_terms;            /* this part changes the terms */
};

struct desk_row {
    const struct import_row *row;
    struct span reference;    /* whose it is: the row's, or of its invoice's owner */
    struct span text, fields; /* of a campaign: what is written to them */
    int64_t parts;
    struct import_known_customer known_customer;
    struct import_known_invoice known;
    int customer; /* index; NO_CUSTOMER: a bad row */
};

struct import_desk {
    size_t rows_max, count, customer_count, slot_count;
    struct desk_row *rows;
    struct desk_customer *customers;
    int32_t *slots;                         /* hash of references: index + 1 of a customer */
    int32_t *number_slots;                  /* hash of numbers: index + 1 of a row */
    const struct import_campaign *campaign; /* or null */
    const struct keyring *keys;             /* or null */
    int identity_digits;
    h2o_mem_pool_t *pool;
};

static void *must_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

struct import_desk *import_desk_new(size_t rows_max, const struct import_campaign *campaign)
{
    struct import_desk *d = must_calloc(1, sizeof *d);
    d->campaign = campaign;
    d->rows_max = rows_max;
    d->slot_count = 16;
    while (d->slot_count < 2 * rows_max)
        d->slot_count *= 2;
    d->rows = must_calloc(rows_max, sizeof *d->rows);
    d->customers = must_calloc(rows_max, sizeof *d->customers);
    d->slots = must_calloc(d->slot_count, sizeof *d->slots);
    d->number_slots = must_calloc(d->slot_count, sizeof *d->number_slots);
    return d;
}

void import_desk_identify(struct import_desk *d, const struct keyring *keys, int digits)
{
    d->keys = keys;
    d->identity_digits = digits;
}

void import_desk_free(struct import_desk *d)
{
    free(d->rows);
    free(d->customers);
    free(d->slots);
    free(d->number_slots);
    free(d);
}

void import_desk_begin(struct import_desk *d, const struct import_row *rows, size_t count,
                       h2o_mem_pool_t *pool)
{
    assert(count <= d->rows_max);
    d->count = count;
    d->customer_count = 0;
    d->pool = pool;
    memset(d->slots, 0, d->slot_count * sizeof *d->slots);
    memset(d->number_slots, 0, d->slot_count * sizeof *d->number_slots);
    for (size_t i = 0; i < count; ++i)
        d->rows[i] = (struct desk_row){
            .row = &rows[i], .reference = rows[i].reference, .customer = NO_CUSTOMER};
}

static struct span keep(const struct import_desk *d, struct span s)
{
    if (s.base == NULL)
        return s;
    h2o_iovec_t copy = h2o_strdup(d->pool, s.base, s.len);
    return span_of(copy.base, copy.len);
}

void import_desk_note(struct import_desk *d, size_t position,
                      const struct import_known_customer *customer,
                      const struct import_known_invoice *invoice)
{
    assert(position < d->count);
    struct import_known_customer *c = &d->rows[position].known_customer;
    struct import_known_invoice *i = &d->rows[position].known;
    *c = *customer;
    *i = *invoice;
    c->name = keep(d, c->name);
    c->phone = keep(d, c->phone);
    c->email = keep(d, c->email);
    c->language = keep(d, c->language);
    c->identity_fact = keep(d, c->identity_fact);
    c->time_zone = keep(d, c->time_zone);
    if (c->reference.base != NULL) /* a campaign's row may not say whose it is */
        d->rows[position].reference = c->reference = keep(d, c->reference);
    i->kind = keep(d, i->kind);
    i->product = keep(d, i->product);
    i->currency = keep(d, i->currency);
    i->account = keep(d, i->account);
    i->chain_head = keep(d, i->chain_head);
}

/* ---- which rows are good, and which customers they name ---- */

static void spoil(struct import_part *part, const struct import_row *row, const char *column,
                  struct span value, const char *reason)
{
    struct import_bad_rows *bad = &part->bad_rows;
    size_t n = bad->count++;
    bad->line[n] = row->line;
    bad->column[n] = span_str(column);
    bad->value[n] = value;
    bad->reason[n] = span_str(reason);
    bad->raw[n] = row->raw;
}

static int find_customer(const struct import_desk *d, struct span reference, size_t *slot)
{
    size_t mask = d->slot_count - 1;
    for (*slot = csv_number_fingerprint(reference) & mask;; *slot = (*slot + 1) & mask) {
        int index = d->slots[*slot] - 1;
        if (index < 0 || span_is(d->customers[index].reference, reference))
            return index;
    }
}

static int add_customer(struct import_desk *d, const struct desk_row *r, size_t slot,
                        int64_t file_key)
{
    const struct import_known_customer *known = &r->known_customer;
    const struct import_row *row = r->row;
    int index = (int)d->customer_count++;
    d->slots[slot] = index + 1;
    bool is_new = known->customer_id == 0;
    d->customers[index] = (struct desk_customer){
        .reference = r->reference,
        .name = is_new ? row->name : known->name,
        .phone = is_new ? row->phone : known->phone,
        .email = is_new ? row->email : known->email,
        .language = is_new ? row->language : known->language,
        .language_is_own = known->language_is_own,
        .time_zone = known->time_zone,
        .id = known->customer_id,
        .money_version = known->money_version,
        .link_count = known->link_count,
        .local_now_s = known->local_now_s,
        .terms = is_new ? (struct contact_terms){.preferred = CONTACT_NONE} : known->terms,
        .identity_fact = known->identity_fact,
        .is_new = is_new,
        .is_contact_settled = is_new || known->contact_source == file_key,
    };
    return index;
}

/* The row of this part that has the same number, or null. The survey's suspects are judged before;
 * this catches numbers whose bytes differ and whose text does not. */
static const struct import_row *same_number_before(struct import_desk *d, size_t position)
{
    struct span number = d->rows[position].row->number;
    size_t mask = d->slot_count - 1, slot = csv_number_fingerprint(number) & mask;
    for (;; slot = (slot + 1) & mask) {
        int index = d->number_slots[slot] - 1;
        if (index < 0)
            break;
        if (span_is(d->rows[index].row->number, number))
            return d->rows[index].row;
    }
    d->number_slots[slot] = (int32_t)position + 1;
    return NULL;
}

/* Why the row stays out although its cells are fine; null: it does not. */
static const char *conflict(const struct desk_row *r, const char **column, struct span *value)
{
    const struct import_row *row = r->row;
    if (r->known.invoice_id == 0)
        return NULL;
    *column = csv_column_name(CSV_NUMBER);
    *value = row->number;
    if (r->known.owner_id != r->known_customer.customer_id)
        return "this invoice number belongs to another customer";
    *column = csv_column_name(CSV_CURRENCY);
    *value = row->currency;
    if (!span_is(row->currency, r->known.currency))
        return "the invoice is in another currency";
    *column = csv_column_name(CSV_AMOUNT);
    *value = (struct span){NULL, 0};
    if (r->known.is_old_amount)
        return "the invoice is paid after its amount was lowered: this is the amount it had before";
    return NULL;
}

/* ---- a campaign's rows ---- */

/* Contact data are told once a file, and an erased customer is not filled again. */
static struct span phone_after(const struct desk_row *r, int64_t file_key)
{
    const struct import_known_customer *known = &r->known_customer;
    bool stays =
        known->customer_id != 0 && (known->contact_source == file_key ||
                                    (known->name.base == NULL && r->known.invoice_id != 0));
    return stays ? known->phone : r->row->phone;
}

/* Why there is nothing to write about a debt that is known; null: there is. */
static const char *known_debt_conflict(const struct desk_row *r, enum csv_column *column)
{
    const struct import_known_invoice *i = &r->known;
    const struct import_row *row = r->row;
    *column = CSV_NUMBER;
    if (i->due_minor <= 0)
        return "the invoice is paid";
    *column = CSV_PHONE;
    if (!row->has_own_reference && !span_is(row->phone, r->known_customer.phone))
        return "the customer of this invoice has another telephone number";
    *column = CSV_AMOUNT;
    if (row->amount_minor != i->due_minor && row->amount_minor != i->amount_minor)
        return "the invoice stands at another amount here: import the change first";
    *column = CSV_DUE_DATE;
    if (row->due_date != i->due_date)
        return "the invoice is due on another day here: import the change first";
    return NULL;
}

static const char *person_conflict(const struct import_desk *d, const struct desk_row *r,
                                   int customer, int64_t file_key)
{
    struct span phone =
        customer >= 0 ? d->customers[customer].written_to : phone_after(r, file_key);
    if (!span_is(phone, r->row->phone))
        return "this customer has another telephone number, in this file or here";
    if (r->known_customer.is_opted_out || (r->row->said.no & 1u << CONTACT_SMS))
        return "this person does not want messages";
    if (r->known_customer.is_dead)
        return "no message arrives at this telephone number";
    return NULL;
}

static bool write_text(struct import_desk *d, struct desk_row *r, struct campaign_fault *fault)
{
    const struct import_campaign *campaign = d->campaign;
    const struct import_row *row = r->row;
    const struct import_known_customer *c = &r->known_customer;
    bool is_known = r->known.invoice_id != 0;
    struct campaign_facts facts = {
        .creditor = campaign->creditor,
        .name = row->name.base != NULL ? row->name : c->name,
        .number = row->number,
        .product = row->product.base != NULL || !is_known ? row->product : r->known.product,
        .currency = row->currency,
        .account = is_known ? r->known.account : row->account,
        .due_minor = is_known ? r->known.due_minor : row->amount_minor,
        .due_date = row->due_date,
        .language = row->language.base != NULL && !c->language_is_own ? row->language : c->language,
        .fields = campaign->columns.fields,
        .cells = row->cells,
        .count = campaign->columns.count,
        .is_plain = campaign->is_plain,
        .link_len = campaign->link_len};
    struct sms_measure m;
    struct buf text, cells;
    buf_init(&text, 64 * 1024);
    buf_init(&cells, 1024 * 1024);
    bool is_written = campaign_text_write(campaign->text, &facts, &text, &m, fault);
    if (is_written) {
        campaign_cells_print(&cells, facts.fields, facts.cells, facts.count);
        r->text = keep(d, buf_span(&text));
        r->fields = keep(d, buf_span(&cells));
        r->parts = m.parts;
    }
    buf_release(&text);
    buf_release(&cells);
    return is_written;
}

static bool may_be_written_to(struct import_desk *d, struct desk_row *r, int customer,
                              struct import_part *part)
{
    enum csv_column column = CSV_PHONE;
    struct campaign_fault fault;
    const char *reason = r->known.invoice_id != 0 ? known_debt_conflict(r, &column) : NULL;
    if (reason == NULL) {
        column = CSV_PHONE;
        reason = person_conflict(d, r, customer, part->file_key);
    }
    if (reason != NULL) {
        spoil(part, r->row, csv_column_name(column),
              column == CSV_PHONE ? r->row->phone : (struct span){NULL, 0}, reason);
        return false;
    }
    if (write_text(d, r, &fault))
        return true;
    char *field = h2o_strdup(d->pool, fault.field.base, fault.field.len).base;
    spoil(part, r->row, fault.field.base == NULL ? NULL : field, (struct span){NULL, 0},
          fault.reason);
    return false;
}

static void add_message(struct import_part *part, const struct desk_row *r,
                        const struct import_known_invoice *i, bool is_own)
{
    struct import_messages *m = &part->messages;
    size_t n = m->count++;
    m->customer_id[n] = i->owner_id;
    m->invoice_id[n] = i->invoice_id;
    m->line[n] = r->row->line;
    m->due_minor[n] = i->due_minor;
    m->parts[n] = r->parts;
    m->fields[n] = r->fields;
    m->text[n] = r->text;
    m->is_own[n] = is_own;
}

static void seat(struct import_desk *d, size_t position, struct import_part *part,
                 struct import_wanted *wanted)
{
    struct desk_row *r = &d->rows[position];
    const char *column = NULL;
    struct span value;
    size_t slot;
    const struct import_row *before = same_number_before(d, position);
    if (before != NULL && before->fingerprint == r->row->fingerprint) {
        ++part->same_count;
        return;
    }
    const char *reason = before != NULL ? "another row of this file has the same invoice number"
                                        : conflict(r, &column, &value);
    if (reason != NULL) {
        spoil(part, r->row, column == NULL ? csv_column_name(CSV_NUMBER) : column,
              column == NULL ? r->row->number : value, reason);
        return;
    }
    int index = find_customer(d, r->reference, &slot);
    if (d->campaign != NULL && !may_be_written_to(d, r, index, part))
        return;
    int64_t links = index >= 0 ? d->customers[index].link_count : r->known_customer.link_count;
    if (r->known.invoice_id == 0 && links >= LINKS_MAX) {
        spoil(part, r->row, csv_column_name(CSV_CUSTOMER), r->reference,
              "the customer has too many invoices");
        return;
    }
    if (index < 0) {
        index = add_customer(d, r, slot, part->file_key);
        d->customers[index].written_to = phone_after(r, part->file_key);
        wanted->customers += d->customers[index].is_new;
    }
    r->customer = index;
    wanted->invoices += r->known.invoice_id == 0;
}

struct import_wanted import_desk_count(struct import_desk *d, struct import_part *part)
{
    struct import_wanted wanted = {0};
    for (size_t i = 0; i < d->count; ++i)
        seat(d, i, part, &wanted);
    return wanted;
}

/* ---- what is written ---- */

static void guard(struct import_part *part, struct desk_customer *c)
{
    if (c->is_new || c->is_guarded)
        return;
    c->is_guarded = true;
    part->guards.customer_id[part->guards.count] = c->id;
    part->guards.money_version[part->guards.count++] = c->money_version;
}

static void add_entry(struct import_part *part, const struct import_known_invoice *i,
                      const char *kind, int64_t amount_minor)
{
    struct import_entries *e = &part->entries;
    size_t n = e->count++;
    e->customer_id[n] = i->owner_id;
    e->invoice_id[n] = i->invoice_id;
    e->entry_no[n] = i->entry_count;
    e->kind[n] = span_str(kind);
    e->amount_minor[n] = amount_minor;
    e->currency[n] = i->currency;
}

/* Appends to the invoice's chain: its count and head move on. */
static void add_event(struct import_desk *d, struct import_part *part,
                      struct import_known_invoice *i, const char *kind, struct span facts,
                      struct span personal_hash)
{
    struct import_events *e = &part->events;
    size_t n = e->count++;
    struct event event = {.customer_id = i->owner_id,
                          .invoice_id = i->invoice_id,
                          .event_no = ++i->event_count,
                          .at = part->now,
                          .kind = span_str(kind),
                          .facts = facts,
                          .personal_hash = personal_hash};
    char *hash = h2o_mem_alloc_pool(d->pool, SHA256_LEN);
    event_hash(i->chain_head, &event, (uint8_t *)hash);
    e->customer_id[n] = event.customer_id;
    e->invoice_id[n] = event.invoice_id;
    e->event_no[n] = event.event_no;
    e->kind[n] = event.kind;
    e->facts[n] = facts;
    e->personal_hash[n] = personal_hash;
    e->prev_hash[n] = i->chain_head;
    e->hash[n] = i->chain_head = span_of(hash, SHA256_LEN);
}

static void cancel(struct import_part *part, const struct import_known_invoice *i,
                   const char *reason)
{
    struct import_cancels *x = &part->cancels;
    x->customer_id[x->count] = i->owner_id;
    x->invoice_id[x->count] = i->invoice_id;
    x->reason[x->count++] = span_str(reason);
}

static bool is_news(struct span said, struct span known)
{
    return said.base != NULL && !span_is(said, known);
}

/* Contact data: what the row says and is not known, unless this file has already told them. An
 * erased customer (no name) is not filled again by what was imported before. */
static void change_contact(struct import_desk *d, struct import_part *part, struct desk_customer *c,
                           const struct import_row *row, struct import_known_invoice *i,
                           bool is_new_invoice)
{
    struct import_contact old = {c->name, c->phone, c->email, c->language}, new = old;
    if (c->is_contact_settled || (c->name.base == NULL && !is_new_invoice))
        return;
    if (is_news(row->name, old.name))
        new.name = row->name;
    if (is_news(row->phone, old.phone))
        new.phone = row->phone;
    if (is_news(row->email, old.email))
        new.email = row->email;
    if (!c->language_is_own && is_news(row->language, old.language))
        new.language = row->language;
    if (memcmp(&old, &new, sizeof old) == 0)
        return;
    c->name = new.name;
    c->phone = new.phone;
    c->email = new.email;
    c->language = new.language;
    c->is_contact_settled = c->has_contact = c->is_changed = true;
    guard(part, c);

    struct import_personals *x = &part->personals;
    size_t n = x->count++;
    char *salt = h2o_mem_alloc_pool(d->pool, EVENT_SALT_LEN);
    char *hash = h2o_mem_alloc_pool(d->pool, SHA256_LEN);
    random_bytes(salt, EVENT_SALT_LEN);
    x->salt[n] = span_of(salt, EVENT_SALT_LEN);
    x->data[n] = import_facts_personal(d->pool, &old, &new);
    event_personal_hash(x->salt[n], x->data[n], (uint8_t *)hash);
    add_event(d, part, i, "customer.changed", import_facts_contact(d->pool, &old, &new),
              span_of(hash, SHA256_LEN));
    x->customer_id[n] = i->owner_id;
    x->invoice_id[n] = i->invoice_id;
    x->event_no[n] = i->event_count;
}

/* By which channels the customer may be reached, where the row says something that is not so yet.
 * An erased customer stays as they are, as above. */
static void change_terms(struct import_desk *d, struct import_part *part, struct desk_customer *c,
                         const struct import_row *row, struct import_known_invoice *i,
                         bool is_new_invoice)
{
    struct contact_terms told = contact_terms_told(&c->terms, &row->said);
    if (contact_terms_equal(&told, &c->terms) || (c->name.base == NULL && !is_new_invoice))
        return;
    c->terms = told;
    c->has_terms = c->is_changed = true;
    guard(part, c);
    add_event(d, part, i, "customer.channels",
              import_facts_terms(d->pool, &told, span_str(part->id)), (struct span){NULL, 0});
}

/* Not told in the chain: the fact is nobody's business. It is made anew too when another key signs
 * by now. An erased customer stays as they are. */
static void change_identity(struct import_desk *d, struct import_part *part,
                            struct desk_customer *c, const struct import_row *row,
                            bool is_new_invoice)
{
    char digits[IDENTITY_DIGITS_MAX + 1];
    if (row->identity.base == NULL || d->keys == NULL || c->new_fact.base != NULL ||
        (c->name.base == NULL && !is_new_invoice) ||
        !identity_digits(row->identity, d->identity_digits, digits))
        return;
    if (identity_fact_is_new(d->keys, c->identity_fact) &&
        identity_fact_check(d->keys, c->id, span_str(digits), c->identity_fact))
        return;
    uint8_t *fact = h2o_mem_alloc_pool(d->pool, IDENTITY_FACT_LEN);
    identity_fact_print(d->keys, c->id, span_str(digits), fact);
    c->new_fact = span_of((const char *)fact, IDENTITY_FACT_LEN);
    c->is_changed = true;
    guard(part, c);
}

static void write_invoice(struct import_invoices *to, const struct import_known_invoice *i,
                          struct span number)
{
    size_t n = to->count++;
    to->customer_id[n] = i->owner_id;
    to->invoice_id[n] = i->invoice_id;
    to->number[n] = number;
    to->kind[n] = i->kind;
    to->product[n] = i->product;
    to->currency[n] = i->currency;
    to->amount_minor[n] = i->amount_minor;
    to->due_minor[n] = i->due_minor;
    to->issue_date[n] = i->issue_date;
    to->due_date[n] = i->due_date;
    to->account[n] = i->account;
    to->entry_count[n] = i->entry_count;
    to->event_count[n] = i->event_count;
    to->link_no[n] = i->link_no;
    to->chain_head[n] = i->chain_head;
}

static void add_invoice(struct import_desk *d, struct import_part *part, struct desk_customer *c,
                        const struct desk_row *r, int64_t invoice_id)
{
    const struct import_row *row = r->row;
    int32_t today = (int32_t)(c->local_now_s / 86400);
    int32_t issued = row->issue_date != IMPORT_NO_DATE ? row->issue_date
                     : today < row->due_date           ? today
                                                       : row->due_date;
    struct import_known_invoice i = {
        .owner_id = c->id,
        .invoice_id = invoice_id,
        .kind = row->kind.base == NULL ? SPAN_LIT("invoice") : row->kind,
        .product = row->product,
        .currency = row->currency,
        .account = row->account,
        .chain_head = SPAN_LIT(""),
        .amount_minor = row->amount_minor,
        .due_minor = row->amount_minor,
        .entry_count = 1,
        .link_no = ++c->link_count,
        .issue_date = issued,
        .due_date = row->due_date,
    };
    struct import_paylinks *links = &part->paylinks;
    guard(part, c);
    c->is_changed = true;
    add_entry(part, &i, "charge", i.amount_minor);
    add_event(d, part, &i, "invoice.imported", import_facts_invoice(d->pool, row->number, &i),
              (struct span){NULL, 0});
    change_contact(d, part, c, row, &i, true);
    change_terms(d, part, c, row, &i, true);
    change_identity(d, part, c, row, true);
    links->customer_id[links->count] = c->id;
    links->link_no[links->count] = i.link_no;
    links->invoice_id[links->count++] = invoice_id;
    if (d->campaign != NULL)
        add_message(part, r, &i, true);
    write_invoice(&part->new_invoices, &i, row->number);
    ++part->created_count;
}

/* What the row says of an invoice that is known already. */
static void change_invoice(struct import_desk *d, struct import_part *part, struct desk_customer *c,
                           const struct import_row *row, const struct import_known_invoice *known)
{
    struct import_known_invoice i = *known;
    i.amount_minor = row->amount_minor;
    i.due_minor += i.amount_minor - known->amount_minor;
    i.due_date = row->due_date;
    if (row->issue_date != IMPORT_NO_DATE)
        i.issue_date = row->issue_date;
    if (is_news(row->kind, i.kind))
        i.kind = row->kind;
    if (is_news(row->product, i.product))
        i.product = row->product;
    if (is_news(row->account, i.account))
        i.account = row->account;
    bool is_corrected = i.amount_minor != known->amount_minor;
    bool is_moved = i.due_date != known->due_date || i.issue_date != known->issue_date;
    bool is_other = i.kind.base != known->kind.base || i.product.base != known->product.base ||
                    i.account.base != known->account.base;
    if (is_corrected) {
        ++i.entry_count;
        add_entry(part, &i, "correction", i.amount_minor - known->amount_minor);
    }
    if (is_corrected || is_moved || is_other)
        add_event(d, part, &i, "invoice.corrected", import_facts_change(d->pool, known, &i),
                  (struct span){NULL, 0});
    change_contact(d, part, c, row, &i, false);
    change_terms(d, part, c, row, &i, false);
    change_identity(d, part, c, row, false);
    if (i.event_count == known->event_count) {
        ++part->same_count;
        return;
    }
    guard(part, c);
    if (known->due_minor > 0 && i.due_minor <= 0)
        cancel(part, &i, "paid");
    else if (i.due_minor > 0 && (is_moved || known->due_minor <= 0))
        cancel(part, &i, "planned anew");
    part->changed_invoices.needs_plan[part->changed_invoices.count] = i.due_minor > 0;
    write_invoice(&part->changed_invoices, &i, row->number);
    ++part->changed_count;
}

/* A campaign's row about a known invoice: the debt stays as it is, the customer may change. */
static void use_invoice(struct import_desk *d, struct import_part *part, struct desk_customer *c,
                        const struct desk_row *r)
{
    struct import_known_invoice i = r->known;
    add_message(part, r, &i, false);
    change_contact(d, part, c, r->row, &i, false);
    change_terms(d, part, c, r->row, &i, false);
    if (i.event_count == r->known.event_count) {
        ++part->same_count;
        return;
    }
    part->changed_invoices.needs_plan[part->changed_invoices.count] = false;
    write_invoice(&part->changed_invoices, &i, r->row->number);
    ++part->changed_count;
}

static struct span print_set(const struct import_desk *d, uint8_t set)
{
    char text[CONTACT_SET_TEXT_LEN];
    return set == 0 ? SPAN_LIT("") : keep(d, span_of(text, contact_set_print(set, text)));
}

static void write_customer(struct import_desk *d, struct import_customers *to,
                           const struct desk_customer *c)
{
    size_t n = to->count++;
    to->customer_id[n] = c->id;
    to->link_count[n] = c->link_count;
    to->reference[n] = c->reference;
    to->name[n] = c->name;
    to->phone[n] = c->phone;
    to->email[n] = c->email;
    to->language[n] = c->language.base == NULL ? SPAN_LIT("pl") : c->language;
    to->has_contact[n] = c->has_contact;
    to->preferred[n] = c->terms.preferred == CONTACT_NONE
                           ? (struct span){NULL, 0}
                           : span_str(contact_channel_name(c->terms.preferred));
    to->opted_out[n] = print_set(d, c->terms.opted_out);
    to->consented[n] = print_set(d, c->terms.consented);
    to->by_file[n] = print_set(d, c->terms.by_file);
    to->has_terms[n] = c->has_terms;
    to->identity_fact[n] = c->new_fact;
}

void import_desk_decide(struct import_desk *d, const struct import_ids_given *given,
                        struct import_part *part)
{
    const int64_t *customer_id = given->customers, *invoice_id = given->invoices;
    for (size_t i = 0; i < d->customer_count; ++i) {
        struct desk_customer *c = &d->customers[i];
        if (!c->is_new)
            continue;
        c->id = *customer_id++;
        c->local_now_s = given->local_now_s;
    }
    for (size_t i = 0; i < d->count; ++i) {
        struct desk_row *r = &d->rows[i];
        if (r->customer == NO_CUSTOMER)
            continue;
        struct desk_customer *c = &d->customers[r->customer];
        if (r->known.invoice_id == 0)
            add_invoice(d, part, c, r, *invoice_id++);
        else if (d->campaign != NULL)
            use_invoice(d, part, c, r);
        else
            change_invoice(d, part, c, r->row, &r->known);
    }
    for (size_t i = 0; i < d->customer_count; ++i) {
        const struct desk_customer *c = &d->customers[i];
        if (c->is_new)
            write_customer(d, &part->new_customers, c);
        else if (c->is_changed)
            write_customer(d, &part->changed_customers, c);
    }
}
