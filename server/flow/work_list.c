#include "flow/work_list.h"

#include "flow/csv_write.h"

#include <stdio.h>

enum { PAID_DAYS = 4, DAY_SECONDS = 86400, DELIMITER = ';' };

static json_t *text_json(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *raw_json(struct span text)
{
    json_t *value = text.base == NULL ? NULL : json_loadb(text.base, text.len, 0, NULL);
    return value == NULL ? json_array() : value;
}

json_t *work_list_call_json(const struct work_item *item)
{
    char id[WORK_ITEM_ID_MAX], at[21];
    work_item_print_id(&item->key, id);
    instant_print(item->created_at, at);
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:s}",
        "id", id, "queue", text_json(item->queue), "state", text_json(item->state), "why",
        text_json(item->reason), "customer", "reference", text_json(item->customer), "name",
        text_json(item->name), "phone", text_json(item->phone), "email", text_json(item->email),
        "language", text_json(item->language), "number", text_json(item->number), "debts",
        raw_json(item->debts), "text", text_json(item->text), "taken_by", text_json(item->taken_by),
        "outcome", text_json(item->outcome), "note", text_json(item->note), "created_at", at);
}

/* ---- CSV ---- */

static void cell(struct buf *out, struct span text)
{
    csv_write_cell(out, text, DELIMITER);
    buf_add_char(out, DELIMITER);
}

static void last_cell(struct buf *out, struct span text)
{
    csv_write_cell(out, text, DELIMITER);
    buf_add_str(out, "\r\n");
}

/* Hundredths: what is owed here is PLN, EUR and their like; others keep their minor units. */
static void amount_cell(struct buf *out, int64_t minor, struct span currency)
{
    char text[32];
    int exponent = currency_exponent(currency);
    int64_t unit = 1, size = minor < 0 ? -minor : minor;
    for (int i = 0; i < exponent; ++i)
        unit *= 10;
    if (unit == 1)
        snprintf(text, sizeof(text), "%lld", (long long)minor);
    else
        snprintf(text, sizeof(text), "%s%lld,%0*lld", minor < 0 ? "-" : "",
                 (long long)(size / unit), exponent, (long long)(size % unit));
    cell(out, span_str(text));
}

static void date_cell(struct buf *out, int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    cell(out, span_str(text));
}

static void id_cell(struct buf *out, const struct work_item *item)
{
    char id[WORK_ITEM_ID_MAX];
    work_item_print_id(&item->key, id);
    cell(out, span_str(id));
}

static void instant_cell(struct buf *out, struct instant at)
{
    char text[21];
    instant_print(at, text);
    cell(out, span_str(text));
}

void work_list_calls_head(struct buf *out)
{
    buf_add(out, CSV_BYTE_ORDER_MARK);
    buf_add_str(out, "id;queue;state;customer;name;phone;language;invoice;currency;due;due date;"
                     "created at;taken by;outcome;note;why;text\r\n");
}

void work_list_calls_row(const struct work_item *item, struct buf *out)
{
    id_cell(out, item);
    cell(out, item->queue);
    cell(out, item->state);
    cell(out, item->customer);
    cell(out, item->name);
    cell(out, item->phone);
    cell(out, item->language);
    cell(out, item->number);
    cell(out, item->currency);
    amount_cell(out, item->due_minor, item->currency);
    date_cell(out, item->due_date);
    instant_cell(out, item->created_at);
    cell(out, item->taken_by);
    cell(out, item->outcome);
    cell(out, item->note);
    cell(out, item->reason);
    last_cell(out, item->text);
}

/* The ledger's kinds in this order; there is no interest in it yet, and the column says so. */
static const char *const kinds[] = {
    "charge", "payment",  "refund",    "refund_reversal", "chargeback", "chargeback_reversal",
    "fee",    "interest", "write_off", "correction"};

void work_list_handovers_head(struct buf *out)
{
    buf_add(out, CSV_BYTE_ORDER_MARK);
    buf_add_str(out, "id;queue;customer;name;phone;email;language;invoice;kind;product;account;"
                     "currency;amount;due;issue date;due date;days late");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        buf_printf(out, ";%s", kinds[i]);
    buf_add_str(out, ";handed over at;why;reminders\r\n");
}

void work_list_handovers_row(const struct work_item *item, struct date today, struct buf *out)
{
    char late[16];
    int32_t days = date_to_days(today) - item->due_date;
    json_t *sums =
        item->sums.base == NULL ? NULL : json_loadb(item->sums.base, item->sums.len, 0, NULL);
    snprintf(late, sizeof(late), "%d", days > 0 ? days : 0);
    id_cell(out, item);
    cell(out, item->queue);
    cell(out, item->customer);
    cell(out, item->name);
    cell(out, item->phone);
    cell(out, item->email);
    cell(out, item->language);
    cell(out, item->number);
    cell(out, item->kind);
    cell(out, item->product);
    cell(out, item->account);
    cell(out, item->currency);
    amount_cell(out, item->amount_minor, item->currency);
    amount_cell(out, item->due_minor, item->currency);
    date_cell(out, item->issue_date);
    date_cell(out, item->due_date);
    cell(out, span_str(late));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i)
        amount_cell(out, json_integer_value(json_object_get(sums, kinds[i])), item->currency);
    instant_cell(out, item->created_at);
    cell(out, item->reason);
    last_cell(out, item->history);
    json_decref(sums);
}

/* ---- what came of a call ---- */

static bool read_day(struct span text, struct date *day)
{
    char copy[11] = "", again[11];
    if (text.len != 10)
        return false;
    memcpy(copy, text.base, 10);
    if (sscanf(copy, "%4d-%2d-%2d", &day->year, &day->month, &day->day) != 3 ||
        !date_is_valid(*day))
        return false;
    date_print(*day, again);
    return strcmp(copy, again) == 0;
}

/* Today is UTC's: where the customer is does not matter to a day more or less of many. */
static int take_promise(const struct work_call *call, const struct promise_policy *policy,
                        struct instant now, struct work_item_outcome *outcome, struct err *err)
{
    const struct promise_policy calls = promise_policy_of_calls(policy);
    struct date day, today = date_from_days((int32_t)(instant_seconds(now) / DAY_SECONDS));
    if (!read_day(call->until, &day))
        return err_set(err, ERR_INPUT, "until: must be the day promised, such as 2026-12-01");
    if (promise_judge_call(policy, today, day) != PROMISE_GOOD)
        return err_set(err, ERR_INPUT, "until: must be from today to %d days ahead",
                       calls.days_max);
    outcome->promised_on = date_to_days(day);
    outcome->promise_over_on = date_to_days(promise_over(&calls, day));
    return 0;
}

int work_list_judge(const struct work_call *call, const struct promise_policy *promises,
                    struct instant now, struct work_item_outcome *outcome, struct err *err)
{
    static const char *const done[] = {"reached", "promised", "paid", "wrong_number", "refused"};
    outcome->taken_by = call->taken_by;
    outcome->outcome = call->outcome;
    outcome->note = call->note;
    outcome->now = now;
    outcome->state = SPAN_LIT("taken");
    if (call->outcome.base == NULL) {
        if (call->taken_by.base == NULL && call->note.base == NULL)
            return err_set(err, ERR_INPUT, "outcome: is missing");
        return 0;
    }
    if (span_is_str(call->outcome, "no_answer")) {
        outcome->state = SPAN_LIT("open");
        return 0;
    }
    bool is_known = false;
    for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); ++i)
        is_known = is_known || span_is_str(call->outcome, done[i]);
    if (!is_known)
        return err_set(err, ERR_INPUT,
                       "outcome: must be reached, promised, paid, no_answer, wrong_number or "
                       "refused");
    outcome->state = SPAN_LIT("done");
    if (span_is_str(call->outcome, "promised"))
        return take_promise(call, promises, now, outcome, err);
    if (span_is_str(call->outcome, "paid")) {
        outcome->hold_kind = SPAN_LIT("admin");
        outcome->hold_reason = SPAN_LIT("says paid");
        outcome->hold_until = instant_plus_seconds(now, (int64_t)PAID_DAYS * DAY_SECONDS);
    }
    return 0;
}
