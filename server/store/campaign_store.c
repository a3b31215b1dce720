#include "store/campaign_store.h"

#include "sql.h"

enum { REMINDERS_AT_ONCE = 2000 };

static void add(struct pg_tx *tx, int statement, struct pg_args *args, pg_result_cb on_result)
{
    pg_tx_add(tx, statement, args, on_result);
    pg_args_release(args);
}

static int read_and_release(struct pg *pg, struct pg_query *query, int statement,
                            struct pg_args *args, pg_result_cb on_result, void *owner,
                            struct err *err)
{
    int code = pg_read(pg, query, statement, args, on_result, owner, err);
    pg_args_release(args);
    return code;
}

static void begin_with_id(struct pg_args *args, int64_t id)
{
    pg_args_init(args);
    pg_arg_int(args, id);
}

void campaign_add_create(struct pg_tx *tx, const struct campaign_new *new, pg_result_cb on_result)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, new->name);
    pg_arg_text(&args, new->template);
    pg_arg_bool(&args, new->is_plain);
    pg_arg_text(&args, new->channel);
    pg_arg_text(&args, new->queue);
    if (new->local_time.base != NULL)
        pg_arg_null(&args);
    else
        pg_arg_instant(&args, new->send_at);
    pg_arg_text(&args, new->local_time);
    pg_arg_int(&args, new->call_after_hours);
    pg_arg_text(&args, new->created_by);
    pg_arg_instant(&args, new->now);
    add(tx, SQL_CAMPAIGN_CREATE, &args, on_result);
}

int campaign_find(struct pg *pg, struct pg_query *query, int64_t id, struct span name,
                  pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    if (id == 0)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, id);
    pg_arg_text(&args, name);
    return read_and_release(pg, query, SQL_CAMPAIGN_FIND, &args, on_result, owner, err);
}

int campaign_list(struct pg *pg, struct pg_query *query, int64_t below, int64_t at_most,
                  pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, below);
    pg_arg_int(&args, at_most);
    return read_and_release(pg, query, SQL_CAMPAIGN_LIST, &args, on_result, owner, err);
}

struct campaign_row campaign_read(const PGresult *result, int row)
{
    int at = 0;
    struct campaign_row c = {.id = pg_get_int(result, row, at)};
    c.name = pg_get_text(result, row, ++at);
    c.state = campaign_state_of(pg_get_text(result, row, ++at));
    c.import_id = pg_get_text(result, row, ++at);
    c.template = pg_get_text(result, row, ++at);
    c.is_plain = pg_get_bool(result, row, ++at);
    c.channel = pg_get_text(result, row, ++at);
    c.queue = pg_get_text(result, row, ++at);
    c.send_at = pg_get_instant(result, row, ++at);
    c.call_after_hours = pg_get_int(result, row, ++at);
    c.row_count = pg_get_int(result, row, ++at);
    c.bad_count = pg_get_int(result, row, ++at);
    c.part_count = pg_get_int(result, row, ++at);
    c.price_micro = pg_get_int(result, row, ++at);
    c.part_price_micro = pg_get_int(result, row, ++at);
    c.created_by = pg_get_text(result, row, ++at);
    c.created_at = pg_get_instant(result, row, ++at);
    c.approved_by = pg_get_text(result, row, ++at);
    c.approved_at = pg_get_instant(result, row, ++at);
    c.queued_at = pg_get_instant(result, row, ++at);
    c.stopped_by = pg_get_text(result, row, ++at);
    c.stopped_at = pg_get_instant(result, row, ++at);
    c.finished_at = pg_get_instant(result, row, ++at);
    c.problem = pg_get_text(result, row, ++at);
    c.problem_detail = pg_get_text(result, row, ++at);
    c.import_state = pg_get_text(result, row, ++at);
    c.size_bytes = pg_get_int(result, row, ++at);
    c.received_bytes = pg_get_int(result, row, ++at);
    c.committed_bytes = pg_get_int(result, row, ++at);
    c.read_count = pg_get_int(result, row, ++at);
    c.bad_so_far = pg_get_int(result, row, ++at);
    return c;
}

void campaign_add_attach(struct pg_tx *tx, int64_t id, const char *import_id)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_text(&args, span_str(import_id));
    add(tx, SQL_CAMPAIGN_ATTACH, &args, NULL);
}

void campaign_add_twin(struct pg_tx *tx, const uint8_t sha256[SHA256_LEN], int64_t id,
                       pg_result_cb on_result)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_bytes(&args, span_of((const char *)sha256, SHA256_LEN));
    pg_arg_int(&args, id);
    add(tx, SQL_CAMPAIGN_TWIN, &args, on_result);
}

void campaign_add_checked(struct pg_tx *tx, int64_t id, int64_t part_price_micro,
                          struct instant now)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_int(&args, part_price_micro);
    pg_arg_instant(&args, now);
    add(tx, SQL_CAMPAIGN_CHECKED, &args, NULL);
}

void campaign_add_refused(struct pg_tx *tx, int64_t id, const char *problem, struct span detail,
                          struct instant now)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_text(&args, span_str(problem));
    pg_arg_text(&args, detail);
    pg_arg_instant(&args, now);
    add(tx, SQL_CAMPAIGN_REFUSED, &args, NULL);
}

int campaign_samples(struct pg *pg, struct pg_query *query, int64_t id, pg_result_cb on_result,
                     void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    return read_and_release(pg, query, SQL_CAMPAIGN_SAMPLES, &args, on_result, owner, err);
}

/* First, see campaign.sql. */
static void add_hold(struct pg_tx *tx, int64_t id)
{
    struct pg_args args;
    begin_with_id(&args, id);
    add(tx, SQL_CAMPAIGN_HOLD, &args, NULL);
}

void campaign_add_approve(struct pg_tx *tx, int64_t id, struct span by, struct instant now,
                          pg_result_cb on_result)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_text(&args, by);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, SPAN_LIT(CAMPAIGN_CHANNEL));
    add(tx, SQL_CAMPAIGN_APPROVE, &args, on_result);
}

void campaign_add_stop(struct pg_tx *tx, int64_t id, struct span by, struct instant now,
                       pg_result_cb on_result)
{
    struct pg_args args;
    struct span states[CAMPAIGN_REFUSED + 1];
    size_t count = 0;
    for (enum campaign_state from = CAMPAIGN_CHECKING; from <= CAMPAIGN_REFUSED; ++from) {
        enum campaign_state next = from;
        if (campaign_move(&next, CAMPAIGN_WAS_STOPPED))
            states[count++] = span_str(campaign_state_word(from));
    }
    begin_with_id(&args, id);
    pg_arg_text(&args, by);
    pg_arg_instant(&args, now);
    pg_arg_texts(&args, states, count);
    pg_arg_int(&args, REMINDERS_AT_ONCE);
    add_hold(tx, id);
    add(tx, SQL_CAMPAIGN_STOP, &args, on_result);
}

int campaign_open(struct pg *pg, struct pg_query *query, struct instant now, pg_result_cb on_result,
                  void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    return read_and_release(pg, query, SQL_CAMPAIGN_OPEN, &args, on_result, owner, err);
}

void campaign_add_queue(struct pg_tx *tx, int64_t id, struct instant now,
                        const struct campaign_window *window, int32_t holdout_permille)
{
    struct pg_args args;
    if (holdout_permille > 0) {
        begin_with_id(&args, id);
        pg_arg_int(&args, holdout_permille);
        add(tx, SQL_CAMPAIGN_LOCK_HELD_OUT, &args, NULL);
    }
    begin_with_id(&args, id);
    pg_arg_instant(&args, now);
    pg_arg_dates(&args, window->days, window->day_count);
    pg_arg_int(&args, window->from_second);
    pg_arg_int(&args, window->to_second);
    pg_arg_int(&args, holdout_permille);
    add(tx, SQL_CAMPAIGN_QUEUE, &args, NULL);
}

void campaign_add_end(struct pg_tx *tx, int64_t id, struct instant now, pg_result_cb on_result)
{
    struct pg_args args;
    add_hold(tx, id);
    begin_with_id(&args, id);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, REMINDERS_AT_ONCE);
    add(tx, SQL_CAMPAIGN_END, &args, on_result);
}

bool campaign_has_more(const PGresult *result)
{
    return pg_get_bool(result, 0, 0);
}

struct campaign_stopped campaign_read_stopped(const PGresult *result)
{
    return (struct campaign_stopped){.has_more = pg_get_bool(result, 0, 0),
                                     .cancelled_count = pg_get_int(result, 0, 1),
                                     .is_done = pg_get_bool(result, 0, 2)};
}

int campaign_results(struct pg *pg, struct pg_query *query, int64_t id, pg_result_cb on_result,
                     void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    return read_and_release(pg, query, SQL_CAMPAIGN_RESULTS, &args, on_result, owner, err);
}

struct campaign_results campaign_results_read(const PGresult *result, int row)
{
    int at = 0;
    struct campaign_results r = {.currency = pg_get_text(result, row, at)};
    int64_t *const counts[] = {&r.row_count,       &r.waiting_count,   &r.sent_count,
                               &r.delivered_count, &r.opened_count,    &r.cancelled_count,
                               &r.held_out_count,  &r.unreached_count, &r.settled_count,
                               &r.paying_count,    &r.paid_minor,      &r.owed_then_minor,
                               &r.owed_now_minor,  &r.cost_micro,      &r.call_count};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i)
        *counts[i] = pg_get_int(result, row, ++at);
    return r;
}

int campaign_calls(struct pg *pg, struct pg_query *query, int64_t id, int64_t behind_line,
                   int64_t at_most, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    begin_with_id(&args, id);
    pg_arg_int(&args, behind_line);
    pg_arg_int(&args, at_most);
    return read_and_release(pg, query, SQL_CAMPAIGN_CALLS, &args, on_result, owner, err);
}

void campaign_add_texts(struct pg_tx *tx, const int64_t *customer_ids, const int64_t *invoice_ids,
                        const struct span *steps, size_t count, pg_result_cb on_result)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customer_ids, count);
    pg_arg_ints(&args, invoice_ids, count);
    pg_arg_texts(&args, steps, count);
    add(tx, SQL_CAMPAIGN_TEXTS, &args, on_result);
}

struct campaign_message campaign_message_read(const PGresult *result, int row)
{
    int at = 0;
    struct campaign_message m = {.customer_id = pg_get_int(result, row, at)};
    m.invoice_id = pg_get_int(result, row, ++at);
    m.text = pg_get_text(result, row, ++at);
    m.template = pg_get_text(result, row, ++at);
    m.is_plain = pg_get_bool(result, row, ++at);
    m.fields = pg_get_text(result, row, ++at);
    m.name = pg_get_text(result, row, ++at);
    m.number = pg_get_text(result, row, ++at);
    m.product = pg_get_text(result, row, ++at);
    m.currency = pg_get_text(result, row, ++at);
    m.account = pg_get_text(result, row, ++at);
    m.due_minor = pg_get_int(result, row, ++at);
    m.due_date = pg_get_date(result, row, ++at);
    m.language = pg_get_text(result, row, ++at);
    return m;
}
