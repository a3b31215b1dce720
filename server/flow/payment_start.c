/* The happy path:
 *
 *   begin                 a row in `payment`, limits and all, in one transaction
 *   on_made, on_saved     it is on disk
 *   on_provider_answered  it has an id at the provider, and a place to send the browser to (or it
 *                         has an id, which is kept before the next request moves money)
 *   on_registered         the id leads to the payment, on disk
 *   finish
 *
 * How it fails:
 *   a rule says no             finish with the refusal; nothing was made
 *   database gone before       finish with its error; the provider was not called
 *   provider says no           the payment is `failed` with its reason; finish with WAIT, whose
 *                              page says so and offers the ways on
 *   provider does not answer   the payment stays `created`; finish with UNANSWERED, or with WAIT
 *                              where it may have got a BLIK code. When not a byte reached it, or it
 *                              has all its calls under way, the payment is moved to the next
 *                              provider, on disk, and begun there, unless another one of the debt
 *                              was begun elsewhere and the form did not say so: finish with
 *                              ELSEWHERE; where there is no next one, UNANSWERED, BLIK or not
 *   its key is retired         as if the provider had not answered; it is not called
 *   database gone afterwards   keeping the answer is tried again for a while; the browser goes on
 *                              all the same: the payment is on disk, callbacks find it by our
 *                              reference, and the provider has it under that key */
#include "flow/payment_start.h"

#include "base/crash_point.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/payment.h"
#include "flow/page_version.h"
#include "io/timer.h"
#include "provider/provider_call.h"
#include "provider/provider_choice.h"
#include "store/payment_store.h"

#include <assert.h>
#include <stdlib.h>

enum { URL_MAX = 1024, IP_TEXT_MAX = 46, AGENT_MAX = 256 };
/* How long a provider may be silent before it is asked what became of a payment. */
enum { ASK_SECONDS = 60, ASK_BLIK_SECONDS = 20 };
/* Keeping the provider's answer: tries, the wait before the second, doubled each time, and when no
 * other try is begun: the browser waits meanwhile. */
enum { KEEPS_MAX = 4, KEEP_WAIT_MS = 100, KEEP_MS_MAX = 4000 };

struct payment_start {
    struct world *world;
    const struct provider_account *account; /* from on_made on; null: none takes it */
    const struct provider_account *tried[PROVIDER_CHOICES_MAX]; /* and never reached */
    int tried_count;
    bool has_moved, is_elsewhere;
    struct paylink_id link;
    int64_t amount_minor;
    bool is_blik, pays_again;
    char form_nonce[FORM_NONCE_TEXT_LEN + 1];
    char blik_code[BLIK_CODE_LEN + 1];
    char language[8], page[PAGE_NAME_LEN + 1];
    /* From on_made on. */
    bool has_row, is_call_due;
    int64_t payment_no;
    char currency[4], title[128];
    char payer_name[256], payer_email[256], payer_ip[IP_TEXT_MAX], user_agent[AGENT_MAX];
    char reference[PAYMENT_REFERENCE_LEN + 1];
    struct provider_result result;
    int keeps;
    struct mono answered_at;
    struct timer keep_timer;
    struct pg_tx tx;
    struct provider_call *call;
    struct payment_start_outcome outcome;
    char redirect_url[URL_MAX];
    payment_start_cb on_done;
    void *owner;
};

static void on_made(void *owner, const PGresult *result, const struct err *err);
static void on_saved(void *owner, const struct err *err);
static void call_provider(struct payment_start *op, int round);
static void on_provider_answered(void *owner, const struct provider_result *result);
static void keep_answer(void *owner);
static void on_registered(void *owner, const struct err *err);
static void on_moved(void *owner, const struct err *err);
static void finish(struct payment_start *op, enum payment_start_result result);

static const struct provider_account *find_account(const struct world *world, struct span provider,
                                                   struct span account)
{
    for (const struct provider_account *a = world->providers; a->provider != NULL; ++a)
        if (span_is_str(provider, a->provider->name) && span_is(account, a->account))
            return a;
    return NULL;
}

static void copy_text(struct span from, char *to, size_t room)
{
    assert(from.len < room);
    memcpy(to, from.len == 0 ? "" : from.base, from.len);
    to[from.len] = 0;
}

/* As much as there is room for, never half a character. */
static void copy_start(struct span from, char *to, size_t room)
{
    if (from.len >= room) {
        from.len = room - 1;
        from.len = span_whole_len(from);
    }
    copy_text(from, to, room);
}

static int64_t sum_of(const struct payment_start_options *o)
{
    int64_t sum_minor = 0;
    assert(o->part_count <= ALLOCATIONS_MAX);
    for (size_t i = 0; i < o->part_count; ++i) {
        int64_t amount_minor = o->parts[i].amount_minor;
        assert(amount_minor > 0 && amount_minor <= PAYMENT_AMOUNT_MAX_MINOR);
        sum_minor += amount_minor; /* 50 of 10^15 stay far below 2^63 */
    }
    return sum_minor;
}

static struct payment_start *op_new(struct world *world, const struct payment_start_options *o)
{
    struct payment_start *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    op->world = world;
    timer_init(&op->keep_timer, world->loop, "payment_keep", keep_answer, op);
    op->link = o->link;
    op->amount_minor = o->part_count == 0 ? o->amount_minor : sum_of(o);
    op->is_blik = o->is_blik;
    op->pays_again = o->pays_again;
    copy_text(o->form_nonce, op->form_nonce, sizeof(op->form_nonce));
    copy_text(o->is_blik ? o->blik_code : SPAN_LIT(""), op->blik_code, sizeof(op->blik_code));
    copy_start(o->page, op->page, sizeof(op->page));
    copy_text(o->language, op->language, sizeof(op->language));
    copy_start(o->payer_ip, op->payer_ip, sizeof(op->payer_ip));
    copy_start(o->user_agent, op->user_agent, sizeof(op->user_agent));
    return op;
}

/* The BLIK code could be used by whoever finds it in freed memory. */
static void op_free(struct payment_start *op)
{
    secret_wipe(op, sizeof(*op));
    free(op);
}

static bool is_asked(const struct provider_account *account)
{
    return (account->provider->tasks & PROVIDER_TASK(PROVIDER_QUERY)) != 0;
}

static struct instant ask_at(const struct payment_start *op)
{
    return instant_plus_seconds(clock_wall(), op->is_blik ? ASK_BLIK_SECONDS : ASK_SECONDS);
}

static size_t list_choices(const struct payment_start *op,
                           struct payment_choice choices[PAYMENT_CHOICES_MAX])
{
    _Static_assert((int)PAYMENT_CHOICES_MAX >= (int)PROVIDER_CHOICES_MAX, "room for all accounts");
    const struct provider_account *accounts[PROVIDER_CHOICES_MAX];
    int count = provider_choices(op->world->providers, op->is_blik, clock_mono(), accounts);
    for (int i = 0; i < count; ++i)
        choices[i] = (struct payment_choice){
            .provider = span_str(accounts[i]->provider->name),
            .account = accounts[i]->account,
            .currencies = accounts[i]->currencies,
            .amount_min_minor = accounts[i]->amount_min_minor,
            .amount_max_minor = accounts[i]->amount_max_minor,
            .is_repeatable = accounts[i]->provider->start_is_repeatable,
            .is_asked = is_asked(accounts[i]),
        };
    return (size_t)count;
}

/* Limits are of the wall clock: business time may stand still in a demo, and a limit that never
 * ends would be a dead end. */
static struct payment_order order_of(const struct payment_start *op)
{
    struct instant wall = clock_wall();
    int64_t starts_max = op->is_blik ? op->world->blik_codes_max : op->world->payment_starts_max;
    return (struct payment_order){
        .customer_id = op->link.customer_id,
        .link_no = op->link.link_no,
        .form_nonce = span_str(op->form_nonce),
        .method = op->is_blik ? SPAN_LIT("blik") : SPAN_LIT("redirect"),
        .amount_minor = op->amount_minor,
        .starts_max = starts_max,
        .calls_max = starts_max * PAYMENT_CALLS_FACTOR,
        .counted_from = instant_plus_seconds(wall, -PAYMENT_STARTS_SECONDS),
        .codes_from = instant_plus_seconds(wall, -BLIK_CODE_SECONDS),
        .wall = wall,
        .now = op->world->now(),
        .key_no = keyring_signer(op->world->keys),
        .pays_again = op->pays_again,
        .ask_at = ask_at(op),
        .page = page_version_shown(op->world->page_versions, span_str(op->page)),
    };
}

int payment_start_begin(struct world *world, const struct payment_start_options *options,
                        payment_start_cb on_done, void *owner, struct payment_start **handle,
                        struct err *err)
{
    struct payment_start *op = op_new(world, options);
    op->on_done = on_done;
    op->owner = owner;
    struct payment_choice choices[PAYMENT_CHOICES_MAX];
    struct payment_order order = order_of(op);
    order.choices = choices;
    order.choice_count = list_choices(op, choices);
    order.parts = options->parts;
    order.part_count = options->part_count;
    int code = payment_make(world->store, &op->tx, &order, on_made, on_saved, op, err);
    if (code != 0) {
        op_free(op);
        return code;
    }
    *handle = op;
    return 0;
}

void payment_start_forget(struct payment_start *op)
{
    op->on_done = NULL;
}

/* The provider may hold the payment under its reference already: asking it, or another, for
 * something else under that reference is no repetition. */
static bool is_as_made(const struct payment_start *op, const struct payment_made *made)
{
    return span_is_str(made->method, op->is_blik ? "blik" : "redirect") &&
           made->amount_minor == op->amount_minor && made->is_for_the_same;
}

/* What the row says, in order of precedence; 0 when the provider is to be called. */
static enum payment_start_result judge(const struct payment_start *op,
                                       const struct payment_made *made)
{
    if (!made->has_link)
        return PAYMENT_START_NOWHERE;
    if (!made->is_link_active)
        return PAYMENT_START_REVOKED;
    bool is_old = made->payment_no != 0 && !made->is_new;
    if (is_old && !span_is_str(made->state, "created")) {
        bool is_on_its_way = span_is_str(made->state, "started") && made->redirect_url.len > 0;
        return is_on_its_way ? PAYMENT_START_REDIRECT : PAYMENT_START_WAIT;
    }
    if (made->due_minor <= 0)
        return PAYMENT_START_SETTLED;
    if (made->is_other_in_hand && !op->pays_again && !made->is_new && !made->is_called_again)
        return PAYMENT_START_IN_HAND;
    if (made->is_elsewhere && !op->pays_again && !made->is_new && !is_old)
        return PAYMENT_START_ELSEWHERE;
    if (!made->is_payable)
        return PAYMENT_START_CHANGED;
    if (op->account == NULL || (op->is_blik && !span_is_str(made->currency, "PLN")))
        return PAYMENT_START_NO_PROVIDER;
    if (is_old && !is_as_made(op, made))
        return PAYMENT_START_CHANGED;
    if (is_old && !op->account->provider->start_is_repeatable)
        return PAYMENT_START_WAIT;
    return made->is_new || made->is_called_again ? 0 : PAYMENT_START_TOO_MANY;
}

/* The provider knows a payment by its reference, which is the idempotency key as well: under
 * another one it would be another charge. When the key that sealed it is retired the provider is
 * not asked; /back/ then gets a reference that opens. */
static void print_reference(struct payment_start *op, int64_t key_no)
{
    struct payment_id id = {op->link.customer_id, (int32_t)op->payment_no};
    if (payment_reference_print_as(op->world->keys, key_no, id, op->reference))
        return;
    payment_reference_print(op->world->keys, id, op->reference);
    if (!op->is_call_due)
        return;
    log_line(LOG_WARN, "payment not asked for again", "payment_no=%lld cause=key %lld is retired",
             (long long)op->payment_no, (long long)key_no);
    op->is_call_due = false;
    op->outcome.result = op->is_blik ? PAYMENT_START_WAIT : PAYMENT_START_UNANSWERED;
}

static void on_made(void *owner, const PGresult *result, const struct err *err)
{
    struct payment_start *op = owner;
    if (err->code != 0)
        return;
    struct payment_made made;
    payment_read_made(result, &made);
    op->has_row = true;
    op->account =
        made.provider.base == NULL ? NULL : find_account(op->world, made.provider, made.account);
    op->outcome.result = judge(op, &made);
    op->is_call_due = op->outcome.result == 0;
    op->payment_no = made.payment_no;
    if (!made.has_link)
        return;
    copy_text(made.currency, op->currency, sizeof(op->currency));
    copy_start(made.title, op->title, sizeof(op->title));
    copy_start(made.payer_name, op->payer_name, sizeof(op->payer_name));
    copy_start(made.payer_email, op->payer_email, sizeof(op->payer_email));
    if (op->language[0] == 0)
        copy_text(made.language, op->language, sizeof(op->language));
    if (made.redirect_url.len < sizeof(op->redirect_url))
        copy_text(made.redirect_url, op->redirect_url, sizeof(op->redirect_url));
    if (op->payment_no != 0)
        print_reference(op, made.key_no);
    if (made.is_new)
        metrics_add(op->world->metrics, METRIC_payments_started, 1);
}

static void finish_with_error(struct payment_start *op, const struct err *err)
{
    payment_start_cb on_done = op->on_done;
    void *owner = op->owner;
    op_free(op);
    if (on_done != NULL)
        on_done(owner, NULL, err);
}

static void finish(struct payment_start *op, enum payment_start_result result)
{
    struct err none = {0};
    op->outcome.result = result;
    op->outcome.redirect_url = op->redirect_url;
    op->outcome.reference = op->reference;
    if (op->on_done != NULL)
        op->on_done(op->owner, &op->outcome, &none);
    op_free(op);
}

static void on_saved(void *owner, const struct err *err)
{
    struct payment_start *op = owner;
    if (err->code != 0) {
        finish_with_error(op, err);
        return;
    }
    assert(op->has_row);
    page_version_note_kept(op->world->page_versions, span_str(op->page));
    crash_point("payment_made");
    if (op->is_call_due)
        call_provider(op, 0);
    else
        finish(op, op->outcome.result);
}

static void give_up_on_provider(struct payment_start *op, const char *cause,
                                enum payment_start_result result)
{
    log_line(LOG_WARN, "provider did not start a payment", "provider=%s payment_no=%lld cause=%s",
             op->account->provider->name, (long long)op->payment_no, cause);
    finish(op, result);
}

static void call_provider(struct payment_start *op, int round)
{
    if (round == 0)
        op->result = (struct provider_result){0};
    char return_url[URL_MAX], callback_url[URL_MAX];
    int return_len = snprintf(return_url, sizeof(return_url), "%.*s/back/%s",
                              SPAN_ARG(op->world->public_url), op->reference);
    int callback_len = snprintf(callback_url, sizeof(callback_url), "%.*s/%s",
                                SPAN_ARG(op->world->callback_url), op->account->provider->name);
    assert(return_len < URL_MAX && callback_len < URL_MAX);
    bool has_email = op->payer_email[0] != 0, has_name = op->payer_name[0] != 0;
    const struct creditor *creditor = &op->world->creditor;
    struct provider_task task = {
        .kind = PROVIDER_START,
        .reference = span_str(op->reference),
        .provider_reference = span_str(op->result.provider_reference),
        .amount_minor = op->amount_minor,
        .currency = span_str(op->currency),
        .title = span_str(op->title),
        .return_url = span_of(return_url, (size_t)return_len),
        .callback_url = span_of(callback_url, (size_t)callback_len),
        .language = span_str(op->language),
        .blik_code = span_str(op->blik_code),
        .payer_email = has_email ? span_str(op->payer_email) : creditor->email,
        .payer_name = has_name ? span_str(op->payer_name) : creditor->name,
        .payer_ip = span_str(op->payer_ip),
        .user_agent = span_str(op->user_agent),
        .valid_seconds = PAYMENT_VALID_SECONDS,
        .now = clock_wall(),
    };
    provider_call_begin(op->world->loop, op->world->fetch, op->account, &task, round,
                        round == 0 ? NULL : &op->result, on_provider_answered, op, &op->call);
}

static int register_refusal(struct payment_start *op, struct err *err)
{
    const char *reason = payment_reason_word(span_str(op->result.reason));
    return payment_refused(op->world->store, &op->tx, op->link.customer_id, op->payment_no,
                           span_str(reason), op->world->now(), on_registered, op, err);
}

static int register_start(struct payment_start *op, struct err *err)
{
    return payment_started(op->world->store, &op->tx,
                           &(struct payment_answer){
                               .customer_id = op->link.customer_id,
                               .payment_no = op->payment_no,
                               .provider = span_str(op->account->provider->name),
                               .account = op->account->account,
                               .provider_reference = span_str(op->result.provider_reference),
                               .redirect_url = span_str(op->result.redirect_url),
                               .wall = clock_wall(),
                               .now = op->world->now(),
                           },
                           on_registered, op, err);
}

static bool was_tried(const struct payment_start *op, const struct provider_account *account)
{
    for (int i = 0; i < op->tried_count; ++i)
        if (op->tried[i] == account)
            return true;
    return false;
}

static const struct provider_account *next_account(const struct payment_start *op)
{
    const struct provider_account *accounts[PROVIDER_CHOICES_MAX];
    int count = provider_choices(op->world->providers, op->is_blik, clock_mono(), accounts);
    for (int i = 0; i < count; ++i)
        if (!was_tried(op, accounts[i]) &&
            provider_takes(accounts[i], span_str(op->currency), op->amount_minor, op->is_blik))
            return accounts[i];
    return NULL;
}

static void on_move_row(void *owner, const PGresult *result, const struct err *err)
{
    struct payment_start *op = owner;
    if (err->code == 0)
        payment_read_moved(result, &op->has_moved, &op->is_elsewhere);
}

/* True when it is on its way to another account. */
static bool move_on(struct payment_start *op)
{
    if (op->tried_count == PROVIDER_CHOICES_MAX)
        return false;
    const struct provider_account *from = op->account;
    op->tried[op->tried_count++] = from;
    const struct provider_account *to = next_account(op);
    struct err err = {0};
    if (to == NULL)
        return false;
    op->account = to;
    op->has_moved = false;
    op->is_elsewhere = false;
    struct payment_move move = {
        .customer_id = op->link.customer_id,
        .payment_no = op->payment_no,
        .provider = span_str(from->provider->name),
        .account = from->account,
        .to_provider = span_str(to->provider->name),
        .to_account = to->account,
        .ask_at = is_asked(to) ? ask_at(op) : (struct instant){PG_NULL_INT},
        .pays_again = op->pays_again,
        .counted_from = instant_plus_seconds(clock_wall(), -PAYMENT_STARTS_SECONDS),
    };
    return payment_move(op->world->store, &op->tx, &move, on_move_row, on_moved, op, &err) == 0;
}

static void on_moved(void *owner, const struct err *err)
{
    struct payment_start *op = owner;
    crash_point("payment_moved");
    if (err->code != 0 || !op->has_moved) {
        bool is_elsewhere = err->code == 0 && op->is_elsewhere;
        finish(op, is_elsewhere ? PAYMENT_START_ELSEWHERE : PAYMENT_START_UNANSWERED);
        return;
    }
    log_line(LOG_WARN, "payment moved to another provider",
             "payment_no=%lld from=%s to=%s cause=%s", (long long)op->payment_no,
             op->tried[op->tried_count - 1]->provider->name, op->account->provider->name,
             op->result.note);
    call_provider(op, 0);
}

static void on_provider_answered(void *owner, const struct provider_result *result)
{
    struct payment_start *op = owner;
    op->call = NULL;
    op->result = *result;
    metrics_add(op->world->metrics, METRIC_provider_calls_shed, result->was_turned_away);
    crash_point(result->verdict == PROVIDER_HALFWAY ? "payment_halfway" : "payment_answered");
    if (result->verdict == PROVIDER_UNCLEAR && result->was_never_sent && move_on(op))
        return;
    bool leads_nowhere =
        result->verdict == PROVIDER_YES && !op->is_blik && result->redirect_url[0] == 0;
    if (result->verdict == PROVIDER_UNCLEAR || leads_nowhere) {
        /* A BLIK code that was sent may be on the customer's phone by now: whoever waits sees what
         * becomes of it. One that was not is nowhere. */
        bool waits = op->is_blik && !result->was_never_sent;
        give_up_on_provider(op, leads_nowhere ? "it gave no address to go to" : result->note,
                            waits ? PAYMENT_START_WAIT : PAYMENT_START_UNANSWERED);
        return;
    }
    op->keeps = 0;
    op->answered_at = clock_mono();
    keep_answer(op);
}

static void keep_answer(void *owner)
{
    struct payment_start *op = owner;
    struct err err = {0};
    ++op->keeps;
    int code =
        op->result.verdict == PROVIDER_NO ? register_refusal(op, &err) : register_start(op, &err);
    if (code != 0)
        on_registered(op, &err);
}

/* Keeping it twice is keeping it once, so what became of the last try need not be known. */
static bool is_worth_another_try(const struct payment_start *op, const struct err *err)
{
    bool may_pass = err->code == ERR_CONFLICT || err->code == ERR_DATABASE;
    bool has_time = mono_us_since(op->answered_at, clock_mono()) < KEEP_MS_MAX * INT64_C(1000);
    return may_pass && has_time && op->keeps < KEEPS_MAX;
}

static void on_registered(void *owner, const struct err *err)
{
    struct payment_start *op = owner;
    if (is_worth_another_try(op, err)) {
        timer_start(&op->keep_timer, KEEP_WAIT_MS << (op->keeps - 1));
        return;
    }
    if (err->code != 0)
        log_line(LOG_WARN, "provider's answer not kept", "payment_no=%lld cause=%s",
                 (long long)op->payment_no, err->text);
    crash_point(op->result.verdict == PROVIDER_HALFWAY ? "payment_halfway_kept" : "payment_kept");
    if (op->result.verdict == PROVIDER_HALFWAY) {
        /* Without its id on disk nobody could ask what became of it. */
        if (err->code == 0)
            call_provider(op, op->result.next_round);
        else
            finish(op, PAYMENT_START_UNANSWERED);
        return;
    }
    if (op->is_blik || op->result.verdict == PROVIDER_NO) {
        finish(op, PAYMENT_START_WAIT);
        return;
    }
    copy_text(span_str(op->result.redirect_url), op->redirect_url, sizeof(op->redirect_url));
    finish(op, PAYMENT_START_REDIRECT);
}
