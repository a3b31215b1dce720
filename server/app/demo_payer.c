#include "app/demo_payer.h"

#include "app/bank.h"
#include "base/crypto.h"
#include "flow/payment_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct visit {
    struct bank *bank;
    struct demo_payer_order order;
    char payment_id[SANDBOX_BANK_ID_MAX];
    demo_payer_cb on_done;
    void *owner;
};

static void finish(struct visit *visit, const char *payment_id)
{
    visit->on_done(visit->owner, payment_id);
    free(visit);
}

static void on_decided(void *owner, enum bank_result result, const struct sandbox_payment *payment)
{
    struct visit *visit = owner;
    (void)payment;
    finish(visit, result == BANK_DONE ? visit->payment_id : NULL);
}

static void on_started(void *owner, const struct payment_start_outcome *outcome,
                       const struct err *err)
{
    struct visit *visit = owner;
    bool is_started = err->code == 0 && outcome->result == PAYMENT_START_REDIRECT;
    const char *slash = is_started ? strrchr(outcome->redirect_url, '/') : NULL;
    if (slash == NULL || visit->order.leaves) {
        finish(visit, NULL);
        return;
    }
    snprintf(visit->payment_id, sizeof(visit->payment_id), "%s", slash + 1);
    const struct bank_order order = {.payment_id = span_str(visit->payment_id),
                                     .action = visit->order.action,
                                     .amount_minor = visit->order.amount_minor,
                                     .waits_for_callback = true};
    bank_move(visit->bank, &order, on_decided, visit);
}

int demo_payer_begin(struct world *world, struct bank *bank, const struct demo_payer_order *order,
                     demo_payer_cb on_done, void *owner, struct err *err)
{
    uint8_t nonce[FORM_NONCE_LEN];
    char text[FORM_NONCE_TEXT_LEN + 1];
    struct payment_start *start;
    struct visit *visit = calloc(1, sizeof(*visit));
    if (visit == NULL)
        abort();
    *visit = (struct visit){.bank = bank, .order = *order, .on_done = on_done, .owner = owner};
    random_bytes(nonce, sizeof(nonce));
    base64url_print(span_of((char *)nonce, sizeof(nonce)), text);
    const struct payment_start_options options = {
        .link = order->link, .form_nonce = span_str(text), .amount_minor = order->due_minor};
    int rc = payment_start_begin(world, &options, on_started, visit, &start, err);
    if (rc != 0)
        free(visit);
    return rc;
}
