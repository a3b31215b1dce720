/* What the creditor does with the link of an invoice: show it again, issue one where there is none,
 * revoke it, replace it by another. Each change is an event of the invoice's chain. */
#ifndef DUNLIN_FLOW_PAYLINK_MANAGE_H
#define DUNLIN_FLOW_PAYLINK_MANAGE_H

#include "base/err.h"
#include "domain/paylink.h"
#include "flow/world.h"
#include "store/paylink_store.h"

enum paylink_action {
    PAYLINK_SHOW = 1,
    PAYLINK_ISSUE, /* an active link is shown instead: one debt, one link */
    PAYLINK_REVOKE,
    PAYLINK_REPLACE, /* or issue, where there is none */
};

enum paylink_managed_result {
    PAYLINK_MANAGED = 1,
    PAYLINK_NO_INVOICE, /* no invoice of that number, no link of that code */
    PAYLINK_NO_LINK,    /* none is active: nothing to show or revoke */
};

struct paylink_managed {
    enum paylink_managed_result result;
    bool is_changed;
    /* With PAYLINK_MANAGED: the invoice and its active link; after a revocation the revoked one. */
    char number[PAYLINK_NUMBER_MAX + 1];
    struct paylink_id id;
    char code[PAYLINK_CODE_LEN + 1];
    bool is_active;
};

struct paylink_manage_options {
    enum paylink_action action;
    struct span number; /* of the invoice; empty: by code */
    struct span code;
};

struct paylink_manage;

/* `managed` is null on failure. */
typedef void (*paylink_manage_cb)(void *owner, const struct paylink_managed *managed,
                                  const struct err *err);

/* Calls back exactly once, later, unless it returns an error: ERR_INPUT for a code that is none of
 * ours. `handle` may be null. */
MUST_CHECK int paylink_manage_begin(struct world *, const struct paylink_manage_options *,
                                    paylink_manage_cb on_done, void *owner,
                                    struct paylink_manage **handle, struct err *err);
/* The callback will not run; what is under way is finished. */
void paylink_manage_forget(struct paylink_manage *);

#endif
