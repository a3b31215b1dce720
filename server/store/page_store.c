/* How reads become statements: page_store_read puts one into `waiting`; at the end of the turn, or
 * when a statement comes back, the first PAGE_BATCH_MAX of them become one batch. A batch has a
 * place for each of its reads, which a cancelled read empties. It is asked by the statement for
 * fresh debts first; what that did not find, if anything, by the one that looks at everything. */
#include "store/page_store.h"

#include "io/timer.h"

#include "sql.h"

#include <assert.h>
#include <stdlib.h>

enum { PAGE_BATCH_MAX = 128, PAGE_WAITING_MAX = 2000 };

struct page_reads {
    struct pg *pg;
    h2o_linklist_t waiting;
    size_t waiting_count;
    bool is_asking; /* a batch is under way */
    struct timer turn_end;
};

struct page_batch {
    struct pg_query query;
    struct page_reads *reads;
    struct page_read *places[PAGE_BATCH_MAX];
    size_t count;
    struct instant now; /* of one of its reads: those of a turn lie microseconds apart */
    bool is_thorough;   /* under way: page_read */
};

/* In the order of the select lists. */
enum column {
    PLACE,
    IS_REVOKED,
    LANGUAGE,
    NAME,
    NUMBER,
    KIND,
    PRODUCT,
    CURRENCY,
    ACCOUNT,
    DUE_MINOR,
    DUE_DATE,
    DAYS_LEFT,
    FRESH_COLUMN_COUNT,
    PAID_MINOR = FRESH_COLUMN_COUNT,
    PAID_ON,
    HOLDS,
    PAYMENT_STATE,
    IS_BLIK,
    REASON,
    PROVIDER_REFERENCE,
    PAYMENT_MINOR,
    WHOLE_MINOR,
    CREATED_AT,
    CHANGED_AT,
    IS_ASKED_WHY,
    INVOICE_ID,
    PLAN_STATE,
    ANSWER_BY,
    PART_COUNT,
    PAID_COUNT,
    PART_PLACE,
    PART_DUE,
    PART_DAYS_LEFT,
    PART_MINOR,
    LATE_MINOR,
    IS_DISPUTE_ANSWERED,
    OFFER_UNTIL,
    DEMAND_UNTIL,
    COLUMN_COUNT,
};

static void send_waiting(struct page_reads *);

static void on_turn_end(void *owner)
{
    send_waiting(owner);
}

struct page_reads *page_reads_new(h2o_loop_t *loop, struct pg *pg)
{
    struct page_reads *reads = calloc(1, sizeof(*reads));
    if (reads == NULL)
        abort();
    reads->pg = pg;
    h2o_linklist_init_anchor(&reads->waiting);
    timer_init(&reads->turn_end, loop, "page reads turn end", on_turn_end, reads);
    return reads;
}

int page_store_read(struct store *store, struct page_read *read, struct paylink_id link,
                    struct instant now, page_read_cb on_read, void *owner, struct err *err)
{
    struct page_reads *reads = store->page_reads;
    assert(read->place_ == NULL && !h2o_linklist_is_linked(&read->waiting_link_));
    if (reads->waiting_count == PAGE_WAITING_MAX)
        return err_set(err, ERR_BUSY, "%d pages are waiting", PAGE_WAITING_MAX);
    read->reads_ = reads;
    read->paylink_ = link;
    read->now_ = now;
    read->on_read_ = on_read;
    read->owner_ = owner;
    h2o_linklist_insert(&reads->waiting, &read->waiting_link_);
    ++reads->waiting_count;
    if (!timer_is_running(&reads->turn_end))
        timer_start(&reads->turn_end, 0);
    return 0;
}

void page_read_cancel(struct page_read *read)
{
    if (h2o_linklist_is_linked(&read->waiting_link_)) {
        h2o_linklist_unlink(&read->waiting_link_);
        --read->reads_->waiting_count;
    }
    if (read->place_ != NULL)
        *read->place_ = NULL;
    read->place_ = NULL;
}

static struct page_read *take_waiting(struct page_reads *reads)
{
    if (h2o_linklist_is_empty(&reads->waiting))
        return NULL;
    struct page_read *read =
        H2O_STRUCT_FROM_MEMBER(struct page_read, waiting_link_, reads->waiting.next);
    h2o_linklist_unlink(&read->waiting_link_);
    --reads->waiting_count;
    return read;
}

/* Ends the read in `place`, if it was not cancelled. Its memory may be gone afterwards. */
static void end_read(struct page_read **place, const struct page_row *row, const struct err *err)
{
    struct page_read *read = *place;
    if (read == NULL)
        return;
    *place = NULL;
    read->place_ = NULL;
    read->on_read_(read->owner_, row, err);
}

static void end_batch(struct page_batch *batch, const struct err *err)
{
    for (size_t i = 0; i < batch->count; ++i)
        end_read(&batch->places[i], NULL, err);
    batch->reads->is_asking = false;
    free(batch);
}

/* The database is away: those behind would wait for the same answer. */
static void fail_waiting(struct page_reads *reads, const struct err *err)
{
    for (size_t left = reads->waiting_count; left > 0; --left) {
        struct page_read *read = take_waiting(reads);
        if (read == NULL)
            return;
        end_read(&read, NULL, err);
    }
}

void page_reads_free(struct page_reads *reads)
{
    assert(!reads->is_asking);
    timer_stop(&reads->turn_end);
    fail_waiting(reads, &(struct err){.code = ERR_CLOSED, .text = "closing"});
    free(reads);
}

static struct page_row read_row(const PGresult *r, int i);
static int send_batch(struct page_batch *, struct err *);

/* The reads that are still there move together. */
static void close_gaps(struct page_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; ++i) {
        struct page_read *read = batch->places[i];
        if (read == NULL)
            continue;
        read->place_ = &batch->places[count];
        batch->places[count++] = read;
    }
    batch->count = count;
}

static void read_thoroughly(struct page_batch *batch)
{
    struct err err = {0};
    batch->is_thorough = true;
    if (send_batch(batch, &err) != 0)
        end_batch(batch, &err);
}

static void on_result(void *owner, const PGresult *r, const struct err *err)
{
    struct page_batch *batch = owner;
    struct page_reads *reads = batch->reads;
    if (r == NULL) {
        struct err failed = *err;
        end_batch(batch, &failed);
        fail_waiting(reads, &failed);
        return;
    }
    for (int i = 0; i < PQntuples(r); ++i) {
        struct page_row row = read_row(r, i);
        end_read(&batch->places[pg_get_int(r, i, PLACE) - 1], &row, NULL);
    }
    close_gaps(batch);
    if (batch->count > 0 && !batch->is_thorough)
        read_thoroughly(batch);
    else
        end_batch(batch, NULL);
    send_waiting(reads);
}

static void add_links(const struct page_batch *batch, struct pg_args *args)
{
    int64_t customers[PAGE_BATCH_MAX], links[PAGE_BATCH_MAX];
    for (size_t i = 0; i < batch->count; ++i) {
        customers[i] = batch->places[i]->paylink_.customer_id;
        links[i] = batch->places[i]->paylink_.link_no;
    }
    pg_arg_ints(args, customers, batch->count);
    pg_arg_ints(args, links, batch->count);
}

static int send_batch(struct page_batch *batch, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    bool is_alone = batch->count == 1 && !batch->is_thorough;
    if (is_alone) {
        pg_arg_int(&args, batch->places[0]->paylink_.customer_id);
        pg_arg_int(&args, batch->places[0]->paylink_.link_no);
    } else {
        add_links(batch, &args);
    }
    pg_arg_instant(&args, batch->now);
    int statement = is_alone             ? SQL_PAGE_READ_FRESH
                    : batch->is_thorough ? SQL_PAGE_READ
                                         : SQL_PAGE_READ_SEVERAL_FRESH;
    int rc = pg_read(batch->reads->pg, &batch->query, statement, &args, on_result, batch, err);
    pg_args_release(&args);
    return rc;
}

static void send_waiting(struct page_reads *reads)
{
    while (!reads->is_asking && reads->waiting_count > 0) {
        struct page_batch *batch = calloc(1, sizeof(*batch));
        if (batch == NULL)
            abort();
        batch->reads = reads;
        while (batch->count < PAGE_BATCH_MAX && reads->waiting_count > 0) {
            struct page_read *read = take_waiting(reads);
            batch->now = read->now_;
            read->place_ = &batch->places[batch->count];
            batch->places[batch->count++] = read;
        }
        reads->is_asking = true;
        struct err err = {0};
        if (send_batch(batch, &err) != 0)
            end_batch(batch, &err);
    }
}

static struct page_payment read_payment(const PGresult *r, int i)
{
    if (pg_is_null(r, i, PAYMENT_STATE))
        return (struct page_payment){.is_there = false};
    return (struct page_payment){
        .is_there = true,
        .state = payment_state_of(pg_get_text(r, i, PAYMENT_STATE)),
        .is_blik = pg_get_bool(r, i, IS_BLIK),
        .reason = pg_get_text(r, i, REASON),
        .reference = pg_get_text(r, i, PROVIDER_REFERENCE),
        .amount_minor = pg_get_int(r, i, PAYMENT_MINOR),
        .whole_minor = pg_get_int(r, i, WHOLE_MINOR),
        .created_at = pg_get_instant(r, i, CREATED_AT),
        .changed_at = pg_get_instant(r, i, CHANGED_AT),
        .is_asked_why = pg_get_bool(r, i, IS_ASKED_WHY),
    };
}

static enum page_plan_state plan_state_of(struct span name)
{
    static const struct {
        const char *name;
        enum page_plan_state state;
    } states[] = {{"asked", PAGE_PLAN_ASKED},
                  {"active", PAGE_PLAN_ACTIVE},
                  {"completed", PAGE_PLAN_COMPLETED},
                  {"broken", PAGE_PLAN_BROKEN}};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); ++i)
        if (span_is_str(name, states[i].name))
            return states[i].state;
    return PAGE_PLAN_NONE;
}

static int64_t int_or_0(const PGresult *r, int i, int column)
{
    return pg_is_null(r, i, column) ? 0 : pg_get_int(r, i, column);
}

static int32_t date_or_0(const PGresult *r, int i, int column)
{
    return pg_is_null(r, i, column) ? 0 : pg_get_date(r, i, column);
}

static struct page_plan read_plan(const PGresult *r, int i)
{
    if (pg_is_null(r, i, PLAN_STATE))
        return (struct page_plan){.state = PAGE_PLAN_NONE};
    return (struct page_plan){
        .state = plan_state_of(pg_get_text(r, i, PLAN_STATE)),
        .answer_by = date_or_0(r, i, ANSWER_BY),
        .part_count = int_or_0(r, i, PART_COUNT),
        .paid_count = int_or_0(r, i, PAID_COUNT),
        .part_no = int_or_0(r, i, PART_PLACE),
        .part_minor = int_or_0(r, i, PART_MINOR),
        .late_minor = int_or_0(r, i, LATE_MINOR),
        .part_due = date_or_0(r, i, PART_DUE),
        .part_days_left = (int32_t)int_or_0(r, i, PART_DAYS_LEFT),
    };
}

static struct page_row read_row(const PGresult *r, int i)
{
    bool is_thorough = PQnfields(r) == COLUMN_COUNT;
    assert(is_thorough || PQnfields(r) == FRESH_COLUMN_COUNT);
    struct page_row row = {
        .is_revoked = pg_get_bool(r, i, IS_REVOKED),
        .language = pg_get_text(r, i, LANGUAGE),
        .name = pg_get_text(r, i, NAME),
        .number = pg_get_text(r, i, NUMBER),
        .kind = pg_get_text(r, i, KIND),
        .product = pg_get_text(r, i, PRODUCT),
        .currency = pg_get_text(r, i, CURRENCY),
        .account = pg_get_text(r, i, ACCOUNT),
        .due_minor = pg_get_int(r, i, DUE_MINOR),
        .due_date = pg_get_date(r, i, DUE_DATE),
        .days_left = (int32_t)pg_get_int(r, i, DAYS_LEFT),
    };
    if (!is_thorough)
        return row;
    row.paid_minor = pg_get_int(r, i, PAID_MINOR);
    row.paid_on = date_or_0(r, i, PAID_ON);
    row.holds = (unsigned)pg_get_int(r, i, HOLDS);
    row.is_dispute_answered = pg_get_bool(r, i, IS_DISPUTE_ANSWERED);
    row.offer_until = date_or_0(r, i, OFFER_UNTIL);
    row.demand_until = date_or_0(r, i, DEMAND_UNTIL);
    row.payment = read_payment(r, i);
    row.invoice_id = pg_get_int(r, i, INVOICE_ID);
    row.plan = read_plan(r, i);
    return row;
}
