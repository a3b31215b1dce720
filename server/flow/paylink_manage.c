/* The happy path:
 *
 *   begin          by code: which invoice is it
 *   on_named
 *   look_up        the invoice and its links
 *   on_found       nothing to do: finish; otherwise revoke, issue, event, in one transaction
 *   on_issued      the new link's number
 *   on_saved       on disk
 *   finish
 *
 * When somebody moved the customer in between, the transaction fails under its guard and everything
 * is looked up again, a few times. */
#include "flow/paylink_manage.h"

#include "store/event_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIES_MAX = 5 };

struct paylink_manage {
    struct world *world;
    enum paylink_action action;
    char number[PAYLINK_NUMBER_MAX + 1];
    struct pg_query query;
    struct pg_tx tx;
    struct paylink_row row;
    int64_t issued_no;
    int tries;
    paylink_manage_cb on_done;
    void *owner;
};

static void on_named(void *owner, const PGresult *result, const struct err *err);
static void look_up(struct paylink_manage *op);
static void on_found(void *owner, const PGresult *result, const struct err *err);
static void save(struct paylink_manage *op);
static void on_issued(void *owner, const PGresult *result, const struct err *err);
static void on_saved(void *owner, const struct err *err);
static void finish(struct paylink_manage *op, enum paylink_managed_result result, int64_t link_no);
static void fail(struct paylink_manage *op, const struct err *err);

static int start(struct paylink_manage *op, struct span code, struct err *err)
{
    struct paylink_id id;
    struct store *store = op->world->store;
    if (op->number[0] != '\0')
        return paylink_find_by_number(store, &op->query, span_str(op->number), on_found, op, err);
    if (!paylink_check_code(op->world->keys, code, &id))
        return err_set(err, ERR_INPUT, "this is no link of ours");
    return paylink_find_number(store, &op->query, id.customer_id, id.link_no, on_named, op, err);
}

int paylink_manage_begin(struct world *world, const struct paylink_manage_options *options,
                         paylink_manage_cb on_done, void *owner, struct paylink_manage **handle,
                         struct err *err)
{
    if (options->number.len > PAYLINK_NUMBER_MAX)
        return err_set(err, ERR_INPUT, "an invoice's number is not that long");
    struct paylink_manage *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    op->world = world;
    op->action = options->action;
    op->on_done = on_done;
    op->owner = owner;
    snprintf(op->number, sizeof(op->number), "%.*s", SPAN_ARG(options->number));
    int code = start(op, options->code, err);
    if (code != 0)
        free(op);
    else if (handle != NULL)
        *handle = op;
    return code;
}

void paylink_manage_forget(struct paylink_manage *op)
{
    op->on_done = NULL;
}

static void on_named(void *owner, const PGresult *result, const struct err *err)
{
    struct paylink_manage *op = owner;
    if (result == NULL)
        fail(op, err);
    else if (!paylink_read_number(result, op->number))
        finish(op, PAYLINK_NO_INVOICE, 0);
    else
        look_up(op);
}

static void look_up(struct paylink_manage *op)
{
    struct err err;
    if (paylink_find_by_number(op->world->store, &op->query, span_str(op->number), on_found, op,
                               &err) != 0)
        fail(op, &err);
}

static void on_found(void *owner, const PGresult *result, const struct err *err)
{
    struct paylink_manage *op = owner;
    if (result == NULL) {
        fail(op, err);
        return;
    }
    paylink_read(result, &op->row);
    op->issued_no = 0;
    bool has_link = op->row.active_no != 0;
    bool wants_only_old = op->action == PAYLINK_SHOW || op->action == PAYLINK_REVOKE;
    if (!op->row.is_there)
        finish(op, PAYLINK_NO_INVOICE, 0);
    else if (!has_link && wants_only_old)
        finish(op, PAYLINK_NO_LINK, 0);
    else if (op->action == PAYLINK_SHOW || (has_link && op->action == PAYLINK_ISSUE))
        finish(op, PAYLINK_MANAGED, op->row.active_no);
    else
        save(op);
}

static void add_event(struct paylink_manage *op, bool revokes, bool issues, struct instant now)
{
    char facts[96];
    const char *kind = !revokes ? "paylink.issued"
                       : issues ? "paylink.replaced"
                                : "paylink.revoked";
    snprintf(facts, sizeof(facts), revokes ? "{\"link_no\":%lld}" : "{}",
             (long long)op->row.active_no);
    struct event_new event = {.customer_id = op->row.customer_id,
                              .invoice_id = op->row.invoice_id,
                              .at = now,
                              .kind = span_str(kind),
                              .facts = span_str(facts)};
    event_append(&op->tx, &event, 1, NULL);
}

static void save(struct paylink_manage *op)
{
    struct err err;
    struct instant now = op->world->now();
    bool revokes = op->row.active_no != 0, issues = op->action != PAYLINK_REVOKE;
    if (pg_tx_begin(op->world->store->writes, &op->tx, on_saved, op, &err) != 0) {
        fail(op, &err);
        return;
    }
    paylink_add_guard(&op->tx, &op->row);
    if (revokes)
        paylink_add_revoke(&op->tx, &op->row, now, issues);
    if (issues)
        paylink_add_issue(&op->tx, &op->row, now, on_issued);
    add_event(op, revokes, issues, now);
    pg_tx_commit(&op->tx);
}

static void on_issued(void *owner, const PGresult *result, const struct err *err)
{
    struct paylink_manage *op = owner;
    (void)err;
    op->issued_no = result == NULL ? 0 : paylink_read_issued(result);
}

static void on_saved(void *owner, const struct err *err)
{
    struct paylink_manage *op = owner;
    if (err->code == ERR_CONFLICT && ++op->tries < TRIES_MAX)
        look_up(op);
    else if (err->code != 0)
        fail(op, err);
    else
        finish(op, PAYLINK_MANAGED, op->issued_no != 0 ? op->issued_no : op->row.active_no);
}

static void finish(struct paylink_manage *op, enum paylink_managed_result result, int64_t link_no)
{
    struct err none = {0};
    struct paylink_managed managed = {.result = result};
    if (result == PAYLINK_MANAGED) {
        managed.id = (struct paylink_id){op->row.customer_id, (int32_t)link_no};
        managed.is_changed = op->issued_no != 0 || op->action == PAYLINK_REVOKE;
        managed.is_active = op->action != PAYLINK_REVOKE;
        snprintf(managed.number, sizeof(managed.number), "%s", op->row.number);
        paylink_print_code(op->world->keys, managed.id, managed.code);
    }
    if (op->on_done != NULL)
        op->on_done(op->owner, &managed, &none);
    free(op);
}

static void fail(struct paylink_manage *op, const struct err *err)
{
    if (op->on_done != NULL)
        op->on_done(op->owner, NULL, err);
    free(op);
}
