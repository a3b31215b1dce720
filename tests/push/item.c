#include "item.h"

#include "base/crypto.h"
#include "driver.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

struct item *item_new(bool is_kept)
{
    static uint64_t made;
    struct item *item = calloc(1, sizeof(*item));
    if (item == NULL)
        abort();
    item->n = made++;
    item->is_kept = is_kept;
    return item;
}

void item_write_hex(char *at, uint64_t value, int digits)
{
    while (digits-- > 0) {
        at[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

void item_make_id(struct item *item)
{
    static uint64_t run;
    if (run == 0)
        random_bytes(&run, sizeof(run));
    memcpy(item->id, "00000000-0000-4000-8000-000000000000", 37);
    item_write_hex(item->id, run >> 32, 8);
    item_write_hex(item->id + 9, run, 4);
    item_write_hex(item->id + 24, item->n, 12);
}

/* ---- the library's questions and answers ---- */

static bool may_send(void *owner, struct push *push, enum push_try try)
{
    (void)push;
    struct item *item = owner;
    if (item->try_count < ITEM_TRIES_MAX)
        item->tries[item->try_count++] = (uint8_t)try;
    return !item->is_paid && (try != PUSH_TRY_UNKNOWN || driver.resends_unknown);
}

static json_t *tries_json(const struct item *item)
{
    static const char *const names[] = {"", "first", "safe", "refused", "unknown"};
    json_t *tries = json_array();
    for (size_t i = 0; i < item->try_count; ++i)
        json_array_append_new(tries, json_string(names[item->tries[i]]));
    return tries;
}

static json_t *outcome_json(const struct item *item, const struct push_result *r)
{
    return json_pack(
        "{s:I,s:s,s:s,s:i,s:o,s:s,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:o}", "n", (json_int_t)item->n, "id",
        item->id, "outcome", push_outcome_name(r->outcome), "status", r->status, "reason",
        output_text(r->reason), "advice", push_advice_name(r->advice), "service_id",
        output_text(r->service_id), "unique_id", output_text(r->unique_id), "dead_since",
        (json_int_t)r->dead_since_ms, "retry_after", (json_int_t)r->retry_after_ms, "attempts",
        (json_int_t)r->attempts, "unknown_before", (json_int_t)r->unknown_before, "took_us",
        (json_int_t)r->took_us, "tries", tries_json(item));
}

static void on_done(void *owner, struct push *push, const struct push_result *result)
{
    struct item *item = owner;
    (void)push;
    item->push = NULL;
    --driver.open;
    ++driver.outcomes;
    driver.unknown_before += result->unknown_before;
    if (!driver.is_quiet)
        output_json(outcome_json(item, result));
    if (!item->is_kept)
        free(item);
}

static void on_done_beside(void *owner, struct push *push, const struct push_result *result)
{
    (void)owner, (void)push, (void)result;
    --driver.open_beside;
    ++driver.outcomes_beside;
}

/* ---- sending ---- */

static void send_beside(const struct push_message *message)
{
    static const struct push_handler handler = {.on_done = on_done_beside};
    struct err err;
    if (push_send(driver.service_beside, message, &handler, NULL, NULL, &err) == 0)
        ++driver.open_beside;
}

void item_send(struct item *item, const struct push_message *message)
{
    static const struct push_handler handler = {.may_send = may_send, .on_done = on_done};
    struct err err;
    if (driver.service_beside != NULL)
        send_beside(message);
    if (push_send(driver.service, message, &handler, item, &item->push, &err) == 0) {
        ++driver.open;
        return;
    }
    ++driver.rejected;
    if (!driver.is_quiet)
        output_json(json_pack("{s:I,s:s,s:s,s:s,s:s}", "n", (json_int_t)item->n, "id", item->id,
                              "outcome", "rejected", "error", err_name(err.code), "text",
                              err.text));
    if (!item->is_kept)
        free(item);
}
