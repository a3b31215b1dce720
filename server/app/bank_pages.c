#include "app/bank_pages.h"

#include "app/bank.h"
#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"
#include "base/crypto.h"
#include "demo_assets.h"
#include "domain/mustache.h"
#include "domain/text_format.h"
#include "flow/world.h"
#include "provider/provider.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_MAX = 64 * 1024, PAYMENTS_MAX = 100, AMOUNT_MAX_MINOR = 99999999 };

/* What the bank's page says, in the languages of the payers. */
struct words {
    const char *title, *lead, *payee, *purpose, *amount, *account, *pay, *part, *part_label,
        *refuse, *close, *other, *part_wrong, *done, *back, *fiction;
};

static const struct words all_words[LANGUAGE_COUNT] = {
    [LANGUAGE_POLISH] = {.title = "Potwierdź płatność",
                         .lead = "Przelew z Twojego konta w Banku Zimorodek",
                         .payee = "Odbiorca",
                         .purpose = "Za co",
                         .amount = "Kwota",
                         .account = "Z konta",
                         .pay = "Zapłać",
                         .part = "Zapłać część",
                         .part_label = "Kwota części",
                         .refuse = "Odrzuć",
                         .close = "Zamknij i wróć",
                         .other = "Inaczej",
                         .part_wrong = "Podaj kwotę od 0,01 do kwoty płatności, na przykład 50,00.",
                         .done = "Ta płatność jest już zakończona.",
                         .back = "Wróć do odbiorcy",
                         .fiction = "Bank na niby: żadne pieniądze się nie ruszają."},
    [LANGUAGE_ENGLISH] = {.title = "Confirm the payment",
                          .lead = "A transfer from your account at Bank Zimorodek",
                          .payee = "To",
                          .purpose = "For",
                          .amount = "Amount",
                          .account = "From",
                          .pay = "Pay",
                          .part = "Pay a part",
                          .part_label = "How much",
                          .refuse = "Refuse",
                          .close = "Close and go back",
                          .other = "Or else",
                          .part_wrong = "Give an amount from 0.01 to the whole, such as 50.00.",
                          .done = "This payment is over.",
                          .back = "Back to the payee",
                          .fiction = "A make-believe bank: no money moves."},
    [LANGUAGE_UKRAINIAN] = {.title = "Підтвердіть платіж",
                            .lead = "Переказ з вашого рахунку в Банку Zimorodek",
                            .payee = "Отримувач",
                            .purpose = "За що",
                            .amount = "Сума",
                            .account = "З рахунку",
                            .pay = "Сплатити",
                            .part = "Сплатити частину",
                            .part_label = "Яку суму",
                            .refuse = "Відхилити",
                            .close = "Закрити й повернутися",
                            .other = "Інакше",
                            .part_wrong = "Вкажіть суму від 0,01 до всієї, наприклад 50,00.",
                            .done = "Цей платіж уже завершено.",
                            .back = "Повернутися до отримувача",
                            .fiction = "Банк не справжній: гроші не рухаються."},
};

static struct mustache *page_template;

/* A request to the bank that waits for its books. */
struct visit {
    struct pane_request *request; /* null when gone */
    struct panes *panes;
    struct pg_query query;
    bool is_amount_wrong;
};

int bank_pages_init(struct err *err)
{
    for (size_t i = 0; i < demo_assets_count; ++i)
        if (strcmp(demo_assets_files[i].name, "bank_pay.mustache") == 0)
            page_template =
                mustache_new(span_of(demo_assets_files[i].bytes, demo_assets_files[i].len), err);
    return page_template == NULL ? err_wrap(err, "the bank's page") : 0;
}

static struct visit *visit_new(struct pane_request *request)
{
    struct visit *visit = h2o_mem_alloc(sizeof(*visit));
    *visit = (struct visit){.panes = request->owner};
    pane_hold(request, &visit->request);
    return visit;
}

static bool is_authorized(const struct pane_request *request)
{
    const struct panes *panes = request->owner;
    struct span given = pane_header(request, "authorization"), prefix = SPAN_LIT("Bearer ");
    struct span key = panes->options.account->api_key;
    return key.len > 0 && given.len == prefix.len + key.len && span_starts(given, prefix) &&
           bytes_equal(given.base + prefix.len, key.base, key.len);
}

static bool copy_field(struct pane_input *input, const char *name, char *out, size_t room)
{
    struct span text = pane_input_text(input, name);
    if (text.len == 0 || text.len >= room)
        return false;
    memcpy(out, text.base, text.len);
    out[text.len] = 0;
    return true;
}

static bool read_payment(struct pane_input *input, struct sandbox_payment *payment)
{
    const struct panes *panes = input->request->owner;
    payment->amount_minor = pane_input_int(input, "amount_minor", 0);
    if (payment->amount_minor < 1 || payment->amount_minor > AMOUNT_MAX_MINOR)
        return false;
    if (!copy_field(input, "reference", payment->reference, sizeof(payment->reference)) ||
        !copy_field(input, "currency", payment->currency, sizeof(payment->currency)) ||
        !copy_field(input, "title", payment->title, sizeof(payment->title)) ||
        !copy_field(input, "return_url", payment->return_url, sizeof(payment->return_url)) ||
        !copy_field(input, "callback_url", payment->callback_url, sizeof(payment->callback_url)) ||
        !copy_field(input, "language", payment->language, sizeof(payment->language)))
        return false;
    /* The bank sends people and messages back to its one merchant and to nobody else. */
    struct span home = panes->world->public_url;
    struct span back = span_str(payment->return_url), told = span_str(payment->callback_url);
    return currency_exponent(span_str(payment->currency)) >= 0 && span_starts(back, home) &&
           back.len > home.len && back.base[home.len] == '/' && span_starts(told, home) &&
           told.len > home.len && told.base[home.len] == '/';
}

static void on_started(void *owner, enum bank_result result, const struct sandbox_payment *payment)
{
    struct visit *visit = owner;
    if (visit->request != NULL && result != BANK_DONE) {
        pane_reply_problem(visit->request, 503, "database");
    } else if (visit->request != NULL) {
        json_t *answer = json_pack("{s:s}", "id", payment->payment_id);
        if (strcmp(payment->method, "redirect") == 0) {
            char url[256];
            snprintf(url, sizeof(url), "%.*s/bank/pay/%s", SPAN_ARG(visit->panes->options.url),
                     payment->payment_id);
            json_object_set_new(answer, "redirect_url", json_string(url));
        }
        pane_reply_json(visit->request, 201, answer);
    }
    free(visit);
}

void bank_api_start(struct pane_request *request)
{
    struct panes *panes = request->owner;
    if (!is_authorized(request)) {
        pane_reply_problem(request, 401, "unauthorized");
        return;
    }
    struct pane_input input;
    struct sandbox_payment payment = {.amount_minor = 0};
    pane_input_init(&input, request);
    bool is_ok = read_payment(&input, &payment);
    struct span code = pane_input_text(&input, "blik_code");
    bool is_blik = code.base != NULL;
    struct bank_blik blik = is_blik ? bank_blik_judge(code) : (struct bank_blik){.is_code = true};
    pane_input_release(&input);
    if (!is_ok)
        pane_reply_problem(request, 400, "malformed");
    else if (!blik.is_code)
        pane_reply_problem(request, 422, blik.reason);
    else
        bank_start(panes->bank, &payment, is_blik ? &blik : NULL, on_started, visit_new(request));
}

static void write_amount(struct buf *out, const struct sandbox_payment *payment, int64_t minor,
                         enum language language)
{
    text_format_amount(out, money_of(minor, payment->currency),
                       (struct text_style){.language = language, .place = TEXT_PAGE});
}

static void write_page(const struct visit *visit, const struct sandbox_payment *payment,
                       struct buf *out)
{
    enum language language = LANGUAGE_POLISH;
    (void)language_find(span_str(payment->language), &language);
    const struct words *w = &all_words[language];
    bool is_open = strcmp(payment->state, "open") == 0 || strcmp(payment->state, "pending") == 0;
    char half[32];
    int64_t part = payment->amount_minor > 1 ? payment->amount_minor / 2 : 1;
    snprintf(half, sizeof(half), "%lld%s%02lld", (long long)part / 100,
             language == LANGUAGE_ENGLISH ? "." : ",", (long long)part % 100);
    struct buf amount;
    buf_init(&amount, 64);
    write_amount(&amount, payment, payment->amount_minor, language);
    struct mustache_member members[] = {
        {SPAN_LIT("lang"), mustache_str(language_code(language))},
        {SPAN_LIT("t_title"), mustache_str(w->title)},
        {SPAN_LIT("t_lead"), mustache_str(w->lead)},
        {SPAN_LIT("t_payee"), mustache_str(w->payee)},
        {SPAN_LIT("t_purpose"), mustache_str(w->purpose)},
        {SPAN_LIT("t_amount"), mustache_str(w->amount)},
        {SPAN_LIT("t_account"), mustache_str(w->account)},
        {SPAN_LIT("t_pay"), mustache_str(w->pay)},
        {SPAN_LIT("t_part"), mustache_str(w->part)},
        {SPAN_LIT("t_part_label"), mustache_str(w->part_label)},
        {SPAN_LIT("t_refuse"), mustache_str(w->refuse)},
        {SPAN_LIT("t_close"), mustache_str(w->close)},
        {SPAN_LIT("t_other"), mustache_str(w->other)},
        {SPAN_LIT("t_part_wrong"), mustache_str(w->part_wrong)},
        {SPAN_LIT("t_done"), mustache_str(w->done)},
        {SPAN_LIT("t_back"), mustache_str(w->back)},
        {SPAN_LIT("t_fiction"), mustache_str(w->fiction)},
        {SPAN_LIT("id"), mustache_str(payment->payment_id)},
        {SPAN_LIT("payee"), mustache_text(visit->panes->world->creditor.name)},
        {SPAN_LIT("purpose"), mustache_str(payment->title)},
        {SPAN_LIT("amount"), mustache_text(buf_span(&amount))},
        {SPAN_LIT("half"), mustache_str(half)},
        {SPAN_LIT("return_url"), mustache_str(payment->return_url)},
        {SPAN_LIT("is_open"), mustache_bool(is_open)},
        {SPAN_LIT("is_amount_wrong"), mustache_bool(visit->is_amount_wrong)},
    };
    enum { COUNT = sizeof(members) / sizeof(members[0]) };
    mustache_sort(members, COUNT);
    const struct mustache_object data = {.members = members, .count = COUNT, .is_sorted = true};
    int rc = mustache_render(page_template, mustache_object(&data), MUSTACHE_HTML, out);
    assert(rc == 0);
    buf_release(&amount);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct visit *visit = owner;
    if (visit->request != NULL && err->code != 0) {
        pane_reply_problem(visit->request, 503, "database");
    } else if (visit->request != NULL && PQntuples(result) == 0) {
        pane_reply_problem(visit->request, 404, "no_such_payment");
    } else if (visit->request != NULL) {
        struct sandbox_payment payment;
        struct buf page;
        sandbox_bank_read(result, 0, &payment);
        buf_init(&page, PAGE_MAX);
        write_page(visit, &payment, &page);
        pane_reply(visit->request, 200, "text/html; charset=utf-8", buf_span(&page));
        buf_release(&page);
    }
    free(visit);
}

void bank_page_show(struct pane_request *request)
{
    struct visit *visit = visit_new(request);
    struct err err;
    visit->is_amount_wrong = span_is_str(pane_query(request, "problem"), "amount");
    if (sandbox_bank_one(visit->panes->world->store, &visit->query, request->param, SPAN_LIT(""),
                         on_shown, visit, &err) != 0)
        on_shown(visit, NULL, &err);
}

static void on_chosen(void *owner, enum bank_result result, const struct sandbox_payment *payment)
{
    struct visit *visit = owner;
    struct pane_request *request = visit->request;
    if (request == NULL) {
        free(visit);
        return;
    }
    bool is_open = payment != NULL && strcmp(payment->state, "open") == 0;
    if (result == BANK_UNKNOWN) {
        pane_reply_problem(request, 404, "no_such_payment");
    } else if (result == BANK_BROKEN) {
        pane_reply_problem(request, 503, "database");
    } else if (result == BANK_IMPOSSIBLE && is_open) {
        char url[128];
        snprintf(url, sizeof(url), "/bank/pay/%s?problem=amount", payment->payment_id);
        pane_reply_see_other(request, span_str(url));
    } else {
        pane_reply_see_other(request, span_str(payment->return_url));
    }
    free(visit);
}

void bank_page_choose(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct span word = pane_form(request, "action");
    bool is_part = span_is_str(word, "part");
    enum bank_action action = is_part ? BANK_PAY : bank_action_read(word);
    if (action != BANK_PAY && action != BANK_REFUSE && action != BANK_CLOSE) {
        pane_reply_problem(request, 422, "no_such_action");
        return;
    }
    int64_t amount = is_part ? pane_amount_read(pane_form(request, "amount")) : 0;
    /* Nothing, and what is no amount, is not "all of it". */
    const struct bank_order order = {.payment_id = request->param,
                                     .action = action,
                                     .amount_minor = is_part && amount <= 0 ? -1 : amount};
    bank_move(panes->bank, &order, on_chosen, visit_new(request));
}

static json_t *payment_json(const struct sandbox_payment *payment)
{
    char at[21];
    instant_print(payment->changed_at, at);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "id", payment->payment_id,
        "reference", payment->reference, "method", payment->method, "currency", payment->currency,
        "title", payment->title, "state", payment->state, "reason", payment->reason, "amount_minor",
        (json_int_t)payment->amount_minor, "paid_minor", (json_int_t)payment->paid_minor,
        "returned_minor", (json_int_t)payment->returned_minor, "changed_at", at);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct visit *visit = owner;
    if (visit->request != NULL && err->code != 0)
        pane_reply_problem(visit->request, 503, "database");
    if (visit->request == NULL) { /* answered just now, or gone before */
        free(visit);
        return;
    }
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct sandbox_payment payment;
        struct sandbox_told told;
        sandbox_bank_read(result, row, &payment);
        sandbox_bank_read_told(result, row, &told);
        json_t *item = payment_json(&payment);
        json_object_set_new(item, "callbacks",
                            json_pack("{s:I, s:I, s:I, s:I}", "told", (json_int_t)told.told_count,
                                      "delivered", (json_int_t)told.delivered_count, "tries",
                                      (json_int_t)told.tries, "last_status",
                                      (json_int_t)told.last_status));
        json_array_append_new(list, item);
    }
    pane_reply_json(visit->request, 200, list);
    free(visit);
}

void bank_list(struct pane_request *request)
{
    struct visit *visit = visit_new(request);
    struct err err;
    if (sandbox_bank_newest(visit->panes->world->store, &visit->query, PAYMENTS_MAX, on_listed,
                            visit, &err) != 0)
        on_listed(visit, NULL, &err);
}

static void on_acted(void *owner, enum bank_result result, const struct sandbox_payment *payment)
{
    struct visit *visit = owner;
    if (visit->request != NULL) {
        switch (result) {
        case BANK_DONE:
            pane_reply_json(visit->request, 200, payment_json(payment));
            break;
        case BANK_IMPOSSIBLE:
            pane_reply_problem(visit->request, 409, "not_in_this_state");
            break;
        case BANK_UNKNOWN:
            pane_reply_problem(visit->request, 404, "no_such_payment");
            break;
        case BANK_BROKEN:
            pane_reply_problem(visit->request, 503, "database");
            break;
        }
    }
    free(visit);
}

void bank_act(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct pane_input input;
    pane_input_init(&input, request);
    enum bank_action action = bank_action_read(pane_input_text(&input, "action"));
    int64_t amount = pane_input_int(&input, "amount_minor", 0);
    pane_input_release(&input);
    if (action == BANK_NOTHING) {
        pane_reply_problem(request, 422, "no_such_action");
        return;
    }
    bool is_newest = span_is_str(request->param, "newest");
    const struct bank_order order = {.payment_id = is_newest ? SPAN_LIT("") : request->param,
                                     .action = action,
                                     .amount_minor = amount};
    bank_move(panes->bank, &order, on_acted, visit_new(request));
}
