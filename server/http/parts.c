#include "http/parts.h"

#include "base/crypto.h"
#include "domain/csv_value.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/parts_field.h"
#include "http/payments.h"
#include "http/sheet.h"
#include "provider/provider_choice.h"
#include "store/instalment_store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { LEAST_MINOR = 100, KEPT_MAX = 48, PART_FIELD_MAX = 80 };

/* What one visit shows. */
struct view {
    struct sheet sheet;
    const struct debt *debt;
    struct plan_part parts[INSTALMENTS_MAX];
    size_t count, paid_count;
    const struct plan_part *next; /* the first one that is open; never null */
    int64_t late_minor;           /* of all whose day is over */
};

/* False when there is nothing to pay by a plan. */
static bool read_view(struct view *v, const PGresult *rows)
{
    v->count = plan_part_read(rows, v->parts);
    for (size_t i = 0; i < v->count; ++i) {
        const struct plan_part *part = &v->parts[i];
        v->paid_count += part->is_paid;
        if (part->is_open && v->next == NULL)
            v->next = part;
        if (part->is_open && date_compare(part->due, v->debt->today) < 0)
            v->late_minor += part->left_minor;
    }
    return v->next != NULL && v->debt->due_minor > 0;
}

static int64_t least_minor(const struct view *v)
{
    return v->debt->due_minor < LEAST_MINOR ? v->debt->due_minor : LEAST_MINOR;
}

static void set_count(struct sheet *s, const char *name, size_t count)
{
    json_object_set_new(s->values, name, json_integer((json_int_t)count));
}

static void set_note(struct sheet *s, const char *title, const char *text)
{
    sheet_set_word(s, "note_title", title, "");
    sheet_set_word(s, "note_text", text, "");
}

/* ---- the list ---- */

static json_t *part_json(const struct view *v, const struct plan_part *part)
{
    const struct sheet *s = &v->sheet;
    struct span currency = v->debt->currency;
    json_t *item = json_object();
    json_object_set_new(item, "no", json_integer(part->place));
    json_object_set_new(item, "date", sheet_date(s, part->due));
    json_object_set_new(item, "amount", sheet_amount(s, part->amount_minor, currency));
    if (part->is_paid)
        json_object_set_new(item, "is_paid", json_true());
    if (!part->is_open)
        return item;
    if (date_compare(part->due, v->debt->today) < 0)
        json_object_set_new(item, "is_overdue", json_true());
    if (part->is_missed)
        json_object_set_new(item, "is_missed", json_true());
    if (part->left_minor < part->amount_minor)
        json_object_set_new(item, "left", sheet_amount(s, part->left_minor, currency));
    return item;
}

static void set_choice(struct view *v)
{
    struct sheet *s = &v->sheet;
    struct span currency = v->debt->currency;
    set_count(s, "part_no", (size_t)v->next->place);
    sheet_set_date(s, "part_date", v->next->due);
    sheet_set_amount(s, "next", v->next->left_minor, currency);
    if (v->late_minor > v->next->left_minor)
        sheet_set_amount(s, "late", v->late_minor, currency);
    if (v->debt->due_minor > v->next->left_minor && v->debt->due_minor > v->late_minor)
        sheet_set_true(s, "has_rest");
    sheet_set_amount(s, "least", least_minor(v), currency);
    sheet_set_amount(s, "rest", v->debt->due_minor, currency);
}

static void show_list(struct view *v)
{
    struct sheet *s = &v->sheet;
    json_t *parts = json_array();
    for (size_t i = 0; i < v->count; ++i)
        if (v->parts[i].amount_minor > 0)
            json_array_append_new(parts, part_json(v, &v->parts[i]));
    set_count(s, "part_count", json_array_size(parts));
    set_count(s, "parts_paid", v->paid_count);
    json_object_set_new(s->values, "parts", parts);
    sheet_set_amount(s, "plan_left", v->debt->due_minor, v->debt->currency);
    set_choice(v);
    sheet_reply(s, 200, SHEET_parts);
}

/* ---- what was chosen ---- */

static bool is_taken(const struct view *v, int64_t minor, bool is_blik)
{
    const struct provider_account *a = v->sheet.request->world->providers;
    for (; a != NULL && a->provider != NULL; ++a)
        if (provider_takes(a, v->debt->currency, minor, is_blik))
            return true;
    return false;
}

static void set_forms(struct view *v, int64_t minor)
{
    struct sheet *s = &v->sheet;
    if (!is_taken(v, minor, false))
        return;
    sheet_set_true(s, "is_online");
    sheet_set_token(s, "token", FORM_PAYMENT);
    if (!is_taken(v, minor, true))
        return;
    sheet_set_true(s, "takes_blik");
    sheet_set_token(s, "blik_token", FORM_PAYMENT);
    if (span_is_str(request_query(s->request, "e"), "blik"))
        sheet_set_word(s, "blik_error", "blik_format", "");
}

/* Links to other languages lead to the same review. */
static void set_keep(struct sheet *s, int64_t minor)
{
    json_object_set_new(s->values, "keep",
                        json_sprintf("&minor=%" JSON_INTEGER_FORMAT, (json_int_t)minor));
}

static void show_review(struct view *v, int64_t minor)
{
    struct sheet *s = &v->sheet;
    struct buf part;
    buf_init(&part, PART_FIELD_MAX);
    part_field_print(&part, &(struct payment_part){.invoice_id = v->debt->invoice_id,
                                                   .amount_minor = minor,
                                                   .due_minor = v->debt->due_minor});
    sheet_set(s, "part", buf_span(&part));
    buf_release(&part);
    sheet_set_amount(s, "sum", minor, v->debt->currency);
    set_keep(s, minor);
    set_forms(v, minor);
    if (span_is_str(request_query(s->request, "again"), "1")) {
        sheet_set_true(s, "is_again");
        set_note(s, "note_again_title", "note_again_text");
    }
    sheet_reply(s, 200, SHEET_parts_review);
}

static int64_t read_sum(const struct view *v, struct span text)
{
    struct money sum;
    return csv_value_amount(text, v->debt->currency, &sum) == CSV_GOOD ? sum.minor : 0;
}

/* 0 when what was chosen is no such thing. Whoever writes an amount means it. */
static int64_t chosen_minor(const struct view *v)
{
    struct request *r = v->sheet.request;
    struct span pay = request_query(r, "pay"), exact = request_query(r, "minor");
    struct span sum = request_query(r, "sum");
    int64_t minor = 0;
    if (exact.len > 0 && !page_form_amount(exact, &minor))
        return 0;
    if (sum.len > 0 || span_is_str(pay, "other"))
        minor = read_sum(v, sum);
    else if (span_is_str(pay, "late"))
        minor = v->late_minor;
    else if (span_is_str(pay, "next"))
        minor = v->next->left_minor;
    else if (span_is_str(pay, "rest"))
        minor = v->debt->due_minor;
    return minor >= least_minor(v) && minor <= v->debt->due_minor ? minor : 0;
}

static void show(struct request *r, const struct debt *debt, const PGresult *rows)
{
    struct view v = {.debt = debt};
    if (!read_view(&v, rows)) {
        sheet_lead_to(r, "", "");
        return;
    }
    v.sheet = sheet_new(r, debt, "parts");
    bool is_chosen = request_query(r, "pay").len > 0 || request_query(r, "minor").len > 0;
    int64_t minor = is_chosen ? chosen_minor(&v) : 0;
    if (minor > 0) {
        show_review(&v, minor);
        return;
    }
    if (is_chosen) {
        set_note(&v.sheet, "parts_bad_title", "parts_bad_text");
        sheet_set_true(&v.sheet, "is_other");
        sheet_set_true(&v.sheet, "sum_bad");
    } else if (span_is_str(request_query(r, "e"), "changed")) {
        set_note(&v.sheet, "note_changed_title", "note_changed_text");
    } else if (debt->is_in_flight) {
        set_note(&v.sheet, "parts_flying_title", "parts_flying_text");
    }
    show_list(&v);
}

void parts_show(struct request *r)
{
    sheet_open(r, plan_part_list, show);
}

/* ---- paying ---- */

void parts_pay(struct request *r)
{
    struct payment_form form = {0};
    struct payment_part part;
    if (payments_read_form(r, FORM_PAYMENT, &form)) {
        if (part_field_read(request_form(r, "part"), &part)) {
            char *kept = request_alloc(r, KEPT_MAX);
            int len = snprintf(kept, KEPT_MAX, "&minor=%" PRId64, part.amount_minor);
            assert(len > 0 && len < KEPT_MAX);
            form.options.parts = &part;
            form.options.part_count = 1;
            payments_take(r, &form, &(struct payment_form_place){.path = "parts", .kept = kept});
        } else {
            page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
        }
    }
    secret_wipe(&form, sizeof(form));
}
