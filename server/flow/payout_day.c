#include "flow/payout_day.h"

#include "base/log.h"
#include "base/metrics.h"
#include "domain/calendar.h"
#include "flow/world.h"
#include "provider/provider.h"

#include <stdlib.h>

enum { DISAGREEMENTS_KEPT = 100 /* of one account; all are counted */ };

/* The report's part of one account. */
struct part {
    const char *provider, *account; /* the report's, or its span as text: see account_ */
    char account_[64];
    int64_t payout_count, line_count, disagreement_count;
    json_t *sums, *disagreements;
    char *sums_text, *disagreements_text;
};

struct parts {
    struct part of[PAYOUT_DAY_ACCOUNTS_MAX];
    size_t count;
};

/* Null when there are too many. */
static struct part *part_of(struct parts *parts, const char *provider, const char *account)
{
    for (size_t i = 0; i < parts->count; ++i)
        if (strcmp(parts->of[i].provider, provider) == 0 &&
            strcmp(parts->of[i].account, account) == 0)
            return &parts->of[i];
    if (parts->count == PAYOUT_DAY_ACCOUNTS_MAX)
        return NULL;
    struct part *part = &parts->of[parts->count++];
    *part = (struct part){.provider = provider,
                          .account = account,
                          .sums = json_array(),
                          .disagreements = json_array()};
    return part;
}

static const char *text_of(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text == NULL ? "" : text;
}

static json_t *sum_of(struct part *part, const char *currency)
{
    json_t *sum;
    size_t i;
    json_array_foreach(part->sums, i, sum)
    {
        if (strcmp(text_of(sum, "currency"), currency) == 0)
            return sum;
    }
    sum = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "currency", currency, "gross_minor", 0,
                    "fee_minor", 0, "net_minor", 0, "ledger_minor", 0, "arrived_minor", 0);
    json_array_append_new(part->sums, sum);
    return sum;
}

/* Sums of at most a thousand payouts, each far from 2^63 / 1000 (PAYOUT_AMOUNT_MAX_MINOR). */
static void add_to(json_t *sum, const char *name, const json_t *item)
{
    json_int_t before = json_integer_value(json_object_get(sum, name));
    json_object_set_new(sum, name,
                        json_integer(before + json_integer_value(json_object_get(item, name))));
}

static void add_payout(struct part *part, const json_t *payout)
{
    static const char *const names[] = {"gross_minor", "fee_minor", "net_minor", "ledger_minor"};
    const char *currency = text_of(payout, "currency");
    json_t *sum = sum_of(part, currency);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        add_to(sum, names[i], payout);
    if (strcmp(text_of(payout, "arrived_currency"), currency) == 0)
        add_to(sum, "arrived_minor", payout);
    ++part->payout_count;
    part->line_count += json_integer_value(json_object_get(payout, "lines"));
}

static void add_disagreement(struct part *part, json_t *item)
{
    if (++part->disagreement_count <= DISAGREEMENTS_KEPT)
        json_array_append(part->disagreements, item);
}

static void add_accounts(struct parts *parts, const struct world *world)
{
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a) {
        char account[sizeof(parts->of[0].account_)];
        if (a->account.len >= sizeof(account))
            continue;
        memcpy(account, a->account.base, a->account.len);
        account[a->account.len] = 0;
        struct part *part = part_of(parts, a->provider->name, account);
        if (part == NULL)
            return;
        memcpy(part->account_, account, sizeof(account));
        part->account = part->account_;
    }
}

/* False when there are more accounts than are kept. */
static bool split(struct parts *parts, const json_t *answer)
{
    static const char *const lists[] = {"payouts", "disagreements"};
    bool is_whole = true;
    for (int list = 0; list < 2; ++list) {
        json_t *item;
        size_t i;
        json_array_foreach(json_object_get(answer, lists[list]), i, item)
        {
            struct part *part = part_of(parts, text_of(item, "provider"), text_of(item, "account"));
            if (part == NULL)
                is_whole = false;
            else if (list == 0)
                add_payout(part, item);
            else
                add_disagreement(part, item);
        }
    }
    return is_whole;
}

static char *text_new(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        abort();
    return text;
}

static void fill(struct payout_day_rows *rows, struct parts *parts)
{
    rows->count = parts->count;
    for (size_t i = 0; i < parts->count; ++i) {
        struct part *part = &parts->of[i];
        part->sums_text = text_new(part->sums);
        part->disagreements_text = text_new(part->disagreements);
        rows->providers[i] = span_str(part->provider);
        rows->accounts[i] = span_str(part->account);
        rows->payout_counts[i] = part->payout_count;
        rows->line_counts[i] = part->line_count;
        rows->disagreement_counts[i] = part->disagreement_count;
        rows->sums[i] = span_str(part->sums_text);
        rows->disagreements[i] = span_str(part->disagreements_text);
    }
}

static void parts_free(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; ++i) {
        json_decref(parts->of[i].sums);
        json_decref(parts->of[i].disagreements);
        free(parts->of[i].sums_text);
        free(parts->of[i].disagreements_text);
    }
    free(parts);
}

/* ---- in order ---- */

static void on_reported(void *owner, json_t *answer, const struct err *err);
static void on_kept(void *owner, const PGresult *result, const struct err *err);
static void on_saved(void *owner, const struct err *err);

int payout_day_begin(struct payout_day *d, const struct world *world, int32_t day,
                     payout_day_cb on_done, void *owner, struct err *err)
{
    *d = (struct payout_day){.world_ = world, .day_ = day, .on_done_ = on_done, .owner_ = owner};
    const struct payout_question question = {.day = day, .wait_days = PAYOUT_WAIT_DAYS};
    return payout_report_begin(&d->report_, store_reports(world->store), &question, on_reported, d,
                               err);
}

void payout_day_cancel(struct payout_day *d)
{
    payout_report_cancel(&d->report_);
    pg_tx_cancel(&d->tx_);
}

static void on_reported(void *owner, json_t *answer, const struct err *err)
{
    struct payout_day *d = owner;
    struct err failed = *err;
    if (failed.code != 0) {
        d->on_done_(d->owner_, &failed);
        return;
    }
    struct parts *parts = calloc(1, sizeof(*parts));
    struct payout_day_rows rows = {.day = d->day_};
    if (parts == NULL)
        abort();
    add_accounts(parts, d->world_);
    bool is_whole = split(parts, answer);
    rows.is_complete = is_whole && json_is_true(json_object_get(answer, "is_complete"));
    fill(&rows, parts);
    int code = payout_day_keep(d->world_->store, &d->tx_, &rows, d->world_->now(), on_kept,
                               on_saved, d, &failed);
    parts_free(parts);
    if (code != 0)
        d->on_done_(d->owner_, &failed);
}

static void on_kept(void *owner, const PGresult *result, const struct err *err)
{
    struct payout_day *d = owner;
    char day[11];
    date_print(date_from_days(d->day_), day);
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct payout_day_kept kept;
        payout_day_read_kept(result, row, &kept);
        metrics_add(d->world_->metrics, METRIC_payout_disagreements, kept.disagreement_count);
        log_line(kept.disagreement_count > 0 ? LOG_WARN : LOG_INFO, "payouts reported",
                 "day=%s provider=%.*s account=%.*s payouts=%lld disagreements=%lld", day,
                 SPAN_ARG(kept.provider), SPAN_ARG(kept.account), (long long)kept.payout_count,
                 (long long)kept.disagreement_count);
    }
}

static void on_saved(void *owner, const struct err *err)
{
    struct payout_day *d = owner;
    d->on_done_(d->owner_, err);
}
