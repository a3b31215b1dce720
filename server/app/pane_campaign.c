/* How many there are gives it its number -> it is made -> its rows are read and checked as those of
 * a file -> it is approved -> answered. */
#include "app/pane_campaign.h"

#include "app/pane_http.h"
#include "app/panes.h"
#include "base/buf.h"
#include "domain/calendar.h"
#include "flow/campaign_decide.h"
#include "flow/import_source.h"
#include "flow/invoice_import.h"
#include "io/timer.h"
#include "store/campaign_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 50, CSV_MAX = 16 * 1024, PART_ROWS = 1000, SHOWN_MAX = 20, CALL_HOURS = 48 };

static const char template[] = "Dzień dobry, {{row.imie}}! Umowa {{row.nr_umowy}}: {{amount}}, "
                               "termin {{date}}. Zapłać: {{link}} {{creditor}}";

struct making {
    struct pane_request *request; /* null when gone */
    struct world *world;
    struct pg_query query;
    struct pg_tx tx;
    struct instant send_at;
    int64_t id;
    char name[CAMPAIGN_NAME_MAX + 1];
};

/* ---- fifty rows ---- */

struct rows { /* as a source: all at once */
    struct import_source super;
    struct buf csv;
    struct timer timer;
    int64_t offset;
    import_bytes_cb on_bytes;
    void *owner;
};

static void on_rows_read(void *owner)
{
    struct rows *rows = owner;
    struct err err = {0};
    rows->on_bytes(rows->owner, span_from(buf_span(&rows->csv), (size_t)rows->offset), &err);
}

static int read_rows(struct import_source *source, int64_t offset, import_bytes_cb on_bytes,
                     void *owner, struct err *err)
{
    struct rows *rows = (struct rows *)source;
    (void)err;
    rows->offset = offset;
    rows->on_bytes = on_bytes;
    rows->owner = owner;
    timer_start(&rows->timer, 0);
    return 0;
}

static void free_rows(struct import_source *source)
{
    struct rows *rows = (struct rows *)source;
    timer_stop(&rows->timer);
    buf_release(&rows->csv);
    free(rows);
}

/* Others in each campaign, the same for everybody. */
static void write_rows(struct buf *csv, int64_t campaign, struct instant now)
{
    static const char *const names[] = {"Anna",  "Piotr", "Ewa",    "Tomasz", "Maria",
                                        "Jakub", "Zofia", "Marcin", "Joanna", "Adam"};
    int32_t today = (int32_t)(instant_seconds(now) / 86400);
    buf_add_str(csv, "Telefon;Kwota;Termin płatności;Nr umowy;Imię\n");
    for (int row = 0; row < ROWS; ++row) {
        char due[11];
        date_print(date_from_days(today - 3 - row % 9), due);
        buf_printf(csv, "+48 990 4%02d %03d;%d,%02d;%s;UM/%lld/%02d;%s\n", (int)(campaign % 100),
                   500 + row, 120 + row * 37 % 700, row * 13 % 100, due, (long long)campaign,
                   row + 1, names[(row + campaign) % 10]);
    }
}

static struct import_source *rows_new(struct making *making)
{
    static const struct import_source_methods methods = {.read = read_rows, .free = free_rows};
    struct rows *rows = calloc(1, sizeof(*rows));
    if (rows == NULL)
        abort();
    buf_init(&rows->csv, CSV_MAX);
    write_rows(&rows->csv, making->id, making->world->now());
    rows->super = (struct import_source){.methods = &methods,
                                         .size_bytes = (int64_t)buf_span(&rows->csv).len};
    timer_init(&rows->timer, making->world->loop, "demo campaign", on_rows_read, rows);
    return &rows->super;
}

/* ---- making ---- */

static void finish(struct making *making, const char *problem)
{
    char at[21];
    instant_print(making->send_at, at);
    if (making->request != NULL && problem != NULL)
        pane_reply_problem(making->request, 409, problem);
    else if (making->request != NULL)
        pane_reply_json(making->request, 201,
                        json_pack("{s:I, s:s, s:i, s:s}", "id", (json_int_t)making->id, "name",
                                  making->name, "rows", ROWS, "send_at", at));
    free(making);
}

static void on_approved(void *owner, const struct campaign_decision *decision,
                        const struct err *err)
{
    bool is_good = err->code == 0 && decision->is_known && decision->verdict == CAMPAIGN_MAY_GO;
    finish(owner, is_good ? NULL : "not_approved");
}

static void on_checked(void *owner, const struct invoice_import_result *result,
                       const struct err *err)
{
    struct making *making = owner;
    struct err failed;
    const struct campaign_order order = {.id = making->id, .by = SPAN_LIT("demo")};
    if (err->code != 0 || result->problem != NULL)
        finish(making, err->code != 0 ? "database" : result->problem);
    else if (campaign_decide_begin(making->world, &order, on_approved, making, &failed) != 0)
        finish(making, "busy");
}

static void on_made_row(void *owner, const PGresult *result, const struct err *err)
{
    struct making *making = owner;
    if (err->code == 0 && PQntuples(result) == 1)
        making->id = pg_get_int(result, 0, 0);
}

static void on_made(void *owner, const struct err *err)
{
    struct making *making = owner;
    if (err->code != 0 || making->id == 0) {
        finish(making, "not_made");
        return;
    }
    invoice_import_begin(
        &(struct invoice_import_options){.world = making->world,
                                         .store = making->world->store,
                                         .source = rows_new(making),
                                         .name = SPAN_LIT("demo.csv"),
                                         .campaign = {.id = making->id,
                                                      .name = span_str(making->name),
                                                      .template = span_str(template),
                                                      .is_plain = true},
                                         .part_rows = PART_ROWS,
                                         .on_done = on_checked,
                                         .owner = making});
}

static void on_counted(void *owner, const PGresult *result, const struct err *err)
{
    struct making *making = owner;
    struct err failed;
    long long last = 0;
    if (err->code == 0 && PQntuples(result) > 0)
        last = campaign_read(result, 0).id;
    snprintf(making->name, sizeof(making->name), "demo-%lld", last + 1);
    making->send_at = instant_plus_seconds(making->world->now(), 3600);
    const struct campaign_new new = {.name = span_str(making->name),
                                     .template = span_str(template),
                                     .channel = SPAN_LIT("sms"),
                                     .queue = SPAN_LIT("campaign"),
                                     .created_by = SPAN_LIT("demo"),
                                     .now = making->world->now(),
                                     .send_at = making->send_at,
                                     .call_after_hours = CALL_HOURS,
                                     .is_plain = true};
    if (pg_tx_begin(making->world->store->writes, &making->tx, on_made, making, &failed) != 0) {
        finish(making, "busy");
        return;
    }
    campaign_add_create(&making->tx, &new, on_made_row);
    pg_tx_commit(&making->tx);
}

void pane_make_campaign(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct err err;
    struct making *making = calloc(1, sizeof(*making));
    if (making == NULL)
        abort();
    making->world = panes->world;
    pane_hold(request, &making->request);
    if (campaign_list(panes->world->store->writes, &making->query, INT64_MAX, 1, on_counted, making,
                      &err) != 0)
        finish(making, "busy");
}

/* ---- looking ---- */

struct looking {
    struct pane_request *request; /* null when gone */
    struct pg_query query;
};

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct looking *looking = owner;
    json_t *list = json_array();
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct campaign_row campaign = campaign_read(result, row);
        char at[21];
        instant_print(campaign.send_at, at);
        json_array_append_new(list,
                              json_pack("{s:I, s:s%, s:s, s:I, s:s}", "id", (json_int_t)campaign.id,
                                        "name", campaign.name.base, campaign.name.len, "state",
                                        campaign_state_word(campaign.state), "rows",
                                        (json_int_t)campaign.row_count, "send_at", at));
    }
    if (looking->request != NULL && err->code == 0)
        pane_reply_json(looking->request, 200, json_incref(list));
    else if (looking->request != NULL)
        pane_reply_problem(looking->request, 503, "database");
    json_decref(list);
    free(looking);
}

void pane_list_campaigns(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct err err;
    struct looking *looking = calloc(1, sizeof(*looking));
    if (looking == NULL)
        abort();
    pane_hold(request, &looking->request);
    if (campaign_list(panes->world->store->reads, &looking->query, INT64_MAX, SHOWN_MAX, on_listed,
                      looking, &err) == 0)
        return;
    pane_reply_problem(looking->request, 503, "busy");
    free(looking);
}
