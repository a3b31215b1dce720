#include "flow/restructuring_ask.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "flow/debt_change.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORD_MAX = 96 };

struct restructuring_ask {
    struct world *world;
    struct paylink_id link;
    enum language language;
    char form_nonce[WORD_MAX];
    char *written; /* JSON */
    enum restructuring_ask_result result;
    int64_t customer_id, invoice_id; /* for the log */
    restructuring_ask_cb on_done;    /* null: forgotten */
    void *owner;
};

struct request_standing request_standing_of(const struct debt *debt,
                                            const struct demand_kept *demand,
                                            const struct request_kept *request)
{
    return (struct request_standing){
        .due_minor = debt->due_minor,
        .has_demand = demand->demand_no != 0,
        .today = debt->today,
        .request_by = demand->dates.request_by,
        .is_open = span_is_str(request->state, "open"),
        .is_of_demand = request->request_no != 0 && request->of_demand == demand->demand_no,
    };
}

static bool decide(void *owner, const struct debt *debt, const PGresult *more, struct pg_tx *tx,
                   pg_result_cb on_result)
{
    (void)on_result;
    struct restructuring_ask *op = owner;
    struct demand_kept demand;
    struct request_kept request;
    demand_take(more, &demand, &request);
    op->result = RESTRUCTURING_ASK_DONE;
    if (span_is_str(request.form_nonce, op->form_nonce))
        return false; /* there is nothing to change */
    const struct request_standing standing = request_standing_of(debt, &demand, &request);
    if (request_hindered(&standing) != REQUEST_MAY) {
        op->result = RESTRUCTURING_ASK_HINDERED;
        return false;
    }
    op->customer_id = debt->customer_id;
    op->invoice_id = debt->invoice_id;
    demand_add_request(tx, debt,
                       &(struct request_new){
                           .demand_no = demand.demand_no,
                           .request_no = request.request_no + 1,
                           .form_nonce = span_str(op->form_nonce),
                           .language = span_str(language_code(op->language)),
                           .written = span_str(op->written),
                           .decide_by = date_add_days(debt->today, op->world->demands.decide_days),
                           .now = op->world->now()});
    return true;
}

static void on_changed(void *owner, enum debt_change_result result, const struct err *err)
{
    struct restructuring_ask *op = owner;
    if (result == DEBT_CHANGE_NOWHERE || result == DEBT_CHANGE_REVOKED)
        op->result =
            result == DEBT_CHANGE_NOWHERE ? RESTRUCTURING_ASK_NOWHERE : RESTRUCTURING_ASK_REVOKED;
    if (err->code == 0 && result == DEBT_CHANGE_SAVED) {
        crash_point("restructuring_asked");
        log_line(LOG_INFO, "restructuring asked for", "customer=%" PRId64 " invoice=%" PRId64,
                 op->customer_id, op->invoice_id);
    }
    if (op->on_done != NULL)
        op->on_done(op->owner, op->result, err);
    free(op->written);
    free(op);
}

static char *written_json(struct span text)
{
    json_t *json = json_pack("{s:s%}", "text", text.len == 0 ? "" : text.base, text.len);
    char *printed = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (printed == NULL)
        abort(); /* the handler lets UTF-8 alone through */
    return printed;
}

int restructuring_ask_begin(struct world *world, const struct restructuring_ask_options *options,
                            restructuring_ask_cb on_done, void *owner,
                            struct restructuring_ask **handle, struct err *err)
{
    struct restructuring_ask *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    *op = (struct restructuring_ask){.world = world,
                                     .link = options->link,
                                     .language = options->language,
                                     .written = written_json(options->text),
                                     .on_done = on_done,
                                     .owner = owner};
    snprintf(op->form_nonce, sizeof(op->form_nonce), "%.*s", SPAN_ARG(options->form_nonce));
    int code = debt_change_begin(world,
                                 &(struct debt_change_options){.link = options->link,
                                                               .page = options->page,
                                                               .more = demand_read_of,
                                                               .decide = decide,
                                                               .on_done = on_changed,
                                                               .owner = op},
                                 err);
    if (code != 0) {
        free(op->written);
        free(op);
    } else {
        *handle = op;
    }
    return code;
}

void restructuring_ask_forget(struct restructuring_ask *op)
{
    op->on_done = NULL;
}
