#include "http/all_debts.h"

#include "base/crypto.h"
#include "domain/allocation.h"
#include "http/page_form.h"
#include "http/page_language.h"
#include "http/page_values.h"
#include "http/pages.h"
#include "http/parts_field.h"
#include "http/payments.h"
#include "http/sheet.h"
#include "provider/provider_choice.h"
#include "store/open_debt_store.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAME_LEN_MAX = 24 }; /* "d" and an id */

/* What one visit shows: the customer's debts, and those of them that were ticked before. */
struct list {
    struct sheet sheet;
    struct open_debt debts[ALLOCATIONS_MAX];
    bool is_ticked[ALLOCATIONS_MAX];
    size_t count;
    bool has_more;    /* than there is room for */
    bool has_changed; /* one of the ticked is due by another amount than was shown */
};

static void read_list(struct list *list, struct request *r, const PGresult *rows)
{
    list->has_more = PQntuples(rows) > ALLOCATIONS_MAX;
    list->count = list->has_more ? ALLOCATIONS_MAX : (size_t)PQntuples(rows);
    for (size_t i = 0; i < list->count; ++i) {
        char name[NAME_LEN_MAX];
        int64_t shown_minor;
        open_debt_take(rows, (int)i, &list->debts[i]);
        snprintf(name, sizeof(name), "d%" PRId64, list->debts[i].invoice_id);
        list->is_ticked[i] = page_form_amount(request_query(r, name), &shown_minor);
        if (list->is_ticked[i] && shown_minor != list->debts[i].due_minor)
            list->has_changed = true;
    }
}

/* Late, and nothing is agreed or asked about it that makes it rest. */
static bool is_pressing(const struct open_debt *debt)
{
    return debt->days_left < 0 && !debt->is_in_hand &&
           (debt->holds & (PAGE_HOLD_PLAN | PAGE_HOLD_DISPUTE)) == 0;
}

/* ---- one debt's values ---- */

static void set_true(json_t *item, const char *name, bool is_so)
{
    if (is_so)
        json_object_set_new(item, name, json_true());
}

static void set_text(json_t *item, const char *name, struct span text)
{
    json_object_set_new(item, name,
                        text.len == 0 ? json_string("") : json_stringn(text.base, text.len));
}

/* What was imported may be of any length; the page keeps its shape. */
static void set_shortened(json_t *item, const char *name, struct span text)
{
    struct buf shortened;
    buf_init(&shortened, 1024);
    page_shorten(&shortened, text);
    set_text(item, name, buf_span(&shortened));
    buf_release(&shortened);
}

static void set_kind(const struct sheet *s, json_t *item, struct span kind)
{
    char name[32];
    snprintf(name, sizeof(name), "%.*s", SPAN_ARG(kind));
    struct span word = page_word(s->request, s->language, "kind_", name);
    set_text(item, "debt_kind",
             word.base != NULL ? word : page_word(s->request, s->language, "kind_", "other"));
}

/* For due.mustache. */
static void set_due(const struct sheet *s, json_t *item, const struct open_debt *debt)
{
    static const char *const plurals[] = {
        [PLURAL_ONE] = "one", [PLURAL_FEW] = "few", [PLURAL_MANY] = "many"};
    int32_t left = debt->days_left, days = left < 0 ? -left : left;
    json_object_set_new(item, "due_date", sheet_date(s, debt->due));
    json_object_set_new(item, "due_tone", json_string(left <= 0 ? "warn" : "info"));
    set_true(item, "is_today", left == 0);
    set_true(item, "is_tomorrow", left == 1);
    set_true(item, "is_late", left < 0);
    set_true(item, "is_ahead", left > 1);
    set_true(item, plurals[page_language_plural(s->language, days)], true);
    json_object_set_new(item, "days", json_integer(days));
}

static json_t *debt_json(const struct sheet *s, const struct open_debt *debt)
{
    json_t *item = json_object();
    json_object_set_new(item, "invoice", json_integer(debt->invoice_id));
    json_object_set_new(item, "due_minor", json_integer(debt->due_minor));
    json_object_set_new(item, "left", sheet_amount(s, debt->due_minor, debt->currency));
    set_kind(s, item, debt->kind);
    set_shortened(item, "debt_product", debt->product);
    set_shortened(item, "debt_number", debt->number);
    set_due(s, item, debt);
    set_true(item, "is_in_hand", debt->is_in_hand);
    set_true(item, "is_disputed", (debt->holds & PAGE_HOLD_DISPUTE) != 0);
    set_true(item, "is_in_parts", (debt->holds & PAGE_HOLD_PLAN) != 0);
    return item;
}

/* ---- the list ---- */

/* Debts of one currency, in a form of their own: what is paid together is one payment. */
static json_t *group_json(const struct list *list, size_t first, bool is_chosen)
{
    const struct sheet *s = &list->sheet;
    struct span currency = list->debts[first].currency;
    json_t *debts = json_array();
    int64_t late_minor = 0, all_minor = 0;
    bool can_pay = false;
    for (size_t i = first; i < list->count; ++i) {
        const struct open_debt *debt = &list->debts[i];
        if (!span_is(debt->currency, currency))
            continue;
        json_t *item = debt_json(s, debt);
        set_true(item, "is_ticked", is_chosen ? list->is_ticked[i] : is_pressing(debt));
        json_array_append_new(debts, item);
        all_minor += debt->due_minor;
        late_minor += debt->days_left < 0 ? debt->due_minor : 0;
        can_pay |= !debt->is_in_hand;
    }
    json_t *group = json_object();
    set_text(group, "currency", currency);
    json_object_set_new(group, "debts", debts);
    json_object_set_new(group, "all_minor", sheet_amount(s, all_minor, currency));
    if (late_minor > 0)
        json_object_set_new(group, "late_minor", sheet_amount(s, late_minor, currency));
    set_true(group, "can_pay", can_pay);
    return group;
}

static bool is_first_of_currency(const struct list *list, size_t i)
{
    for (size_t before = 0; before < i; ++before)
        if (span_is(list->debts[before].currency, list->debts[i].currency))
            return false;
    return true;
}

static void set_note(struct sheet *s, const char *title, const char *text)
{
    sheet_set_word(s, "note_title", title, "");
    sheet_set_word(s, "note_text", text, "");
}

static void show_list(struct list *list, bool is_chosen)
{
    struct sheet *s = &list->sheet;
    json_t *groups = json_array();
    for (size_t i = 0; i < list->count; ++i)
        if (is_first_of_currency(list, i))
            json_array_append_new(groups, group_json(list, i, is_chosen));
    if (json_array_size(groups) > 1)
        sheet_set_true(s, "has_currencies");
    json_object_set_new(s->values, "groups", groups);
    if (list->has_more)
        sheet_set_true(s, "has_more");
    sheet_reply(s, 200, SHEET_all);
}

/* ---- what was ticked ---- */

static bool is_taken(const struct request *r, struct span currency, int64_t total_minor,
                     bool is_blik)
{
    for (const struct provider_account *a = r->world->providers; a != NULL && a->provider != NULL;
         ++a)
        if (provider_takes(a, currency, total_minor, is_blik))
            return true;
    return false;
}

static void set_forms(struct sheet *s, struct span currency, int64_t total_minor)
{
    if (!is_taken(s->request, currency, total_minor, false))
        return;
    sheet_set_true(s, "is_online");
    sheet_set_token(s, "token", FORM_DEBTS);
    if (!is_taken(s->request, currency, total_minor, true))
        return;
    sheet_set_true(s, "takes_blik");
    sheet_set_token(s, "blik_token", FORM_DEBTS);
    if (span_is_str(request_query(s->request, "e"), "blik"))
        sheet_set_word(s, "blik_error", "blik_format", "");
}

/* The query that shows the review of just these. */
static void print_kept(struct buf *out, struct span currency, const struct payment_part *parts,
                       size_t count)
{
    buf_printf(out, "&for=%.*s", SPAN_ARG(currency));
    for (size_t i = 0; i < count; ++i)
        buf_printf(out, "&d%" PRId64 "=%" PRId64, parts[i].invoice_id, parts[i].due_minor);
}

/* Those of the currency that are ticked, and their sum; how many. `chosen` gets their values. */
static size_t gather(const struct list *list, struct span currency, json_t *chosen,
                     struct payment_part parts[ALLOCATIONS_MAX], int64_t *total_minor)
{
    size_t count = 0;
    *total_minor = 0;
    for (size_t i = 0; i < list->count; ++i) {
        const struct open_debt *debt = &list->debts[i];
        if (!list->is_ticked[i] || debt->is_in_hand || !span_is(debt->currency, currency))
            continue;
        json_array_append_new(chosen, debt_json(&list->sheet, debt));
        parts[count++] = (struct payment_part){debt->invoice_id, debt->due_minor, debt->due_minor};
        *total_minor += debt->due_minor;
    }
    return count;
}

static void set_fields(struct sheet *s, struct span currency, const struct payment_part *parts,
                       size_t count)
{
    struct buf text;
    buf_init(&text, PAYMENT_KEPT_MAX);
    parts_field_print(&text, parts, count);
    sheet_set(s, "debts", buf_span(&text));
    sheet_set(s, "for", currency);
    buf_reset(&text);
    print_kept(&text, currency, parts, count);
    sheet_set(s, "keep", buf_span(&text)); /* links to other languages, and back to the list */
    buf_release(&text);
}

/* False, and nothing is replied, when nothing is ticked. */
static bool show_review(struct list *list, struct span currency)
{
    struct sheet *s = &list->sheet;
    struct payment_part parts[ALLOCATIONS_MAX];
    int64_t total_minor;
    json_t *chosen = json_array();
    size_t count = gather(list, currency, chosen, parts, &total_minor);
    json_object_set_new(s->values, "chosen", chosen);
    if (count == 0)
        return false;
    sheet_set_amount(s, "sum", total_minor, currency);
    set_fields(s, currency, parts, count);
    set_forms(s, currency, total_minor);
    if (span_is_str(request_query(s->request, "again"), "1")) {
        sheet_set_true(s, "is_again");
        set_note(s, "note_again_title", "note_again_text");
    } else if (list->has_changed) {
        set_note(s, "note_changed_title", "note_changed_text");
    }
    sheet_reply(s, 200, SHEET_all_review);
    return true;
}

static void show(struct request *r, const struct debt *debt, const PGresult *rows)
{
    struct list list = {.sheet = sheet_new(r, debt, "all")};
    struct span currency = request_query(r, "for");
    bool is_chosen = span_is_str(request_query(r, "sel"), "1");
    read_list(&list, r, rows);
    if (list.count == 0) {
        sheet_reply_answer(&list.sheet, 200, "settled", "good", NULL);
        return;
    }
    bool wants_review = currency.len == 3 && !is_chosen;
    if (wants_review && show_review(&list, currency))
        return;
    if (wants_review)
        set_note(&list.sheet, "all_none_title", "all_none_text");
    else if (span_is_str(request_query(r, "e"), "changed"))
        set_note(&list.sheet, "note_changed_title", "note_changed_text");
    show_list(&list, is_chosen);
}

void all_debts_show(struct request *r)
{
    if (r->world->help.has_all_debts)
        sheet_open(r, open_debt_list, show);
    else
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
}

/* ---- paying ---- */

static bool is_currency(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] < 'A' || text.base[i] > 'Z')
            return false;
    return text.len == 3;
}

/* Lives as long as the request. */
static const char *kept_of(struct request *r, const struct payment_part *parts, size_t count)
{
    struct span currency = request_form(r, "for");
    struct buf query;
    buf_init(&query, PAYMENT_KEPT_MAX);
    print_kept(&query, is_currency(currency) ? currency : SPAN_LIT(""), parts, count);
    char *kept = request_alloc(r, buf_span(&query).len + 1);
    memcpy(kept, buf_span(&query).base, buf_span(&query).len);
    kept[buf_span(&query).len] = 0;
    buf_release(&query);
    return kept;
}

void all_debts_pay(struct request *r)
{
    if (!r->world->help.has_all_debts) {
        page_reply_notice(r, PAGE_NOTICE_NOWHERE, SPAN_LIT(""));
        return;
    }
    struct payment_form form = {0};
    struct payment_part parts[ALLOCATIONS_MAX];
    if (payments_read_form(r, FORM_DEBTS, &form)) {
        form.options.parts = parts;
        if (parts_field_read(request_form(r, "debts"), parts, &form.options.part_count))
            payments_take(r, &form,
                          &(struct payment_form_place){
                              .path = "all", .kept = kept_of(r, parts, form.options.part_count)});
        else
            page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
    }
    secret_wipe(&form, sizeof(form));
}
