/* What is shown: the plan there is; else why there can be none; else the plan that the query names,
 * with its terms and the form that agrees to it; else the choice. */
#include "http/plan_sheet.h"

#include "flow/plan_accept.h"
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
    PARTS_DIGITS_MAX = 3,
};

/* ---- small values ---- */

/* 0 for what is no such number. */
static int64_t read_count(struct span text)
{
    int64_t count = 0;
    if (text.len == 0 || text.len > PARTS_DIGITS_MAX)
        return 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9')
            return 0;
        count = count * 10 + (text.base[i] - '0');
    }
    return count;
}

static json_t *day_json(struct date day)
{
    char text[11];
    date_print(day, text);
    return json_string(text);
}

/* A date with blanks that break: with large letters there is no room for a whole one. */
static json_t *loose_date(const struct sheet *s, struct date day)
{
    static const char tight[] = "\u00a0";
    json_t *date = sheet_date(s, day);
    struct buf text;
    buf_init(&text, 256);
    for (const char *at = json_string_value(date); *at != '\0';) {
        bool is_tight = strncmp(at, tight, sizeof(tight) - 1) == 0;
        buf_add_char(&text, is_tight ? ' ' : *at);
        at += is_tight ? sizeof(tight) - 1 : 1;
    }
    json_decref(date);
    date = json_stringn(buf_span(&text).base, buf_span(&text).len);
    buf_release(&text);
    return date;
}

static void set_count(const struct sheet *s, json_t *values, int64_t count)
{
    static const char *const plurals[] = {
        [PLURAL_ONE] = "one", [PLURAL_FEW] = "few", [PLURAL_MANY] = "many"};
    json_object_set_new(values, "count", json_integer(count));
    for (int i = PLURAL_ONE; i <= PLURAL_MANY; ++i)
        json_object_set_new(values, plurals[i],
                            json_boolean((int)page_language_plural(s->language, count) == i));
}

static void set_note(struct sheet *s, const char *name, const char *tone)
{
    char word[64];
    snprintf(word, sizeof(word), "%s_title", name);
    sheet_set_word(s, "note_title", "plan_note_", word);
    snprintf(word, sizeof(word), "%s_text", name);
    sheet_set_word(s, "note_text", "plan_note_", word);
    sheet_set(s, "note_tone", span_str(tone));
}

/* Why the form was not taken. */
static void set_refused_form(struct sheet *s)
{
    static const char *const names[] = {"other", "changed", "terms", "count", "small_part", "date"};
    struct span why = request_query(s->request, "e");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (span_is_str(why, names[i]))
            set_note(s, names[i], "warn");
}

/* ---- the plan there is ---- */

static json_t *kept_part(const struct sheet *s, const json_t *part, size_t no, struct span currency)
{
    struct date due = {0};
    const char *day = json_string_value(json_object_get(part, "due_date"));
    bool is_date = page_form_date(span_str(day), &due);
    assert(is_date); /* the database wrote it */
    return json_pack(
        "{s:I, s:o, s:o, s:O, s:O}", "no", (json_int_t)no, "date", loose_date(s, due), "amount",
        sheet_amount(s, json_integer_value(json_object_get(part, "amount_minor")), currency),
        "is_paid", json_object_get(part, "is_paid"), "is_missed",
        json_object_get(part, "is_missed"));
}

/* Numbers run on over the plans of a debt; its customer counts from one. A part of which nothing is
 * left to agree on is not shown. */
static json_t *kept_parts(const struct sheet *s, struct span text, struct span currency)
{
    json_t *parts = json_array(), *read = json_loadb(text.base, text.len, 0, NULL), *part;
    size_t i;
    json_array_foreach(read, i, part)
    {
        if (json_integer_value(json_object_get(part, "amount_minor")) == 0)
            continue;
        json_array_append_new(parts, kept_part(s, part, i + 1, currency));
    }
    json_decref(read);
    return parts;
}

static void show_kept(struct sheet *s, const struct debt *debt, const struct agreed_plan *plan)
{
    bool is_asked = span_is_str(plan->state, "asked");
    bool is_done = span_is_str(request_query(s->request, "done"), "1");
    const char *name = is_asked ? "asked" : is_done ? "done" : "kept";
    char word[32];
    snprintf(word, sizeof(word), "%s_title", name);
    sheet_set_word(s, "kept_title", "plan_", word);
    if (is_asked) {
        sheet_set_true(s, "is_asked");
        sheet_set_date(s, "answer_by", plan->answer_by);
    } else {
        sheet_set_true(s, is_done ? "is_done" : "is_kept");
    }
    json_object_set_new(s->values, "parts", kept_parts(s, plan->parts, debt->currency));
    set_refused_form(s);
    sheet_reply(s, 200, SHEET_plan_kept);
}

/* ---- why there can be none ---- */

/* Whatever else is offered is a way on. */
static void set_way_on(struct sheet *s)
{
    const struct page_help *help = &s->request->world->help;
    const char *path = help->has_contact    ? "contact"
                       : help->has_promises ? "promise"
                       : help->has_disputes ? "dispute"
                                            : NULL;
    if (path == NULL)
        return;
    json_object_set_new(s->values, "next", json_sprintf("/%.*s/%s", SPAN_ARG(s->code), path));
    sheet_set_word(s, "next_text", "help_", path);
}

static void show_refusal(struct sheet *s, enum plan_refusal refusal)
{
    char name[48];
    if (refusal == PLAN_REFUSED_PAID) {
        sheet_reply_answer(s, 200, "settled", "good", NULL);
        return;
    }
    if (refusal != PLAN_REFUSED_IN_FLIGHT && refusal != PLAN_REFUSED_DISPUTED)
        set_way_on(s);
    snprintf(name, sizeof(name), "plan_%s", plan_refusal_name(refusal));
    sheet_reply_answer(s, 200, name, "info", NULL);
}

/* ---- the choice ---- */

/* What is looked at, and what there is to choose from. */
struct choice {
    const struct plan_policy *policy;
    struct plan_facts facts;
    struct span currency;
    struct date days[2 * PLAN_DAYS_MAX];
    int day_count;
    int64_t count; /* as asked for; 0: not, or nonsense */
    struct date first;
    bool has_first, is_typed; /* typed: not one of the days that are offered */
};

/* A card: so many parts of so much, as if the first one were due on `first`. */
static json_t *count_json(const struct sheet *s, const struct choice *c,
                          const struct plan_offer *offer)
{
    json_t *card = json_object();
    int64_t cost = offer->total_minor - offer->debt_minor;
    set_count(s, card, offer->part_count);
    /* The larger ones of those that are equal. */
    int64_t part = offer->parts[c->policy->first_percent == 0 ? 0 : 1].amount_minor;
    json_object_set_new(card, "part", sheet_amount(s, part, c->currency));
    if (c->policy->first_percent != 0)
        json_object_set_new(card, "first_part",
                            sheet_amount(s, offer->parts[0].amount_minor, c->currency));
    if (cost > 0) {
        json_object_set_new(card, "cost", sheet_amount(s, cost, c->currency));
        json_object_set_new(card, "card_total", sheet_amount(s, offer->total_minor, c->currency));
    }
    json_object_set_new(card, "is_chosen", json_boolean(offer->part_count == c->count));
    return card;
}

static json_t *counts_json(const struct sheet *s, const struct choice *c)
{
    json_t *cards = json_array();
    struct date first = c->day_count > 0 ? c->days[0] : plan_first_from(c->policy, &c->facts);
    for (int32_t count = c->policy->parts_min; count <= c->policy->parts_max; ++count) {
        struct plan_offer offer;
        if (plan_offer(c->policy, &c->facts, count, first, &offer) == PLAN_OFFERED)
            json_array_append_new(cards, count_json(s, c, &offer));
    }
    return cards;
}

static json_t *days_json(const struct sheet *s, const struct choice *c)
{
    json_t *cards = json_array();
    for (int i = 0; i < c->day_count; ++i) {
        struct date due = plan_due_day(c->policy, c->days[i]);
        json_t *card = json_pack("{s:o, s:o}", "value", day_json(c->days[i]), "day",
                                 loose_date(s, c->days[i]));
        if (date_compare(due, c->days[i]) != 0)
            json_object_set_new(card, "moved", loose_date(s, due));
        bool is_chosen = c->has_first ? date_compare(c->first, c->days[i]) == 0 : i == 0;
        json_object_set_new(card, "is_chosen", json_boolean(is_chosen));
        json_array_append_new(cards, card);
    }
    return cards;
}

/* The fewest parts where none is asked for that there is. */
static void choose_one(json_t *cards)
{
    size_t i;
    json_t *card;
    json_array_foreach(cards, i, card) if (json_is_true(json_object_get(card, "is_chosen"))) return;
    if (json_array_size(cards) > 0)
        json_object_set_new(json_array_get(cards, 0), "is_chosen", json_true());
}

/* That the last one was not agreed is told once: until there is another. */
static void set_last(struct sheet *s, const PGresult *more)
{
    struct agreed_plan last;
    if (json_object_get(s->values, "note_title") != NULL || !agreed_plan_take_one(more, 0, &last) ||
        !(span_is_str(last.state, "refused") || span_is_str(last.state, "broken")))
        return;
    set_note(s, span_is_str(last.state, "broken") ? "broken" : "refused", "info");
}

static void show_choice(struct sheet *s, const struct choice *c, const PGresult *more)
{
    struct date from = plan_first_from(c->policy, &c->facts);
    struct date to = plan_first_to(c->policy, &c->facts);
    json_t *counts = counts_json(s, c);
    choose_one(counts);
    json_object_set_new(s->values, "counts", counts);
    json_object_set_new(s->values, "days", days_json(s, c));
    json_object_set_new(s->values, "from", day_json(from));
    json_object_set_new(s->values, "to", day_json(to));
    json_object_set_new(s->values, "from_shown", loose_date(s, from));
    json_object_set_new(s->values, "to_shown", loose_date(s, to));
    if (c->has_first && c->is_typed)
        json_object_set_new(s->values, "typed", day_json(c->first));
    if (c->policy->interest_hundredths != 0)
        sheet_set_true(s, "is_about");
    set_last(s, more);
    sheet_reply(s, 200, SHEET_plan);
}

/* ---- one plan, to be agreed ---- */

static void set_terms(struct sheet *s)
{
    const struct terms terms = plan_terms_of(s->request->world, s->language);
    char version[TEXT_VERSION_LEN + 1];
    text_version_print(terms.language, terms.text, version);
    sheet_set(s, "terms", terms.text);
    sheet_set(s, "terms_version", span_str(version));
    sheet_set(s, "terms_shown", span_of(version, VERSION_SHOWN));
    sheet_set(s, "terms_language", terms.language);
    if (terms.text.len <= TERMS_OPEN_MAX)
        sheet_set_true(s, "terms_open");
}

static void set_parts(struct sheet *s, const struct choice *c, const struct plan_offer *offer)
{
    json_t *parts = json_array();
    for (int i = 0; i < offer->part_count; ++i)
        json_array_append_new(
            parts,
            json_pack("{s:i, s:o, s:o}", "no", i + 1, "date", loose_date(s, offer->parts[i].due),
                      "amount", sheet_amount(s, offer->parts[i].amount_minor, c->currency)));
    json_object_set_new(s->values, "parts", parts);
    set_count(s, s->values, offer->part_count);
}

static void set_cost(struct sheet *s, const struct choice *c, const struct plan_offer *offer)
{
    int64_t cost = offer->total_minor - offer->debt_minor;
    sheet_set_amount(s, "debt", offer->debt_minor, c->currency);
    sheet_set_amount(s, "total", offer->total_minor, c->currency);
    json_object_set_new(s->values, "total_minor", json_integer(offer->total_minor));
    if (offer->fee_minor > 0)
        sheet_set_amount(s, "fee", offer->fee_minor, c->currency);
    if (offer->interest_minor > 0)
        sheet_set_amount(s, "interest", offer->interest_minor, c->currency);
    if (offer->interest_minor > 0) {
        struct buf rate;
        buf_init(&rate, 32);
        buf_printf(&rate, "%" PRId32 "%s%02" PRId32, c->policy->interest_hundredths / 100,
                   s->language == LANGUAGE_ENGLISH ? "." : ",",
                   c->policy->interest_hundredths % 100);
        sheet_set(s, "rate", buf_span(&rate));
        buf_release(&rate);
    }
    if (cost > 0)
        sheet_set_amount(s, "cost", cost, c->currency);
}

static void show_plan(struct sheet *s, const struct choice *c, const struct plan_offer *offer,
                      const struct debt *debt)
{
    char day[11];
    date_print(c->first, day);
    set_parts(s, c, offer);
    set_cost(s, c, offer);
    set_terms(s);
    sheet_set_token(s, "token", FORM_PLAN);
    sheet_set_version(s, debt);
    sheet_set(s, "first", span_str(day));
    if (c->policy->first_percent != 0)
        json_object_set_new(s->values, "percent", json_integer(c->policy->first_percent));
    if (c->policy->keeps_working_days)
        sheet_set_true(s, "has_working_days");
    if (offer->needs_approval) {
        sheet_set_true(s, "needs_approval");
        sheet_set_date(s, "answer_by", offer->answer_by);
    }
    json_object_set_new(s->values, "keep",
                        json_sprintf("&parts=%" PRId32 "&first=%s", offer->part_count, day));
    sheet_reply(s, 200, SHEET_plan_offer);
}

/* ---- which of them ---- */

/* A typed day goes before those that are offered, one of which is always marked. */
static void read_choice(struct sheet *s, struct choice *c)
{
    struct request *r = s->request;
    c->count = read_count(request_query(r, "parts"));
    c->is_typed = request_query(r, "date").len != 0;
    c->has_first = page_form_date(request_query(r, c->is_typed ? "date" : "first"), &c->first);
    c->day_count = plan_first_days(c->policy, &c->facts, c->days);
    bool is_offered = false;
    for (int i = 0; i < c->day_count; ++i)
        is_offered = is_offered || date_compare(c->days[i], c->first) == 0;
    c->is_typed = c->has_first && !is_offered;
}

static void show_new(struct sheet *s, struct choice *c, const struct debt *debt,
                     const PGresult *more)
{
    struct plan_offer offer;
    read_choice(s, c);
    bool is_asked_for = request_query(s->request, "parts").len != 0;
    enum plan_refusal refusal = plan_offer(c->policy, &c->facts, c->count, c->first, &offer);
    set_refused_form(s);
    if (is_asked_for && refusal == PLAN_OFFERED) {
        show_plan(s, c, &offer, debt);
        return;
    }
    if (is_asked_for && json_object_get(s->values, "note_title") == NULL)
        set_note(s, plan_refusal_name(refusal), "warn");
    show_choice(s, c, more);
}

static void show(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct sheet s = sheet_new(r, debt, "plan");
    struct agreed_plans plans;
    struct agreed_plan plan;
    agreed_plan_take(more, &plans);
    struct choice c = {.facts = plan_facts_of(debt, &plans), .currency = debt->currency};
    c.policy =
        plan_policy_of(r->world->plans.policies, r->world->plans.policy_count, &c.facts.debt);
    enum plan_refusal refusal = plan_may(c.policy, &c.facts);
    if (refusal == PLAN_OFFERED)
        show_new(&s, &c, debt, more);
    else if (refusal == PLAN_REFUSED_HAS_PLAN && agreed_plan_take_one(more, 0, &plan))
        show_kept(&s, debt, &plan);
    else
        show_refusal(&s, refusal);
}

void plan_sheet_show(struct request *r)
{
    sheet_open(r, agreed_plan_read_of, show);
}

/* ---- the form ---- */

struct accept_job {
    struct request *request;
    struct plan_accept *flow;
    int64_t count;
    struct date first;
};

static void on_visitor_gone(void *owner)
{
    plan_accept_forget(((struct accept_job *)owner)->flow);
}

/* Back to the plan of the form, with a word why it was not taken. */
static void lead_back(struct request *r, int64_t count, struct date first, const char *why)
{
    char query[96], day[11] = "";
    if (date_is_valid(first))
        date_print(first, day);
    snprintf(query, sizeof(query), "parts=%" PRId64 "&first=%s&e=%s", count, day, why);
    sheet_lead_to(r, "plan", query);
}

static void lead_on(const struct accept_job *job, const struct plan_accept_outcome *outcome)
{
    if (outcome->result == PLAN_ACCEPT_DONE) {
        sheet_lead_to(job->request, "plan", "done=1");
    } else if (outcome->result == PLAN_ACCEPT_CHANGED) {
        lead_back(job->request, job->count, job->first, "changed");
    } else if (outcome->refusal == PLAN_REFUSED_HAS_PLAN) {
        sheet_lead_to(job->request, "plan", "e=other");
    } else if (outcome->refusal >= PLAN_REFUSED_COUNT) {
        lead_back(job->request, job->count, job->first, plan_refusal_name(outcome->refusal));
    } else {
        sheet_lead_to(job->request, "plan", ""); /* which says why there can be none */
    }
}

static void on_accepted(void *owner, const struct plan_accept_outcome *outcome,
                        const struct err *err)
{
    struct accept_job *job = owner;
    if (!sheet_reply_failed(job->request, err, outcome->result == PLAN_ACCEPT_NOWHERE,
                            outcome->result == PLAN_ACCEPT_REVOKED))
        lead_on(job, outcome);
}

static struct plan_accept_options options_of(struct request *r, const struct accept_job *job)
{
    struct plan_accept_options options = {
        .part_count = job->count,
        .first = job->first,
        .terms_version = request_form(r, "terms"),
        .page = page_form_page(r),
        .version = request_form(r, "version"),
        .is_current = sheet_is_current,
    };
    if (!page_form_amount(request_form(r, "total"), &options.total_minor))
        options.total_minor = 0;
    if (!language_find(request_form(r, "in"), &options.language))
        options.language = LANGUAGE_POLISH;
    return options;
}

void plan_sheet_take(struct request *r)
{
    struct paylink_id link;
    struct form_token token;
    struct err err = {0};
    if (!page_form_take(r, FORM_PLAN, &link, &token))
        return;
    struct accept_job *job = request_alloc(r, sizeof(*job));
    job->request = r;
    job->count = read_count(request_form(r, "parts"));
    if (!page_form_date(request_form(r, "first"), &job->first))
        job->first = (struct date){0};
    if (!span_is_str(request_form(r, "accept"), "1")) {
        lead_back(r, job->count, job->first, "terms");
        return;
    }
    struct plan_accept_options options = options_of(r, job);
    options.link = link;
    options.form_nonce = span_str(token.nonce);
    if (plan_accept_begin(r->world, &options, on_accepted, job, &job->flow, &err) != 0) {
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_visitor_gone, job);
}
