/* What is shown: what was answered; else why the offer can be answered no more; else the offer with
 * its terms and three forms. */
#include "http/offer_sheet.h"

#include "domain/csv_value.h"
#include "flow/offer_answer.h"
#include "http/page_form.h"
#include "http/page_language.h"
#include "http/pages.h"
#include "http/sheet.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TERMS_OPEN_MAX = 1500, /* longer ones are folded */
    VERSION_SHOWN = 8,
    OFFER_DIGITS_MAX = 6,
    COUNTER_DAYS_MAX = 365, /* until they could begin to pay */
};

/* ---- small values ---- */

static json_t *day_json(struct date day)
{
    char text[11];
    date_print(day, text);
    return json_string(text);
}

static void set_note(struct sheet *s)
{
    static const char *const names[] = {"other", "changed", "terms", "counter"};
    struct span why = request_query(s->request, "e");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        char word[32];
        if (!span_is_str(why, names[i]))
            continue;
        snprintf(word, sizeof(word), "%s_title", names[i]);
        sheet_set_word(s, "note_title", "offer_note_", word);
        snprintf(word, sizeof(word), "%s_text", names[i]);
        sheet_set_word(s, "note_text", "offer_note_", word);
    }
}

static void set_rate(struct sheet *s, const char *name, int32_t hundredths)
{
    struct buf rate;
    buf_init(&rate, 32);
    buf_printf(&rate, "%" PRId32 "%s%02" PRId32, hundredths / 100,
               s->language == LANGUAGE_ENGLISH ? "." : ",", hundredths % 100);
    sheet_set(s, name, buf_span(&rate));
    buf_release(&rate);
}

static void set_parts(struct sheet *s, const struct offer_kept *offer, struct span currency)
{
    json_t *parts = json_array(), *read = json_loadb(offer->parts.base, offer->parts.len, 0, NULL);
    json_t *part;
    size_t i;
    json_array_foreach(read, i, part)
    {
        struct date due = {0};
        bool is_date =
            page_form_date(span_str(json_string_value(json_object_get(part, "due_date"))), &due);
        int64_t amount = json_integer_value(json_object_get(part, "amount_minor"));
        assert(is_date); /* the database wrote it */
        if (i == 0) {
            sheet_set_date(s, "first_date", due);
            sheet_set_amount(s, "first_amount", amount, currency);
        }
        json_array_append_new(parts, json_pack("{s:i, s:o, s:o}", "no", (int)i + 1, "date",
                                               sheet_date(s, due), "amount",
                                               sheet_amount(s, amount, currency)));
    }
    json_decref(read);
    json_object_set_new(s->values, "parts", parts);
    if (i > 1)
        sheet_set_true(s, "has_parts");
    json_object_set_new(s->values, "count", json_integer((json_int_t)i));
    static const char *const plurals[] = {
        [PLURAL_ONE] = "one", [PLURAL_FEW] = "few", [PLURAL_MANY] = "many"};
    sheet_set_true(s, plurals[page_language_plural(s->language, (int64_t)i)]);
}

/* ---- what was answered ---- */

static void show_answered(struct sheet *s, const struct debt *debt, const struct offer_kept *offer)
{
    const char *state = offer_state_name(offer->state);
    char word[40];
    snprintf(word, sizeof(word), "%s_title", state);
    sheet_set_word(s, "answered_title", "offer_", word);
    snprintf(word, sizeof(word), "is_%s", state);
    sheet_set_true(s, word);
    set_parts(s, offer, debt->currency);
    sheet_set_date(s, "answered_on", offer->answered_on);
    if (offer->forgiven_minor > 0)
        sheet_set_amount(s, "forgiven", offer->forgiven_minor, debt->currency);
    if (offer->counter_minor > 0)
        sheet_set_amount(s, "month", offer->counter_minor, debt->currency);
    if (offer->has_counter_from)
        sheet_set_date(s, "from", offer->counter_from);
    if (s->request->world->help.has_plans && debt->due_minor > 0)
        sheet_set_true(s, "may_plan");
    set_note(s);
    sheet_reply(s, 200, SHEET_offer_answered);
}

/* ---- why it cannot be answered ---- */

static void show_hindrance(struct sheet *s, enum offer_hindrance hindrance)
{
    char name[48];
    if (hindrance == OFFER_IS_PAID) {
        sheet_reply_answer(s, 200, "settled", "good", NULL);
        return;
    }
    snprintf(name, sizeof(name), "offer_%s", offer_hindrance_name(hindrance));
    bool has_plan = hindrance == OFFER_HAS_PLAN;
    bool may_plan = s->request->world->help.has_plans && hindrance != OFFER_IN_FLIGHT &&
                    hindrance != OFFER_DISPUTED;
    sheet_reply_answer(s, 200, name, "info", has_plan || may_plan ? "plan" : NULL);
}

/* ---- the offer ---- */

static void set_terms(struct sheet *s)
{
    const struct terms terms = offer_terms_text(s->request->world, s->language);
    char version[TEXT_VERSION_LEN + 1];
    text_version_print(terms.language, terms.text, version);
    sheet_set(s, "terms", terms.text);
    sheet_set(s, "terms_version", span_str(version));
    sheet_set(s, "terms_shown", span_of(version, VERSION_SHOWN));
    sheet_set(s, "terms_language", terms.language);
    if (terms.text.len <= TERMS_OPEN_MAX)
        sheet_set_true(s, "terms_open");
}

/* Against paying what is due today. */
static void set_cost(struct sheet *s, const struct debt *debt, const struct offer_kept *offer)
{
    int64_t more = offer->total_minor - offer->debt_minor;
    sheet_set_amount(s, "debt", offer->debt_minor, debt->currency);
    sheet_set_amount(s, "total", offer->total_minor, debt->currency);
    if (offer->forgiven_minor > 0)
        sheet_set_amount(s, "forgiven", offer->forgiven_minor, debt->currency);
    if (offer->interest_minor > 0) {
        sheet_set_amount(s, "interest", offer->interest_minor, debt->currency);
        set_rate(s, "rate", offer->interest_hundredths);
    }
    if (offer->usual_hundredths > offer->interest_hundredths)
        set_rate(s, "usual_rate", offer->usual_hundredths);
    if (offer->forgiven_minor > 0 || offer->interest_minor > 0)
        sheet_set_true(s, "has_sum");
    if (more > 0)
        sheet_set_amount(s, "costs", more, debt->currency);
    else if (more < 0)
        sheet_set_amount(s, "saves", -more, debt->currency);
    else
        sheet_set_true(s, "is_same");
}

static void set_reasons(struct sheet *s)
{
    static const char *const reasons[] = {"too_much", "dates", "not_owed", "other"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); ++i) {
        struct span word = page_word(s->request, s->language, "offer_reason_", reasons[i]);
        json_array_append_new(
            list, json_pack("{s:s, s:s%}", "value", reasons[i], "word", word.base, word.len));
    }
    json_object_set_new(s->values, "reasons", list);
}

static void show_open(struct sheet *s, const struct debt *debt, const struct offer_kept *offer)
{
    char word[40];
    snprintf(word, sizeof(word), "is_%s", offer_kind_name(offer->kind));
    sheet_set_true(s, word);
    set_parts(s, offer, debt->currency);
    set_cost(s, debt, offer);
    set_terms(s);
    set_reasons(s);
    set_note(s);
    sheet_set_date(s, "until", offer->valid_until);
    json_object_set_new(s->values, "offer", json_integer(offer->offer_no));
    sheet_set(s, "currency", debt->currency);
    json_object_set_new(s->values, "from_min", day_json(debt->today));
    json_object_set_new(s->values, "from_max",
                        day_json(date_add_days(debt->today, COUNTER_DAYS_MAX)));
    sheet_set_token(s, "token", FORM_OFFER);
    sheet_set_token(s, "counter_token", FORM_OFFER);
    sheet_set_token(s, "decline_token", FORM_OFFER);
    sheet_reply(s, 200, SHEET_offer);
}

static void show(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "offer");
    struct offer_kept offer;
    if (!offer_take(more, 0, &offer)) {
        sheet_reply_answer(&s, 200, debt->due_minor > 0 ? "offer_none" : "settled",
                           debt->due_minor > 0 ? "info" : "good",
                           r->world->help.has_plans && debt->due_minor > 0 ? "plan" : NULL);
        return;
    }
    const struct offer_standing standing = offer_standing_of(debt, &offer, offer_take_plan(more));
    enum offer_hindrance hindrance = offer_hindered(&standing);
    if (hindrance == OFFER_IS_ANSWERED)
        show_answered(&s, debt, &offer);
    else if (hindrance != OFFER_CAN_BE_ANSWERED)
        show_hindrance(&s, hindrance);
    else if (r->world->offers.terms[LANGUAGE_POLISH].base == NULL)
        show_hindrance(&s, OFFER_IS_WITHDRAWN); /* the settings have taken the terms away */
    else
        show_open(&s, debt, &offer);
}

void offer_sheet_show(struct request *r)
{
    sheet_open(r, offer_read_of, show);
}

/* ---- the forms ---- */

struct answer_job {
    struct request *request;
    struct offer_answering *flow;
};

static void on_visitor_gone(void *owner)
{
    offer_answer_forget(((struct answer_job *)owner)->flow);
}

static void on_answered(void *owner, const struct offer_answer_outcome *outcome,
                        const struct err *err)
{
    struct request *r = ((struct answer_job *)owner)->request;
    if (sheet_reply_failed(r, err, outcome->result == OFFER_ANSWER_NOWHERE,
                           outcome->result == OFFER_ANSWER_REVOKED))
        return;
    if (outcome->result == OFFER_ANSWER_DONE)
        sheet_lead_to(r, "offer", "done=1");
    else if (outcome->result == OFFER_ANSWER_CHANGED)
        sheet_lead_to(r, "offer", "e=changed");
    else if (outcome->hindrance == OFFER_IS_ANSWERED)
        sheet_lead_to(r, "offer", "e=other");
    else
        sheet_lead_to(r, "offer", ""); /* which says why */
}

static bool read_offer_no(struct span text, int32_t *no)
{
    *no = 0;
    for (size_t i = 0; i < text.len && i < OFFER_DIGITS_MAX; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return false;
        *no = *no * 10 + (text.base[i] - '0');
    }
    return text.len > 0 && text.len <= OFFER_DIGITS_MAX;
}

static bool read_deed(struct span text, enum offer_deed *deed)
{
    static const enum offer_deed deeds[] = {OFFER_ACCEPT, OFFER_DECLINE, OFFER_COUNTER};
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); ++i)
        if (span_is_str(text, offer_deed_name(deeds[i]))) {
            *deed = deeds[i];
            return true;
        }
    return false;
}

/* Only what stands in the list: a reason is no place to write something personal. */
static struct span read_reason(struct span text)
{
    static const char *const reasons[] = {"too_much", "dates", "not_owed", "other"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); ++i)
        if (span_is_str(text, reasons[i]))
            return span_str(reasons[i]);
    return SPAN_LIT("");
}

/* What they could pay, in the currency that the form names: the debt is not known here. Whoever
 * names another one misleads about nothing but their own wish. */
static bool read_counter(struct request *r, struct offer_answer *answer)
{
    struct span month = request_form(r, "month"), from = request_form(r, "from");
    struct date today;
    struct money amount;
    if (month.len != 0) {
        struct span currency = request_form(r, "currency");
        if (currency_exponent(currency) < 0 ||
            csv_value_amount(month, currency, &amount) != CSV_GOOD)
            return false;
        answer->counter_minor = amount.minor;
    }
    if (from.len != 0) {
        /* A day's slack for where the customer is. */
        today = date_from_days((int32_t)(instant_seconds(r->world->now()) / 86400));
        if (!page_form_date(from, &answer->counter_from) ||
            date_days_between(today, answer->counter_from) < -1 ||
            date_days_between(today, answer->counter_from) > COUNTER_DAYS_MAX + 1)
            return false;
        answer->has_counter_from = true;
    }
    return month.len != 0 || from.len != 0;
}

/* False when the form was answered. */
static bool read_answer(struct request *r, struct offer_answer *answer)
{
    if (!read_offer_no(request_form(r, "offer"), &answer->offer_no) ||
        !read_deed(request_form(r, "answer"), &answer->deed)) {
        sheet_lead_to(r, "offer", "e=changed");
        return false;
    }
    if (answer->deed == OFFER_ACCEPT && !span_is_str(request_form(r, "accept"), "1")) {
        sheet_lead_to(r, "offer", "e=terms");
        return false;
    }
    if (answer->deed == OFFER_COUNTER && !read_counter(r, answer)) {
        sheet_lead_to(r, "offer", "e=counter");
        return false;
    }
    if (answer->deed == OFFER_DECLINE)
        answer->decline_reason = read_reason(request_form(r, "reason"));
    return true;
}

void offer_sheet_take(struct request *r)
{
    struct offer_answer_options options = {.terms_version = request_form(r, "terms")};
    struct form_token token;
    struct err err = {0};
    if (!page_form_take(r, FORM_OFFER, &options.link, &token) || !read_answer(r, &options.answer))
        return;
    struct answer_job *job = request_alloc(r, sizeof(*job));
    job->request = r;
    options.answer.form_nonce = span_str(token.nonce);
    options.page = page_form_page(r);
    if (!language_find(request_form(r, "in"), &options.language))
        options.language = LANGUAGE_POLISH;
    if (offer_answer_begin(r->world, &options, on_answered, job, &job->flow, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_visitor_gone, job);
}
