#include "flow/message_text.h"

#include "domain/mustache.h"
#include "domain/sms_text.h"
#include "flow/world.h"

#include <assert.h>

enum { WHOLE_MAX = 64 * 1024, VALUE_MAX = 2048, TOTALS_MAX = 8 };

/* The values live in a pool that goes when the message is written. */
struct model {
    h2o_mem_pool_t pool;
    const struct message_facts *facts;
    struct text_style style;
    const struct message_debt *first; /* the one that was due first */
};

static struct span keep(struct model *model, struct span text)
{
    h2o_iovec_t kept = h2o_strdup(&model->pool, text.len == 0 ? "" : text.base, text.len);
    return span_of(kept.base, kept.len);
}

/* ---- data is only data ---- */

/* U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: they turn what stands behind them too. */
static bool is_direction_mark(const unsigned char *c, size_t len)
{
    if (len < 3 || c[0] != 0xe2)
        return false;
    return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae))) ||
           (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static bool is_line_mark(const unsigned char *c, size_t len)
{
    return len >= 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9);
}

/* One blank for any number of what is no character to be seen. */
static void add_blank(struct buf *out)
{
    struct span all = buf_span(out);
    if (all.len == 0 || all.base[all.len - 1] != ' ')
        buf_add_char(out, ' ');
}

static struct mustache_value clean(struct model *model, struct span text)
{
    struct buf out;
    buf_init(&out, VALUE_MAX);
    for (size_t i = 0; i < text.len; ++i) {
        const unsigned char *c = (const unsigned char *)text.base + i;
        bool is_second_control = *c == 0xc2 && i + 1 < text.len && c[1] >= 0x80 && c[1] < 0xa0;
        if (is_direction_mark(c, text.len - i) || is_line_mark(c, text.len - i)) {
            i += 2;
        } else if (is_second_control || *c < ' ' || *c == 0x7f) {
            add_blank(&out);
            i += is_second_control;
        } else {
            buf_add_char(&out, (char)*c);
        }
    }
    struct span kept = keep(model, buf_span(&out));
    buf_release(&out);
    return mustache_text(kept);
}

/* ---- values ---- */

static struct mustache_value take(struct model *model, struct buf *written)
{
    struct mustache_value value = mustache_text(keep(model, buf_span(written)));
    buf_release(written);
    return value;
}

static struct mustache_value amount_of(struct model *model, struct money m)
{
    struct buf out;
    buf_init(&out, VALUE_MAX);
    text_format_amount(&out, m, model->style);
    return take(model, &out);
}

static struct mustache_value date_of(struct model *model, struct date d)
{
    struct buf out;
    buf_init(&out, VALUE_MAX);
    text_format_date(&out, d, model->style);
    return take(model, &out);
}

static struct mustache_value days_late_of(struct model *model, struct date due)
{
    struct buf out;
    int32_t days = date_days_between(due, model->facts->today);
    buf_init(&out, VALUE_MAX);
    if (days > 0)
        text_format_days(&out, days, model->style);
    return take(model, &out);
}

static struct mustache_value account_of(struct model *model, const struct message_debt *debt)
{
    struct buf out;
    struct span account = debt->account.len > 0 ? debt->account : model->facts->creditor->account;
    buf_init(&out, VALUE_MAX);
    text_format_account(&out, account);
    return take(model, &out);
}

static struct mustache_value count_of(struct model *model, size_t count)
{
    struct buf out;
    buf_init(&out, VALUE_MAX);
    if (count > 0)
        buf_add_int(&out, (int64_t)count);
    return take(model, &out);
}

/* Currencies are not added up: "120,00 zł + 30,00 €". */
static struct mustache_value total_of(struct model *model)
{
    struct money sums[TOTALS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < model->facts->debt_count; ++i) {
        struct money left = model->facts->debts[i].left;
        size_t at = 0;
        while (at < count && strcmp(sums[at].currency, left.currency) != 0)
            ++at;
        if (at == TOTALS_MAX)
            continue;
        if (at == count)
            sums[count++] = (struct money){.minor = 0};
        sums[at] = money_of(sums[at].minor + left.minor, left.currency);
    }
    struct buf out;
    buf_init(&out, VALUE_MAX);
    for (size_t i = 0; i < count; ++i) {
        buf_add_str(&out, i == 0 ? "" : " + ");
        text_format_amount(&out, sums[i], model->style);
    }
    return take(model, &out);
}

static struct mustache_value object_of(struct model *model, const struct mustache_member *members,
                                       size_t count)
{
    struct mustache_member *kept =
        h2o_mem_alloc_shared(&model->pool, count * sizeof(*kept) + 1, NULL);
    struct mustache_object *object = h2o_mem_alloc_shared(&model->pool, sizeof(*object), NULL);
    if (count > 0)
        memcpy(kept, members, count * sizeof(*kept));
    *object = (struct mustache_object){.members = kept, .count = count};
    return mustache_object(object);
}

static bool is_of_plan(const struct message_debt *debt)
{
    return debt->plan != NULL;
}

static struct mustache_value plan_left_of(struct model *model, const struct message_debt *debt)
{
    if (!is_of_plan(debt))
        return mustache_text(SPAN_LIT(""));
    return amount_of(model, money_of(debt->plan->left_minor, debt->left.currency));
}

static struct mustache_value nothing(void)
{
    return mustache_text(SPAN_LIT(""));
}

static struct mustache_value offer_date_of(struct model *model, const struct message_debt *debt,
                                           struct date date)
{
    return debt->offer.is_there ? date_of(model, date) : nothing();
}

static struct mustache_value offer_amount_of(struct model *model, const struct message_debt *debt,
                                             int64_t minor)
{
    return debt->offer.is_there ? amount_of(model, money_of(minor, debt->left.currency))
                                : nothing();
}

static struct mustache_value debt_value(struct model *model, const struct message_debt *debt)
{
    const struct mustache_member members[] = {
        {SPAN_LIT("number"), clean(model, debt->number)},
        {SPAN_LIT("title"), clean(model, debt->number)},
        {SPAN_LIT("product"), clean(model, debt->product)},
        {SPAN_LIT("amount"), amount_of(model, debt->left)},
        {SPAN_LIT("date"), date_of(model, debt->due)},
        {SPAN_LIT("days_late"), days_late_of(model, debt->due)},
        {SPAN_LIT("account"), account_of(model, debt)},
        {SPAN_LIT("link"), mustache_text(keep(model, debt->link))},
        {SPAN_LIT("part_no"), count_of(model, is_of_plan(debt) ? (size_t)debt->plan->part_no : 0)},
        {SPAN_LIT("part_count"),
         count_of(model, is_of_plan(debt) ? (size_t)debt->plan->part_count : 0)},
        {SPAN_LIT("parts_left"), count_of(model, is_of_plan(debt) ? debt->plan->left_count : 0)},
        {SPAN_LIT("plan_left"), plan_left_of(model, debt)},
        {SPAN_LIT("match_code"), mustache_text(span_str(debt->match_code))},
        {SPAN_LIT("offer_until"), offer_date_of(model, debt, debt->offer.until)},
        {SPAN_LIT("offer_first"), offer_amount_of(model, debt, debt->offer.first_minor)},
        {SPAN_LIT("offer_first_date"), offer_date_of(model, debt, debt->offer.first_date)},
        {SPAN_LIT("offer_total"), offer_amount_of(model, debt, debt->offer.total_minor)},
    };
    return object_of(model, members, sizeof(members) / sizeof(members[0]));
}

static struct mustache_value debts_of(struct model *model)
{
    size_t count = model->facts->debt_count;
    if (count > MESSAGE_DEBTS_MAX)
        count = MESSAGE_DEBTS_MAX;
    struct mustache_value *items = h2o_mem_alloc_shared(&model->pool, count * sizeof(*items), NULL);
    for (size_t i = 0; i < count; ++i)
        items[i] = debt_value(model, &model->facts->debts[i]);
    return mustache_list(items, count);
}

/* Of a debt in a plan its parts to come, of any other a proposal. */
static size_t list_parts(const struct model *model, struct instalment parts[INSTALMENTS_MAX])
{
    const struct message_facts *facts = model->facts;
    if (facts->debt_count != 1)
        return 0;
    if (is_of_plan(model->first)) {
        memcpy(parts, model->first->plan->parts, sizeof(model->first->plan->parts));
        return model->first->plan->left_count;
    }
    if (facts->instalment_count <= 0)
        return 0;
    return instalment_proposal(model->first->left.minor, (size_t)facts->instalment_count,
                               date_add_days(facts->today, facts->instalment_first_days), parts);
}

static struct mustache_value instalments_of(struct model *model, size_t *count)
{
    struct instalment parts[INSTALMENTS_MAX];
    *count = list_parts(model, parts);
    struct mustache_value *items =
        h2o_mem_alloc_shared(&model->pool, *count * sizeof(*items) + 1, NULL);
    for (size_t i = 0; i < *count; ++i) {
        struct money part = money_of(parts[i].amount_minor, model->first->left.currency);
        const struct mustache_member members[] = {
            {SPAN_LIT("amount"), amount_of(model, part)},
            {SPAN_LIT("date"), date_of(model, parts[i].due)},
        };
        items[i] = object_of(model, members, 2);
    }
    return mustache_list(items, *count);
}

static struct mustache_value row_of(struct model *model)
{
    size_t count = model->facts->column_count;
    struct mustache_member *members =
        h2o_mem_alloc_shared(&model->pool, count * sizeof(*members) + 1, NULL);
    for (size_t i = 0; i < count; ++i)
        members[i] = (struct mustache_member){model->facts->columns[i].name,
                                              clean(model, model->facts->columns[i].text)};
    return object_of(model, members, count);
}

const struct message_debt *message_first_debt(const struct message_facts *facts)
{
    assert(facts->debt_count > 0);
    const struct message_debt *first = &facts->debts[0];
    for (size_t i = 1; i < facts->debt_count; ++i)
        if (date_compare(facts->debts[i].due, first->due) < 0)
            first = &facts->debts[i];
    return first;
}

/* ---- the message ---- */

static int fill(struct model *model, const struct mustache *template, enum message_channel channel,
                struct buf *whole, struct err *err)
{
    const struct message_facts *facts = model->facts;
    const struct creditor *creditor = facts->creditor;
    size_t instalment_count;
    struct mustache_value instalments = instalments_of(model, &instalment_count);
    struct mustache_value single = debt_value(model, model->first);
    const struct mustache_member members[] = {
        {span_str(message_channel_name(channel)), mustache_bool(true)},
        {SPAN_LIT("name"), clean(model, facts->name)},
        {SPAN_LIT("first_name"), clean(model, message_first_name(facts->name))},
        {SPAN_LIT("creditor"), mustache_text(creditor->name)},
        {SPAN_LIT("website"), mustache_text(creditor->website)},
        {SPAN_LIT("phone"), mustache_text(creditor->phone)},
        {SPAN_LIT("unsubscribe"), mustache_text(facts->unsubscribe)},
        {SPAN_LIT("pay_by"), date_of(model, facts->pay_by)},
        {SPAN_LIT("request_by"), date_of(model, facts->request_by)},
        {SPAN_LIT("instalments"), instalments},
        {SPAN_LIT("instalment_count"), count_of(model, instalment_count)},
        {SPAN_LIT("debts"), debts_of(model)},
        {SPAN_LIT("debt_count"), count_of(model, facts->debt_count)},
        {SPAN_LIT("total"), total_of(model)},
        {SPAN_LIT("row"), row_of(model)},
    };
    const struct mustache_object data = {.members = members,
                                         .count = sizeof(members) / sizeof(members[0]),
                                         .fallback = single.object};
    struct span hole;
    int rc = mustache_render_whole(template, mustache_object(&data), MUSTACHE_PLAIN, whole, &hole);
    if (rc == ERR_INPUT)
        return err_set(err, ERR_INPUT, "{{%.*s}} is empty", SPAN_ARG(hole));
    return rc == 0 ? 0 : err_set(err, ERR_INPUT, "the text is too long");
}

static struct span trim(struct span s)
{
    while (s.len > 0 && strchr(" \n\r\t", s.base[0]) != NULL)
        s = span_from(s, 1);
    while (s.len > 0 && strchr(" \n\r\t", s.base[s.len - 1]) != NULL)
        --s.len;
    return s;
}

/* Of push and email the first line is the title. */
static void split(struct span text, bool has_title, struct span *title, struct span *body)
{
    *title = (struct span){"", 0};
    *body = trim(text);
    if (!has_title)
        return;
    const char *end = body->len == 0 ? NULL : memchr(body->base, '\n', body->len);
    size_t len = end == NULL ? body->len : (size_t)(end - body->base);
    *title = trim(span_of(body->base, len));
    *body = trim(span_from(*body, len));
}

static int deliver(struct span text, const struct message_way *way, struct buf *out_title,
                   struct buf *out_body, struct err *err)
{
    struct span title, body;
    bool has_title = way->channel == MESSAGE_PUSH || way->channel == MESSAGE_EMAIL;
    split(text, has_title, &title, &body);
    if (body.len == 0 || (has_title && title.len == 0))
        return err_set(err, ERR_INPUT, "there is no text for %s",
                       message_channel_name(way->channel));
    if (title.len > MESSAGE_TITLE_MAX || body.len > MESSAGE_BODY_MAX)
        return err_set(err, ERR_INPUT, "the text is too long");
    buf_add(out_title, title);
    if (way->channel == MESSAGE_SMS && way->is_plain)
        sms_text_plain(out_body, body);
    else
        buf_add(out_body, body);
    return buf_is_overflowed(out_title) || buf_is_overflowed(out_body)
               ? err_set(err, ERR_INPUT, "the text is too long")
               : 0;
}

static enum text_place place_of(enum message_channel channel)
{
    return channel == MESSAGE_SMS ? TEXT_SMS : channel == MESSAGE_VOICE ? TEXT_SPOKEN : TEXT_PAGE;
}

int message_text_write(const struct mustache *template, const struct message_facts *facts,
                       const struct message_way *way, struct buf *title, struct buf *body,
                       struct err *err)
{
    struct model model = {.facts = facts,
                          .style = {.language = way->language, .place = place_of(way->channel)},
                          .first = message_first_debt(facts)};
    struct buf whole;
    h2o_mem_init_pool(&model.pool);
    buf_init(&whole, WHOLE_MAX);
    int rc = fill(&model, template, way->channel, &whole, err);
    if (rc == 0)
        rc = deliver(buf_span(&whole), way, title, body, err);
    buf_release(&whole);
    h2o_mem_clear_pool(&model.pool);
    return rc;
}
