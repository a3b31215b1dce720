/* The happy path:
 *
 *   begin       check the claim, copy it
 *   save        one transaction of all statements
 *   on_row      what became of the device
 *   on_saved    on disk
 *
 * A transaction that lost a conflict (a deadlock with an import that makes the same customer) is
 * run again, a few times. */
#include "flow/device_register.h"

#include <stdlib.h>

enum { TRIES_MAX = 5 };

struct device_register {
    struct world *world;
    struct device_row row; /* its spans point into `texts` and `token` */
    char token[DEVICE_FCM_TOKEN_MAX + 1];
    char texts[DEVICE_CUSTOMER_MAX + DEVICE_INSTALLATION_MAX + DEVICE_APP_MAX];
    struct pg_tx tx;
    struct device_registered registered;
    int tries;
    device_register_cb on_done;
    void *owner;
};

static int save(struct device_register *op, struct err *err);
static void on_row(void *owner, const PGresult *result, const struct err *err);
static void on_saved(void *owner, const struct err *err);
static void finish(struct device_register *op, const struct err *err);

static struct span keep(char **at, struct span text)
{
    struct span kept = span_of(memcpy(*at, text.base, text.len), text.len);
    *at += text.len;
    return kept;
}

static void fill(struct device_register *op, const struct device_claim *claim)
{
    char *at = op->texts;
    op->row = (struct device_row){
        .customer = keep(&at, claim->customer),
        .installation = keep(&at, claim->installation),
        .app = keep(&at, claim->app),
        .service = span_str(device_service_name(claim->service)),
        .environment = claim->is_sandbox ? SPAN_LIT("sandbox") : SPAN_LIT("production"),
        .target_kind = claim->is_fid ? SPAN_LIT("fid") : SPAN_LIT("token"),
        .token = span_str(op->token),
        .language = span_str(claim->language),
        .live_max = DEVICE_LIVE_MAX,
        .kept_max = DEVICE_KEPT_MAX,
    };
}

int device_register_begin(struct world *world, const struct device_claim *claim,
                          device_register_cb on_done, void *owner, struct err *err)
{
    struct device_register *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    *op = (struct device_register){.world = world, .on_done = on_done, .owner = owner};
    enum device_refusal refusal = device_check(claim, op->token);
    int code =
        refusal == DEVICE_FINE ? 0 : err_set(err, ERR_INPUT, "%s", device_refusal_text(refusal));
    if (code == 0) {
        fill(op, claim);
        code = save(op, err);
    }
    if (code != 0)
        free(op);
    return code;
}

static int save(struct device_register *op, struct err *err)
{
    int code = pg_tx_begin(op->world->store->writes, &op->tx, on_saved, op, err);
    if (code != 0)
        return code;
    op->registered = (struct device_registered){.is_refused = true};
    op->row.now = op->world->now();
    device_add_register(&op->tx, &op->row, on_row);
    pg_tx_commit(&op->tx);
    return 0;
}

static void on_row(void *owner, const PGresult *result, const struct err *err)
{
    struct device_register *op = owner;
    (void)err;
    op->registered.is_refused = result == NULL || !device_read_saved(result, &op->registered.saved);
}

static void on_saved(void *owner, const struct err *err)
{
    struct device_register *op = owner;
    struct err again = *err;
    if (err->code == ERR_CONFLICT && ++op->tries < TRIES_MAX && save(op, &again) == 0)
        return;
    finish(op, &again);
}

static void finish(struct device_register *op, const struct err *err)
{
    op->on_done(op->owner, err->code == 0 ? &op->registered : NULL, err);
    free(op);
}
