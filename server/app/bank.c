/* A movement: load the payment, let the rules decide, save it together with the callback that tells
 * of it, tell. Two movements at once: the second finds another movement count, is loaded and
 * decided again, and usually cannot be done any more. */
#include "app/bank.h"

#include "app/bank_teller.h"
#include "base/crypto.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TELL_AFTER_MS = 900, /* so that the customer is back before the callback, as in life */
    TELL_LATE_MS = 10000,
    STALE_AFTER_MS = 1500,
    TROUBLE_AFTER_MS = 4000, /* from taking the money to giving it back */
    MOVE_TRIES_MAX = 4,
};

struct bank {
    struct bank_options options;
    struct bank_trouble trouble;
    struct bank_teller *teller;
    struct pg_query forgotten;
    struct pg_tx hurry;
    bool is_hurrying;
};

struct move {
    struct bank *bank;
    struct bank_order order;
    char payment_id[SANDBOX_BANK_ID_MAX], callback_id[SANDBOX_BANK_ID_MAX];
    struct sandbox_payment payment;
    enum bank_result result;
    bank_cb on_moved;
    void *owner;
    struct pg_query query;
    struct pg_tx tx;
    int tries;
    bool is_saved, is_told;
};

/* A movement that comes by itself some time later: the customer's phone answers, a trouble strikes.
 */
struct later {
    struct bank *bank;
    struct timer timer;
    char payment_id[SANDBOX_BANK_ID_MAX];
    enum bank_action action;
    const char *reason;
    bool may_come_late;
};

struct start {
    struct bank *bank;
    struct sandbox_payment payment;
    struct bank_blik blik;
    bool is_blik, is_new;
    bank_cb on_started;
    void *owner;
    struct pg_tx tx;
};

static void move_load(struct move *move);

static void make_id(const char *prefix, char out[SANDBOX_BANK_ID_MAX])
{
    uint8_t bytes[8];
    char hex[17];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), hex);
    snprintf(out, SANDBOX_BANK_ID_MAX, "%s%s", prefix, hex);
}

/* What the gateway is told; freed by the caller. */
static char *make_body(const struct sandbox_payment *payment, const char *kind, const char *reason,
                       int64_t moved_minor)
{
    char at[21], movement[SANDBOX_BANK_ID_MAX + 24];
    instant_print(clock_wall(), at);
    snprintf(movement, sizeof(movement), "%s-%lld", payment->payment_id,
             (long long)payment->movement_count + 1);
    json_t *data = json_pack("{s:s, s:s, s:s, s:I, s:s}", "id", payment->payment_id, "reference",
                             payment->reference, "movement", movement, "amount_minor",
                             (json_int_t)moved_minor, "currency", payment->currency);
    if (reason[0] != 0)
        json_object_set_new(data, "reason", json_string(reason));
    json_t *body = json_pack("{s:s, s:s, s:o}", "type", kind, "timestamp", at, "data", data);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void on_later_moved(void *owner, enum bank_result result,
                           const struct sandbox_payment *payment)
{
    (void)owner, (void)payment;
    if (result == BANK_BROKEN)
        log_line(LOG_WARN, "bank movement lost", "reason=database");
}

static void move_later(struct bank *bank, const struct later *what, uint32_t delay_ms);

static void on_later(void *owner)
{
    struct later *later = owner;
    struct bank *bank = later->bank;
    const struct bank_order order = {.payment_id = span_str(later->payment_id),
                                     .action = later->action,
                                     .reason = later->reason};
    bank_move(bank, &order, on_later_moved, NULL);
    if (later->may_come_late && bank->trouble.is_late) {
        struct later again = *later;
        again.action = BANK_PAY_LATE;
        again.reason = NULL;
        again.may_come_late = false;
        move_later(bank, &again, TROUBLE_AFTER_MS);
    }
    free(later);
}

static void move_later(struct bank *bank, const struct later *what, uint32_t delay_ms)
{
    struct later *later = h2o_mem_alloc(sizeof(*later));
    *later = *what;
    later->bank = bank;
    timer_init(&later->timer, bank->options.world->loop, "bank later", on_later, later);
    timer_start(&later->timer, delay_ms);
}

static void strike_later(struct bank *bank, const struct sandbox_payment *payment)
{
    if (!bank->trouble.is_refunded && !bank->trouble.is_charged_back)
        return;
    struct later later = {.action = bank->trouble.is_refunded ? BANK_REFUND : BANK_CHARGE_BACK};
    snprintf(later.payment_id, sizeof(later.payment_id), "%s", payment->payment_id);
    move_later(bank, &later, TROUBLE_AFTER_MS);
}

static void move_finish(void *owner)
{
    struct move *move = owner;
    move->on_moved(move->owner, move->result,
                   move->result == BANK_DONE || move->result == BANK_IMPOSSIBLE ? &move->payment
                                                                                : NULL);
    free(move);
}

static void move_end(struct move *move, enum bank_result result)
{
    move->result = result;
    move_finish(move);
}

static void on_move_row(void *owner, const PGresult *result, const struct err *err)
{
    struct move *move = owner;
    move->is_saved = err->code == 0 && pg_get_int(result, 0, 0) == 1;
}

static void on_move_saved(void *owner, const struct err *err)
{
    struct move *move = owner;
    if (err->code != 0) {
        move_end(move, BANK_BROKEN);
        return;
    }
    if (!move->is_saved) {
        move_load(move);
        return;
    }
    if (move->order.action == BANK_PAY || move->order.action == BANK_PAY_LATE)
        strike_later(move->bank, &move->payment);
    move->result = BANK_DONE;
    bank_teller_kick(move->bank->teller);
    if (move->is_told && move->order.waits_for_callback)
        bank_teller_await(move->bank->teller, move->callback_id, move_finish, move);
    else
        move_finish(move);
}

static int64_t tell_after_ms(const struct move *move)
{
    if (move->order.waits_for_callback)
        return 0;
    return move->bank->trouble.is_late ? TELL_LATE_MS : TELL_AFTER_MS;
}

static void move_save(struct move *move, const struct bank_move *decided, const char *reason)
{
    struct instant now = clock_wall();
    char *body = make_body(&move->payment, decided->callback, reason, decided->moved_minor);
    char *stale = make_body(&move->payment, "payment.pending", "", decided->moved_minor);
    make_id("msg_", move->callback_id);
    struct sandbox_callback callback = {.kind = decided->callback,
                                        .body = span_str(body),
                                        .tell_at = {now.us + tell_after_ms(move) * 1000}};
    struct sandbox_callback extra = {.kind = "payment.pending",
                                     .body = span_str(stale),
                                     .tell_at = {callback.tell_at.us + STALE_AFTER_MS * 1000}};
    snprintf(callback.callback_id, sizeof(callback.callback_id), "%s", move->callback_id);
    make_id("msg_", extra.callback_id);
    snprintf(move->payment.state, sizeof(move->payment.state), "%s", decided->state);
    snprintf(move->payment.reason, sizeof(move->payment.reason), "%s", reason);
    move->payment.paid_minor = decided->paid_minor;
    move->payment.returned_minor = decided->returned_minor;
    move->is_told = true;
    struct err err;
    int rc = sandbox_bank_move(move->bank->options.world->store, &move->tx, &move->payment,
                               &callback, move->bank->trouble.is_disordered ? &extra : NULL, now,
                               on_move_row, on_move_saved, move, &err);
    free(body);
    free(stale);
    if (rc != 0)
        move_end(move, BANK_BROKEN);
}

static void on_move_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct move *move = owner;
    if (err->code != 0) {
        move_end(move, BANK_BROKEN);
        return;
    }
    if (PQntuples(result) == 0) {
        move_end(move, BANK_UNKNOWN);
        return;
    }
    sandbox_bank_read(result, 0, &move->payment);
    const struct bank_books books = {.state = span_str(move->payment.state),
                                     .amount_minor = move->payment.amount_minor,
                                     .paid_minor = move->payment.paid_minor,
                                     .returned_minor = move->payment.returned_minor};
    struct bank_move decided =
        bank_move_decide(&books, move->order.action, move->order.amount_minor);
    if (decided.state == NULL) {
        move_end(move, BANK_IMPOSSIBLE);
        return;
    }
    const char *reason = move->order.reason != NULL && strcmp(decided.state, "failed") == 0
                             ? move->order.reason
                             : decided.reason;
    move_save(move, &decided, reason);
}

static void move_load(struct move *move)
{
    struct err err;
    bool is_newest = move->payment_id[0] == 0;
    bool wants_reversal = move->order.action == BANK_REVERSE;
    struct span state = !is_newest       ? SPAN_LIT("")
                        : wants_reversal ? SPAN_LIT("charged_back")
                                         : SPAN_LIT("paid");
    if (++move->tries > MOVE_TRIES_MAX ||
        sandbox_bank_one(move->bank->options.world->store, &move->query, span_str(move->payment_id),
                         state, on_move_loaded, move, &err) != 0)
        move_end(move, BANK_BROKEN);
}

void bank_move(struct bank *bank, const struct bank_order *order, bank_cb on_moved, void *owner)
{
    struct move *move = h2o_mem_alloc(sizeof(*move));
    *move = (struct move){.bank = bank, .order = *order, .on_moved = on_moved, .owner = owner};
    move->order.waits_for_callback |= bank->trouble.is_before_return;
    snprintf(move->payment_id, sizeof(move->payment_id), "%.*s", SPAN_ARG(order->payment_id));
    move_load(move);
}

static void on_start_row(void *owner, const PGresult *result, const struct err *err)
{
    struct start *start = owner;
    if (err->code == 0)
        sandbox_bank_read_opened(result, start->payment.payment_id, &start->is_new);
}

static void on_start_saved(void *owner, const struct err *err)
{
    struct start *start = owner;
    if (err->code == 0 && start->is_blik && start->is_new) {
        struct later later = {.action = start->blik.is_paid ? BANK_PAY : BANK_REFUSE,
                              .reason = start->blik.reason,
                              .may_come_late = start->blik.may_come_late};
        snprintf(later.payment_id, sizeof(later.payment_id), "%s", start->payment.payment_id);
        move_later(start->bank, &later, (uint32_t)start->blik.delay_ms);
    }
    if (err->code != 0)
        log_line(LOG_WARN, "bank payment not booked", "error=%s", err->text);
    start->on_started(start->owner, err->code == 0 ? BANK_DONE : BANK_BROKEN,
                      err->code == 0 ? &start->payment : NULL);
    free(start);
}

void bank_start(struct bank *bank, const struct sandbox_payment *payment,
                const struct bank_blik *blik, bank_cb on_started, void *owner)
{
    struct start *start = h2o_mem_alloc(sizeof(*start));
    *start =
        (struct start){.bank = bank, .payment = *payment, .on_started = on_started, .owner = owner};
    if (blik != NULL) {
        start->blik = *blik;
        start->is_blik = true;
    }
    snprintf(start->payment.method, sizeof(start->payment.method), "%s",
             blik != NULL ? "blik" : "redirect");
    snprintf(start->payment.state, sizeof(start->payment.state), "%s",
             blik != NULL ? "pending" : "open");
    make_id("sb_", start->payment.payment_id);
    struct err err;
    if (sandbox_bank_open(bank->options.world->store, &start->tx, &start->payment, clock_wall(),
                          on_start_row, on_start_saved, start, &err) != 0)
        on_start_saved(start, &err);
}

static void on_forgotten(void *owner, const PGresult *result, const struct err *err)
{
    if (err->code != 0)
        return;
    for (int row = 0; row < PQntuples(result); ++row) {
        struct span id = pg_get_text(result, row, 0);
        const struct bank_order order = {
            .payment_id = id, .action = BANK_REFUSE, .reason = "blik_not_confirmed"};
        bank_move(owner, &order, on_later_moved, NULL);
    }
}

struct bank *bank_new(const struct bank_options *options)
{
    struct bank *bank = h2o_mem_alloc(sizeof(*bank));
    *bank = (struct bank){.options = *options};
    bank->teller = bank_teller_new(&bank->options, &bank->trouble);
    struct err err;
    if (sandbox_bank_forgotten(options->world->store, &bank->forgotten, on_forgotten, bank, &err) !=
        0)
        log_line(LOG_WARN, "bank did not look for forgotten payments", "error=%s", err.text);
    return bank;
}

void bank_stop(struct bank *bank)
{
    bank_teller_stop(bank->teller);
}

struct bank_trouble *bank_trouble_of(struct bank *bank)
{
    return &bank->trouble;
}

static void on_hurried(void *owner, const struct err *err)
{
    struct bank *bank = owner;
    bank->is_hurrying = false;
    if (err->code == 0)
        bank_teller_kick(bank->teller);
}

void bank_hurry(struct bank *bank)
{
    struct err err;
    if (!bank->is_hurrying &&
        sandbox_bank_callbacks_hurry(bank->options.world->store, &bank->hurry, clock_wall(),
                                     on_hurried, bank, &err) == 0)
        bank->is_hurrying = true;
}
