#include "http/contact.h"

#include "domain/call_time.h"
#include "flow/debt_change.h"
#include "http/page_form.h"
#include "http/pages.h"
#include "http/sheet.h"
#include "store/contact_store.h"

#include <stdio.h>
#include <stdlib.h>

enum purpose { PURPOSE_CALL = 0, PURPOSE_CHANNEL, PURPOSE_LANGUAGE, PURPOSE_REFUSE, PURPOSE_COUNT };

static const char *const purposes[PURPOSE_COUNT] = {"call", "channel", "language", "refuse"};

/* ---- what can be chosen ---- */

/* What the creditor sends by. */
static bool is_a_way(const struct world *world, enum contact_channel channel)
{
    if (channel == CONTACT_PUSH)
        return world->reach.app_count > 0;
    for (size_t i = 0; i < world->reach.way_count; ++i)
        if (span_is_str(world->reach.ways[i], contact_channel_name(channel)))
            return true;
    return false;
}

/* What was refused altogether is for the creditor to open again. */
static bool is_offered(const struct world *world, const struct contact_look *look,
                       enum contact_channel channel)
{
    return is_a_way(world, channel) && (look->opted_out >> channel & 1) == 0;
}

static size_t times_of(const struct world *world, const struct debt *debt,
                       const struct contact_look *look, struct call_time out[CALL_TIMES_MAX])
{
    const struct call_hours hours = {world->reminders.window_from_second,
                                     world->reminders.window_to_second,
                                     world->reminders.window_weekdays};
    return call_times(&hours, debt->today, look->second_of_day, out);
}

static bool find_time(const struct world *world, const struct debt *debt,
                      const struct contact_look *look, struct span value, struct call_time *found)
{
    struct call_time times[CALL_TIMES_MAX];
    size_t count = times_of(world, debt, look, times);
    for (size_t i = 0; i < count; ++i) {
        char text[CALL_TIME_VALUE_MAX];
        call_time_print_value(&times[i], text);
        *found = times[i];
        if (span_is_str(value, text))
            return true;
    }
    return false;
}

/* ---- showing ---- */

static json_t *word_json(const struct sheet *s, const char *before, const char *name)
{
    struct span word = page_word(s->request, s->language, before, name);
    return word.len == 0 ? json_string("") : json_stringn(word.base, word.len);
}

static json_t *day_json(const struct sheet *s, struct date day, struct date today)
{
    int32_t ahead = date_days_between(today, day);
    return ahead == 0   ? word_json(s, "contact_", "today")
           : ahead == 1 ? word_json(s, "contact_", "tomorrow")
                        : sheet_date(s, day);
}

static json_t *clock_json(int32_t second)
{
    char text[8];
    snprintf(text, sizeof(text), "%d:%02d", (int)(second / 3600), (int)(second % 3600 / 60));
    return json_string(text);
}

static void set_times(struct sheet *s, const struct debt *debt, const struct contact_look *look)
{
    struct call_time times[CALL_TIMES_MAX];
    size_t count = times_of(s->request->world, debt, look, times);
    json_t *list = json_array();
    for (size_t i = 0; i < count; ++i) {
        char value[CALL_TIME_VALUE_MAX];
        call_time_print_value(&times[i], value);
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o, s:o, s:o}", "value", value, "day",
                      day_json(s, times[i].day, debt->today), "part",
                      word_json(s, "contact_part_", call_part_name(times[i].part)), "from",
                      clock_json(times[i].from_second), "to", clock_json(times[i].to_second)));
    }
    json_object_set_new(s->values, "times", list);
}

/* "2026-12-01 08:00-12:00", as it stands on the call list. */
static void set_asked(struct sheet *s, const struct debt *debt, struct span when)
{
    struct date day;
    if (when.len < 11 || !page_form_date(span_of(when.base, 10), &day))
        return;
    sheet_set_true(s, "is_asked");
    json_object_set_new(s->values, "asked_day", day_json(s, day, debt->today));
    sheet_set(s, "asked_hours", span_from(when, 11));
}

static void set_call(struct sheet *s, const struct debt *debt, const struct contact_look *look)
{
    if (debt->due_minor <= 0)
        return;
    sheet_set_true(s, "has_call");
    if (look->asked_call.len > 0)
        set_asked(s, debt, look->asked_call);
    else if (look->has_phone)
        set_times(s, debt, look);
    else
        sheet_set_true(s, "has_no_phone");
}

static void set_channels(struct sheet *s, const struct contact_look *look)
{
    json_t *likes = json_array(), *refusals = json_array();
    for (int i = 0; i < CONTACT_CHANNEL_COUNT; ++i) {
        enum contact_channel channel = (enum contact_channel)i;
        const char *name = contact_channel_name(channel);
        if (!is_offered(s->request->world, look, channel))
            continue;
        json_array_append_new(likes, json_pack("{s:s, s:o, s:b}", "value", name, "label",
                                               word_json(s, "contact_channel_", name), "is_chosen",
                                               (int)(look->preferred == channel)));
        json_array_append_new(refusals,
                              json_pack("{s:s, s:o, s:b}", "value", name, "label",
                                        word_json(s, "contact_channel_", name), "is_chosen",
                                        (int)(look->notices_only >> channel & 1)));
    }
    if (json_array_size(likes) > 0)
        sheet_set_true(s, "has_channels");
    if (look->preferred == CONTACT_NONE)
        sheet_set_true(s, "likes_any");
    json_object_set_new(s->values, "likes", likes);
    json_object_set_new(s->values, "refusals", refusals);
}

/* What the customer has, not what this visit speaks. */
static void set_languages(struct sheet *s, struct span of_customer)
{
    json_t *list = json_array();
    for (int i = 0; i < LANGUAGE_COUNT; ++i) {
        const char *code = language_code((enum language)i);
        json_array_append_new(list, json_pack("{s:s, s:o, s:b}", "value", code, "label",
                                              word_json(s, "contact_language_", code), "is_chosen",
                                              (int)span_is_str(of_customer, code)));
    }
    json_object_set_new(s->values, "spoken", list);
}

static void set_done(struct sheet *s)
{
    struct span done = request_query(s->request, "done");
    for (int i = 0; i < PURPOSE_COUNT; ++i)
        if (span_is_str(done, purposes[i]))
            sheet_set_word(s, "done_text", "contact_done_", purposes[i]);
}

static void reply_sheet(struct request *r, const struct debt *debt, const PGresult *more)
{
    struct contact_look look;
    struct sheet s = sheet_new(r, debt, "contact");
    contact_look_read(more, &look);
    set_done(&s);
    set_call(&s, debt, &look);
    set_channels(&s, &look);
    set_languages(&s, debt->language);
    sheet_set_token(&s, "token", FORM_CONTACT);
    sheet_reply(&s, 200, SHEET_wishes);
}

void contact_show(struct request *r)
{
    sheet_open(r, contact_look_begin, reply_sheet);
}

/* ---- taking ---- */

struct contact_job {
    struct request *request; /* null when gone: the wish is kept */
    const struct world *world;
    struct paylink_id link;
    enum purpose purpose;
    enum contact_channel preferred;
    enum language language;
    uint8_t refused;
    char when[CALL_TIME_VALUE_MAX];
    bool is_repeated;
};

static void on_gone(void *owner)
{
    ((struct contact_job *)owner)->request = NULL;
}

static uint8_t read_refusals(struct request *r)
{
    uint8_t refused = 0;
    for (int i = 0; i < CONTACT_CHANNEL_COUNT; ++i) {
        char name[32];
        snprintf(name, sizeof(name), "refuse_%s", contact_channel_name((enum contact_channel)i));
        if (request_form(r, name).len > 0)
            refused |= (uint8_t)(1u << i);
    }
    return refused;
}

/* False for what our page does not send. */
static bool read_wish(struct request *r, struct contact_job *job)
{
    struct span purpose = request_form(r, "purpose"), channel = request_form(r, "channel"),
                when = request_form(r, "when");
    int at = 0;
    while (at < PURPOSE_COUNT && !span_is_str(purpose, purposes[at]))
        ++at;
    job->purpose = (enum purpose)at;
    switch (at) {
    case PURPOSE_CALL:
        snprintf(job->when, sizeof(job->when), "%.*s", SPAN_ARG(when));
        return when.len > 0 && when.len < sizeof(job->when);
    case PURPOSE_CHANNEL:
        job->preferred = contact_channel_find(channel);
        return channel.base != NULL && (channel.len == 0 || job->preferred != CONTACT_NONE);
    case PURPOSE_LANGUAGE:
        return language_find(request_form(r, "language"), &job->language);
    case PURPOSE_REFUSE:
        job->refused = read_refusals(r);
        return true;
    default:
        return false;
    }
}

static bool decide_call(struct contact_job *job, const struct debt *debt,
                        const struct contact_look *look, struct pg_tx *tx)
{
    struct call_time time;
    char text[CALL_TIME_TEXT_MAX];
    job->is_repeated = look->asked_call.len > 0;
    if (job->is_repeated || debt->due_minor <= 0 || !look->has_phone ||
        !find_time(job->world, debt, look, span_str(job->when), &time))
        return false;
    call_time_print(&time, text);
    contact_add_call(tx, debt, span_str(text), job->world->now());
    return true;
}

static bool decide_channel(const struct contact_job *job, const struct debt *debt,
                           const struct contact_look *look, struct pg_tx *tx)
{
    if (job->preferred != CONTACT_NONE && !is_offered(job->world, look, job->preferred))
        return false;
    contact_add_change(
        tx,
        &(struct contact_change){.link = job->link,
                                 .has_preferred = true,
                                 .preferred = job->preferred == CONTACT_NONE
                                                  ? span_of(NULL, 0)
                                                  : span_str(contact_channel_name(job->preferred)),
                                 .by = SPAN_LIT("link"),
                                 .page = {.name = debt->page},
                                 .now = job->world->now()},
        NULL);
    return true;
}

/* What is ticked is for notices only, what is not is open again, of the channels that were offered.
 */
static bool decide_refusals(const struct contact_job *job, const struct debt *debt,
                            const struct contact_look *look, struct pg_tx *tx)
{
    struct span refused[CONTACT_CHANNEL_COUNT], opened[CONTACT_CHANNEL_COUNT];
    size_t refused_count = 0, opened_count = 0;
    for (int i = 0; i < CONTACT_CHANNEL_COUNT; ++i) {
        struct span name = span_str(contact_channel_name((enum contact_channel)i));
        if (!is_offered(job->world, look, (enum contact_channel)i))
            continue;
        if ((job->refused >> i & 1) != 0)
            refused[refused_count++] = name;
        else if ((look->notices_only >> i & 1) != 0)
            opened[opened_count++] = name;
    }
    contact_add_change(tx,
                       &(struct contact_change){.link = job->link,
                                                .notices_only = refused,
                                                .notices_only_count = refused_count,
                                                .opted_in = opened,
                                                .opted_in_count = opened_count,
                                                .by = SPAN_LIT("link"),
                                                .page = {.name = debt->page},
                                                .now = job->world->now()},
                       NULL);
    return true;
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    struct contact_job *job = owner;
    struct contact_look look;
    (void)on_result;
    contact_look_read(more, &look);
    switch (job->purpose) {
    case PURPOSE_CALL:
        return decide_call(job, debt, &look, tx);
    case PURPOSE_CHANNEL:
        return decide_channel(job, debt, &look, tx);
    case PURPOSE_REFUSE:
        return decide_refusals(job, debt, &look, tx);
    default:
        contact_add_language(tx, debt, span_str(language_code(job->language)), job->world->now());
        return true;
    }
}

/* The times moved on, the debt was paid, a channel was closed: nothing was kept. */
static void on_refused(struct request *r, const struct debt *debt, const PGresult *more)
{
    (void)more;
    struct sheet s = sheet_new(r, debt, "contact");
    if (debt->due_minor <= 0)
        sheet_reply_answer(&s, 409, "settled", "good", NULL);
    else
        sheet_reply_answer(&s, 409, "changed", "warn", "contact");
}

static void on_done(void *owner, enum debt_change_result result, const struct err *err)
{
    struct contact_job *job = owner;
    struct request *r = job->request;
    char query[24];
    bool is_done = result == DEBT_CHANGE_SAVED || job->is_repeated;
    snprintf(query, sizeof(query), "done=%s", purposes[job->purpose]);
    free(job);
    if (r == NULL ||
        sheet_reply_failed(r, err, result == DEBT_CHANGE_NOWHERE, result == DEBT_CHANGE_REVOKED))
        return;
    if (is_done)
        sheet_lead_to(r, "contact", query);
    else
        sheet_open(r, NULL, on_refused);
}

void contact_take(struct request *r)
{
    struct form_token token;
    struct contact_job wish = {.request = r, .world = r->world};
    struct err err = {0};
    if (!page_form_take(r, FORM_CONTACT, &wish.link, &token))
        return;
    if (!read_wish(r, &wish)) {
        page_reply_notice(r, PAGE_NOTICE_FORM, r->params[0]);
        return;
    }
    struct contact_job *job = malloc(sizeof(*job));
    if (job == NULL)
        abort();
    *job = wish;
    const struct debt_change_options options = {.link = job->link,
                                                .page = page_form_page(r),
                                                .more = contact_look_begin,
                                                .decide = decide,
                                                .on_done = on_done,
                                                .owner = job};
    if (debt_change_begin(r->world, &options, &err) != 0) {
        free(job);
        page_reply_notice(r, PAGE_NOTICE_DOWN, r->params[0]);
        return;
    }
    request_on_gone(r, on_gone, job);
}
