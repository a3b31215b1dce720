#include "flow/campaign_status.h"

#include "domain/forbidden_phrase.h"
#include "domain/paylink.h"
#include "flow/campaign_text.h"

#include <stdlib.h>

static json_t *text_or_null(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *time_or_null(struct instant at)
{
    char text[21];
    if (at.us == 0)
        return json_null();
    instant_print(at, text);
    return json_string(text);
}

void campaign_print_price(struct buf *out, int64_t micro)
{
    int64_t minor = (micro + 9999) / 10000;
    buf_printf(out, "%lld.%02d", (long long)(minor / 100), (int)(minor % 100));
}

double campaign_progress(const struct campaign_row *c)
{
    if (c->state != CAMPAIGN_CHECKING)
        return 1;
    if (c->size_bytes == 0)
        return 0;
    bool is_receiving = span_is_str(c->import_state, "receiving");
    return (double)(is_receiving ? c->received_bytes : c->committed_bytes) / (double)c->size_bytes;
}

/* What people should look at once more before they approve. */
static json_t *warnings_json(struct span template)
{
    json_t *warnings = json_array();
    struct forbidden_find found;
    for (size_t from = 0; forbidden_phrase_find(template, from, &found); from = found.at + 1)
        json_array_append_new(warnings, json_string(found.phrase->why));
    return warnings;
}

json_t *campaign_status_json(const struct campaign_row *c)
{
    bool is_checking = c->state == CAMPAIGN_CHECKING;
    json_t *json = json_pack(
        "{s:I, s:o, s:s, s:o, s:f, s:o, s:b, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "id",
        (json_int_t)c->id, "name", text_or_null(c->name), "state", campaign_state_word(c->state),
        "import", text_or_null(c->import_id), "progress", campaign_progress(c), "template",
        text_or_null(c->template), "plain", c->is_plain, "channel", text_or_null(c->channel),
        "queue", text_or_null(c->queue), "send_at", time_or_null(c->send_at), "call_after_hours",
        (json_int_t)c->call_after_hours, "rows",
        (json_int_t)(is_checking ? c->read_count : c->row_count), "bad",
        (json_int_t)(is_checking ? c->bad_so_far : c->bad_count), "parts",
        (json_int_t)c->part_count, "part_price_micro", (json_int_t)c->part_price_micro,
        "price_micro", (json_int_t)c->price_micro);
    if (json == NULL)
        abort();
    json_object_set_new(json, "warnings", warnings_json(c->template));
    json_object_set_new(json, "problem", text_or_null(c->problem));
    json_object_set_new(json, "problem_detail", text_or_null(c->problem_detail));
    json_object_set_new(json, "created_by", text_or_null(c->created_by));
    json_object_set_new(json, "created_at", time_or_null(c->created_at));
    json_object_set_new(json, "approved_by", text_or_null(c->approved_by));
    json_object_set_new(json, "approved_at", time_or_null(c->approved_at));
    json_object_set_new(json, "queued_at", time_or_null(c->queued_at));
    json_object_set_new(json, "stopped_by", text_or_null(c->stopped_by));
    json_object_set_new(json, "stopped_at", time_or_null(c->stopped_at));
    json_object_set_new(json, "finished_at", time_or_null(c->finished_at));
    return json;
}

/* No link at all: nobody can open it, and it costs as much as a real one. */
static void add_example_link(const struct world *world, struct buf *out)
{
    buf_add(out, world->public_url);
    buf_add_char(out, '/');
    for (int i = 0; i < PAYLINK_CODE_LEN; ++i)
        buf_add_char(out, 'x');
}

json_t *campaign_samples_json(const struct world *world, const PGresult *result)
{
    json_t *samples = json_array();
    struct buf link, text;
    buf_init(&link, 1024);
    buf_init(&text, 65536);
    add_example_link(world, &link);
    for (int row = 0; row < PQntuples(result); ++row) {
        struct span which = pg_get_text(result, row, 0);
        buf_reset(&text);
        campaign_text_link(&text, pg_get_text(result, row, 2), buf_span(&link));
        struct span whole = buf_span(&text);
        bool is_gsm = sms_text_measure(whole).alphabet == SMS_GSM;
        json_array_append_new(
            samples, json_pack("{s:s%, s:I, s:s%, s:I, s:s}", "which", which.base, which.len,
                               "line", (json_int_t)pg_get_int(result, row, 1), "text", whole.base,
                               whole.len, "parts", (json_int_t)pg_get_int(result, row, 3),
                               "alphabet", is_gsm ? "GSM-7" : "UCS-2"));
    }
    buf_release(&link);
    buf_release(&text);
    return samples;
}

json_t *campaign_results_json(const PGresult *result)
{
    struct campaign_results sum = {.row_count = 0};
    json_t *money = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct campaign_results r = campaign_results_read(result, row);
        sum.row_count += r.row_count;
        sum.waiting_count += r.waiting_count;
        sum.sent_count += r.sent_count;
        sum.delivered_count += r.delivered_count;
        sum.opened_count += r.opened_count;
        sum.cancelled_count += r.cancelled_count;
        sum.held_out_count += r.held_out_count;
        sum.unreached_count += r.unreached_count;
        sum.settled_count += r.settled_count;
        sum.paying_count += r.paying_count;
        sum.cost_micro += r.cost_micro;
        sum.call_count += r.call_count;
        json_array_append_new(
            money, json_pack("{s:s%, s:I, s:I, s:I}", "currency", r.currency.base, r.currency.len,
                             "owed_minor", (json_int_t)r.owed_then_minor, "paid_within_48h_minor",
                             (json_int_t)r.paid_minor, "left_minor", (json_int_t)r.owed_now_minor));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "rows",
                     (json_int_t)sum.row_count, "waiting", (json_int_t)sum.waiting_count, "sent",
                     (json_int_t)sum.sent_count, "delivered", (json_int_t)sum.delivered_count,
                     "opened", (json_int_t)sum.opened_count, "cancelled",
                     (json_int_t)sum.cancelled_count, "held_out", (json_int_t)sum.held_out_count,
                     "not_reached", (json_int_t)sum.unreached_count, "settled_within_48h",
                     (json_int_t)sum.settled_count, "paid_within_48h", (json_int_t)sum.paying_count,
                     "cost_micro", (json_int_t)sum.cost_micro, "call_list",
                     (json_int_t)sum.call_count, "money", money);
}
