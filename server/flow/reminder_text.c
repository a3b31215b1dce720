#include "flow/reminder_text.h"

#include "base/json.h"
#include "domain/mail_html.h"
#include "flow/message_text.h"
#include "flow/message_texts.h"
#include "flow/world.h"
#include "store/reminder_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS_MAX = 64, COLUMNS_BYTES_MAX = 64 * 1024, LINKS_MAX = MESSAGE_DEBTS_MAX + 2 };

struct reminder_texts {
    struct message_texts *texts;
    struct reminder_proposal proposal;
    struct demand_terms demand;
    bool is_awaited;
};

struct reminder_texts *reminder_texts_new(struct err *err)
{
    struct message_texts *compiled = message_texts_new(err);
    if (compiled == NULL)
        return NULL;
    struct reminder_texts *texts = calloc(1, sizeof(*texts));
    if (texts == NULL)
        abort();
    texts->texts = compiled;
    texts->proposal = (struct reminder_proposal){.count = 3, .first_days = 7};
    texts->demand = (struct demand_terms){.working_days = DEMAND_WORKING_DAYS_MIN};
    return texts;
}

void reminder_texts_free(struct reminder_texts *texts)
{
    message_texts_free(texts->texts);
    free(texts);
}

void reminder_texts_store(struct reminder_texts *texts, const PGresult *rows)
{
    message_texts_store_rows(texts->texts, rows);
    texts->is_awaited = false;
}

void reminder_texts_await(struct reminder_texts *texts)
{
    texts->is_awaited = true;
}

bool reminder_texts_are_awaited(const struct reminder_texts *texts)
{
    return texts->is_awaited;
}

void reminder_texts_propose(struct reminder_texts *texts, struct reminder_proposal proposal)
{
    texts->proposal = proposal;
}

void reminder_texts_demand(struct reminder_texts *texts, struct demand_terms terms)
{
    texts->demand = terms;
}

struct demand_dates reminder_texts_demand_dates(const struct reminder_texts *texts,
                                                struct date today)
{
    return demand_dates(&texts->demand, today);
}

/* "pl/demand", "pl/demand.firm 3". */
bool reminder_text_is_demand(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash != NULL && strncmp(slash + 1, "demand", 6) == 0 &&
           strchr(". ", slash[7]) != NULL; /* the end, too */
}

void reminder_text_init(struct reminder_text *text)
{
    *text = (struct reminder_text){.version = 0};
    buf_init(&text->title, MESSAGE_TITLE_MAX);
    buf_init(&text->body, MESSAGE_BODY_MAX);
    buf_init(&text->html, MAIL_HTML_MAX);
}

void reminder_text_release(struct reminder_text *text)
{
    buf_release(&text->title);
    buf_release(&text->body);
    buf_release(&text->html);
}

/* ---- which text ---- */

/* "thanks_3" is the thank-you for the third payment, "paid_x" a step anchored on it. */
static bool is_thanks(const struct reminder_claimed *claimed)
{
    struct span step = span_str(claimed->key.step);
    return span_starts(step, SPAN_LIT("thanks")) || span_starts(step, SPAN_LIT("paid_")) ||
           span_is_str(claimed->text_name, "thanks");
}

/* Told of a plan without a scenario's step (migration 0081). */
static const struct span plan_texts[] = {{"plan_agreed", 11}, {"plan_broken", 11}};
/* Of no scenario: "offer_2" tells of the second offer, "demand_1" is the first demand,
 * "answered_dispute_1" tells of the answer to the first dispute. */
static const struct span numbered_texts[] = {{"offer", 5}, {"demand", 6}, {"answered", 8}};

static bool is_numbered(struct span step, struct span name)
{
    return step.len > name.len && span_starts(step, name) && step.base[name.len] == '_';
}

/* Without a name of its own it is called like the step; "due+1" is a later place of "due". */
static struct span own_name(const struct reminder_claimed *claimed)
{
    struct span step = span_str(claimed->key.step);
    if (claimed->text_name.len > 0)
        return claimed->text_name;
    if (is_thanks(claimed))
        return SPAN_LIT("thanks");
    for (int i = 0; i < 2; ++i) /* "plan_agreed_2" is told of the second plan */
        if (span_starts(step, plan_texts[i]))
            return plan_texts[i];
    for (size_t i = 0; claimed->tone.len == 0 && i < 3; ++i)
        if (is_numbered(step, numbered_texts[i]))
            return numbered_texts[i];
    const char *plus = memchr(step.base, '+', step.len);
    return plus == NULL ? step : span_of(step.base, (size_t)(plus - step.base));
}

bool reminder_text_may_be_refused(const struct reminder_claimed *claimed)
{
    return message_is_refusable(own_name(claimed));
}

/* Whoever has paid all is thanked for the first: nobody is asked for money by mistake. */
static struct span text_name(const struct reminder_claimed *claimed, size_t count, bool is_neutral)
{
    if (is_neutral)
        return is_thanks(claimed) ? SPAN_LIT("neutral_thanks") : SPAN_LIT("neutral");
    return count > 1 && !is_thanks(claimed) ? SPAN_LIT("merged") : own_name(claimed);
}

/* A reminder and a thank-you never share a message. */
static bool are_alike(const struct reminder_claimed *debts, size_t count)
{
    for (size_t i = 1; i < count; ++i)
        if (is_thanks(&debts[i]) != is_thanks(&debts[0]))
            return false;
    return true;
}

static int find(const struct reminder_texts *texts, const struct reminder_claimed *claimed,
                size_t count, bool is_neutral, enum message_channel *channel,
                struct message_choice *choice, struct err *err)
{
    struct message_wish wish = {.template = text_name(claimed, count, is_neutral),
                                .tone = MESSAGE_NEUTRAL,
                                .language = LANGUAGE_POLISH};
    (void)language_find(claimed->language, &wish.language);
    (void)language_find(claimed->device_language, &wish.language);
    (void)message_tone_find(claimed->tone, &wish.tone);
    if (!message_channel_find(claimed->channel, &wish.channel))
        return err_set(err, ERR_INPUT, "there are no texts for the channel %.*s",
                       SPAN_ARG(claimed->channel));
    *channel = wish.channel;
    if (message_texts_find(texts->texts, &wish, choice))
        return 0;
    return err_set(err, ERR_INPUT, "the template %.*s has no text for %s", SPAN_ARG(wish.template),
                   message_channel_name(wish.channel));
}

/* ---- what it is about ---- */

static const struct json_limits json_limits = {.bytes_max = COLUMNS_BYTES_MAX, .depth_max = 3};

static struct span link_of(const struct reminder_words *words, size_t at)
{
    return words->links != NULL ? words->links[at] : at == 0 ? words->link : (struct span){"", 0};
}

static int64_t int_in(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* As reminder_claim writes it. */
static void read_plan(const json_t *written, struct message_plan *plan)
{
    size_t i;
    json_t *part;
    *plan = (struct message_plan){.part_no = (int32_t)int_in(written, "part_no"),
                                  .part_count = (int32_t)int_in(written, "part_count"),
                                  .left_minor = int_in(written, "left_minor")};
    json_array_foreach(json_object_get(written, "parts"), i, part)
    {
        if (plan->left_count == INSTALMENTS_MAX)
            break;
        plan->parts[plan->left_count++] =
            (struct instalment){.due = date_from_days((int32_t)int_in(part, "date")),
                                .amount_minor = int_in(part, "left_minor")};
    }
}

/* Null for a debt that is in none. To be freed. */
static struct message_plan *plan_of(const struct reminder_claimed *claimed)
{
    if (claimed->plan.len == 0)
        return NULL;
    json_t *written = json_load(claimed->plan, json_limits, NULL);
    struct message_plan *plan = malloc(sizeof(*plan));
    if (plan == NULL)
        abort();
    read_plan(written, plan);
    json_decref(written);
    return plan;
}

static struct message_debt debt_of(const struct reminder_words *words,
                                   const struct reminder_claimed *claimed, struct span link)
{
    char currency[4] = {0};
    memcpy(currency, claimed->currency.base, claimed->currency.len < 4 ? claimed->currency.len : 3);
    struct message_debt debt = {.number = claimed->number,
                                .product = claimed->product,
                                .account = claimed->account,
                                .link = link,
                                .left = money_of(claimed->due_minor, currency),
                                .due = date_from_days(claimed->due_date),
                                .plan = plan_of(claimed),
                                .offer = {.is_there = claimed->offer_until != 0,
                                          .until = date_from_days(claimed->offer_until),
                                          .first_date = date_from_days(claimed->offer_first_date),
                                          .first_minor = claimed->offer_first_minor,
                                          .total_minor = claimed->offer_total_minor}};
    if (words->keys != NULL && link.len > 0)
        match_code_print(words->keys,
                         (struct paylink_id){claimed->key.customer_id, claimed->link_no},
                         keyring_signer(words->keys), debt.match_code);
    return debt;
}

/* The further columns of a campaign's file: an object of texts. */
static size_t read_columns(const json_t *fields, struct message_column columns[COLUMNS_MAX])
{
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)fields, name, value)
    {
        if (count < COLUMNS_MAX && json_is_string(value))
            columns[count++] = (struct message_column){
                span_str(name), span_of(json_string_value(value), json_string_length(value))};
    }
    return count;
}

/* ---- writing ---- */

static void write_html(const struct reminder_claimed *claimed, const struct message_facts *facts,
                       enum language language, struct reminder_text *out)
{
    struct span others[LINKS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < facts->debt_count && i < MESSAGE_DEBTS_MAX; ++i)
        others[count++] = facts->debts[i].link;
    others[count++] = facts->creditor->website;
    others[count++] = facts->unsubscribe;
    mail_html_write(&out->html, &(struct mail_letter){.language = language,
                                                      .subject = buf_span(&out->title),
                                                      .body = buf_span(&out->body),
                                                      .creditor = facts->creditor->name,
                                                      .link = message_first_debt(facts)->link,
                                                      .others = others,
                                                      .other_count = count,
                                                      .is_thanks = is_thanks(claimed)});
}

static int write_found(const struct message_choice *choice, enum message_channel channel,
                       const struct reminder_claimed *claimed, const struct message_facts *facts,
                       struct reminder_text *out, struct err *err)
{
    const struct message_way way = {
        .channel = channel, .language = choice->language, .is_plain = choice->is_plain};
    if (message_text_write(choice->template, facts, &way, &out->title, &out->body, err) != 0)
        return err_wrap(err, "the text of step %s", claimed->key.step);
    out->version = choice->version;
    int len = snprintf(out->name, sizeof(out->name), "%s", choice->key);
    if (choice->version > 0)
        snprintf(out->name + len, sizeof(out->name) - (size_t)len, " %d", (int)choice->version);
    out->may_be_unsubscribed = facts->unsubscribe.len > 0;
    if (channel == MESSAGE_EMAIL)
        write_html(claimed, facts, choice->language, out);
    return buf_is_overflowed(&out->html)
               ? err_set(err, ERR_INPUT, "the text of step %s is too long", claimed->key.step)
               : 0;
}

int reminder_text_write(const struct reminder_texts *texts, const struct reminder_claimed *debts,
                        size_t count, const struct reminder_words *words, struct reminder_text *out,
                        struct err *err)
{
    assert(count > 0);
    struct message_choice choice;
    enum message_channel channel = MESSAGE_SMS;
    if (!are_alike(debts, count))
        return err_set(err, ERR_INPUT, "a reminder and a thank-you are in one message");
    if (find(texts, &debts[0], count, words->is_neutral, &channel, &choice, err) != 0)
        return err->code;
    struct message_debt *own = calloc(count, sizeof(*own));
    struct message_column columns[COLUMNS_MAX];
    json_t *fields = debts[0].campaign_fields.len == 0
                         ? NULL
                         : json_load(debts[0].campaign_fields, json_limits, NULL);
    if (own == NULL)
        abort();
    for (size_t i = 0; i < count; ++i)
        own[i] = debt_of(words, &debts[i], link_of(words, i));
    const struct demand_dates demand = demand_dates(&texts->demand, date_from_days(debts[0].today));
    const struct message_facts facts = {.creditor = words->creditor,
                                        .name = debts[0].name,
                                        .debts = own,
                                        .debt_count = count,
                                        .today = date_from_days(debts[0].today),
                                        .pay_by = demand.pay_by,
                                        .request_by = demand.request_by,
                                        .unsubscribe = words->unsubscribe,
                                        .instalment_count = texts->proposal.count,
                                        .instalment_first_days = texts->proposal.first_days,
                                        .columns = columns,
                                        .column_count = read_columns(fields, columns)};
    int rc = write_found(&choice, channel, &debts[0], &facts, out, err);
    json_decref(fields);
    for (size_t i = 0; i < count; ++i)
        free((void *)own[i].plan);
    free(own);
    return rc;
}
