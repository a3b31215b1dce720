#include "flow/debt_change.h"

#include "flow/page_version.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIES_MAX = 5 };

struct debt_change {
    struct world *world;
    struct debt_change_options options;
    struct debt_look look;
    struct pg_tx tx;
    char page[PAGE_NAME_LEN + 1];
    int tries;
};

static int look(struct debt_change *op, struct err *err);

static void finish(struct debt_change *op, enum debt_change_result result, const struct err *err)
{
    op->options.on_done(op->options.owner, result, err);
    free(op);
}

static void on_saved(void *owner, const struct err *err)
{
    struct debt_change *op = owner;
    struct err again = *err;
    if (err->code == ERR_CONFLICT && op->tries < TRIES_MAX && look(op, &again) == 0)
        return;
    if (again.code == 0)
        page_version_note_kept(op->world->page_versions, span_str(op->page));
    finish(op, DEBT_CHANGE_SAVED, &again);
}

static void on_result(void *owner, const PGresult *result, const struct err *err)
{
    struct debt_change *op = owner;
    if (err->code == 0 && op->options.on_row != NULL)
        op->options.on_row(op->options.owner, result);
}

/* The guard, the page, and what the decision adds; false when it says no. */
static bool decide(struct debt_change *op, const struct debt *debt, const PGresult *more)
{
    const struct page_shown page = page_version_shown(op->world->page_versions, span_str(op->page));
    struct debt as_shown = *debt;
    as_shown.page = page.name;
    debt_add_guard(&op->tx, debt);
    page_version_keep(&op->tx, &page, op->world->now());
    return op->options.decide(op->options.owner, &as_shown, more, &op->tx, on_result);
}

static void on_looked(void *owner, const struct debt *debt, const PGresult *more,
                      const struct err *failed)
{
    struct debt_change *op = owner;
    struct err err = {0};
    if (failed != NULL) {
        finish(op, DEBT_CHANGE_REFUSED, failed);
        return;
    }
    if (debt == NULL || debt->is_revoked) {
        finish(op, debt == NULL ? DEBT_CHANGE_NOWHERE : DEBT_CHANGE_REVOKED, &err);
        return;
    }
    if (pg_tx_begin(op->world->store->writes, &op->tx, on_saved, op, &err) != 0) {
        finish(op, DEBT_CHANGE_REFUSED, &err);
        return;
    }
    if (decide(op, debt, more)) {
        pg_tx_commit(&op->tx);
        return;
    }
    pg_tx_cancel(&op->tx);
    finish(op, DEBT_CHANGE_REFUSED, &err);
}

static int look(struct debt_change *op, struct err *err)
{
    ++op->tries;
    return debt_look_begin(&op->look, op->world, op->options.link, op->options.more, on_looked, op,
                           err);
}

int debt_change_begin(struct world *world, const struct debt_change_options *options,
                      struct err *err)
{
    struct debt_change *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    op->world = world;
    op->options = *options;
    snprintf(op->page, sizeof(op->page), "%.*s", SPAN_ARG(options->page));
    op->options.page = span_of(NULL, 0);
    int code = look(op, err);
    if (code != 0)
        free(op);
    return code;
}
