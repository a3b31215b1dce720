/* Takes the debts longest overdue but one, so that those due next, which people are shown first,
 * are untouched. Each debt: start a payment as the page would (or hold, or revoke), then let the
 * bank do its part, then the next. */
#include "app/demo_life.h"

#include "app/bank.h"
#include "app/demo_payer.h"
#include "base/log.h"
#include "flow/paylink_manage.h"
#include "flow/world.h"
#include "store/debtor_store.h"
#include "store/invoice_store.h"

#include <stdio.h>
#include <stdlib.h>

enum life_deed {
    LIFE_PAY = 1,
    LIFE_PART,
    LIFE_REFUSE,
    LIFE_REFUND,
    LIFE_CHARGE_BACK,
    LIFE_LEAVE, /* at the bank's page: the payment stays under way */
    LIFE_PLAN,
    LIFE_DISPUTE,
    LIFE_REVOKE,
};

static const enum life_deed deeds[] = {
    LIFE_PAY,   LIFE_PART, LIFE_PAY,  LIFE_REFUSE,  LIFE_PAY,    LIFE_REFUND, LIFE_CHARGE_BACK,
    LIFE_LEAVE, LIFE_PLAN, LIFE_PART, LIFE_DISPUTE, LIFE_REVOKE, LIFE_PAY,
};
enum { DEED_COUNT = sizeof(deeds) / sizeof(deeds[0]), NUMBER_MAX = 64 };

struct life {
    struct world *world;
    struct bank *bank;
    struct pg_query query;
    struct pg_tx tx;
    struct life_debt {
        struct paylink_id link;
        int64_t invoice_id, due_minor;
        char number[NUMBER_MAX];
    } debts[DEED_COUNT];
    int count, done;
};

static void next(struct life *life);

static enum life_deed deed_of(const struct life *life)
{
    return deeds[life->done];
}

static void finish_one(struct life *life)
{
    ++life->done;
    next(life);
}

static void on_given_back(void *owner, enum bank_result result,
                          const struct sandbox_payment *payment)
{
    (void)result, (void)payment;
    finish_one(owner);
}

static void on_paid(void *owner, const char *payment_id)
{
    struct life *life = owner;
    enum life_deed deed = deed_of(life);
    if (payment_id == NULL || (deed != LIFE_REFUND && deed != LIFE_CHARGE_BACK)) {
        finish_one(life);
        return;
    }
    const struct bank_order order = {.payment_id = span_str(payment_id),
                                     .action = deed == LIFE_REFUND ? BANK_REFUND : BANK_CHARGE_BACK,
                                     .waits_for_callback = true};
    bank_move(life->bank, &order, on_given_back, life);
}

static int pay(struct life *life, const struct life_debt *debt, struct err *err)
{
    enum life_deed deed = deed_of(life);
    const struct demo_payer_order order = {.link = debt->link,
                                           .due_minor = debt->due_minor,
                                           .leaves = deed == LIFE_LEAVE,
                                           .action = deed == LIFE_REFUSE ? BANK_REFUSE : BANK_PAY,
                                           .amount_minor =
                                               deed == LIFE_PART ? debt->due_minor / 3 + 1 : 0};
    return demo_payer_begin(life->world, life->bank, &order, on_paid, life, err);
}

static void on_held(void *owner, const struct err *err)
{
    (void)err;
    finish_one(owner);
}

static int hold(struct life *life, const struct life_debt *debt, const char *kind, struct err *err)
{
    const struct invoice_hold_new hold = {.key = {debt->link.customer_id, debt->invoice_id},
                                          .kind = span_str(kind),
                                          .now = life->world->now()};
    return invoice_hold(life->world->store, &life->tx, &hold, NULL, on_held, life, err);
}

static void on_revoked(void *owner, const struct paylink_managed *managed, const struct err *err)
{
    (void)managed, (void)err;
    finish_one(owner);
}

static int revoke_link(struct life *life, const struct life_debt *debt, struct err *err)
{
    const struct paylink_manage_options options = {.action = PAYLINK_REVOKE,
                                                   .number = span_str(debt->number)};
    return paylink_manage_begin(life->world, &options, on_revoked, life, NULL, err);
}

static int begin_deed(struct life *life, struct err *err)
{
    const struct life_debt *debt = &life->debts[life->done];
    switch (deed_of(life)) {
    case LIFE_PLAN:
        return hold(life, debt, "plan", err);
    case LIFE_DISPUTE:
        return hold(life, debt, "dispute", err);
    case LIFE_REVOKE:
        return revoke_link(life, debt, err);
    default:
        return pay(life, debt, err);
    }
}

static void next(struct life *life)
{
    struct err err;
    if (life->done < life->count && begin_deed(life, &err) == 0)
        return;
    log_line(LOG_INFO, "demo's life begun", "debts=%d", life->done);
    free(life);
}

static void on_debts(void *owner, const PGresult *result, const struct err *err)
{
    struct life *life = owner;
    int rows = err->code == 0 ? PQntuples(result) : 0;
    /* Newest first: from the end, and not two neighbours. */
    for (int row = rows - 1; row >= 0 && life->count < DEED_COUNT; row -= 2) {
        struct debtor debtor;
        debtor_read(result, row, &debtor);
        if (debtor.link_no == 0 || debtor.number.len >= NUMBER_MAX)
            continue;
        struct life_debt *debt = &life->debts[life->count++];
        *debt = (struct life_debt){.link = {debtor.customer_id, debtor.link_no},
                                   .invoice_id = debtor.invoice_id,
                                   .due_minor = debtor.due_minor};
        memcpy(debt->number, debtor.number.base, debtor.number.len);
    }
    next(life);
}

void demo_life_begin(struct world *world, struct bank *bank)
{
    struct life *life = calloc(1, sizeof(*life));
    if (life == NULL)
        abort();
    life->world = world;
    life->bank = bank;
    struct instant now = world->now();
    const struct debtor_search search = {.words = SPAN_LIT(""),
                                         .state = SPAN_LIT("overdue"),
                                         .now = now,
                                         .hold_since = now,
                                         .at_most = 4 * DEED_COUNT};
    struct err err;
    if (debtor_list(world->store, &life->query, &search, on_debts, life, &err) != 0)
        free(life);
}
