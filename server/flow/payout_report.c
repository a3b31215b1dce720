/* Two questions to the database, one after the other; the domain judges each of their rows. */
#include "flow/payout_report.h"

#include "domain/calendar.h"
#include "domain/csv_value.h"
#include "domain/money.h"
#include "flow/csv_write.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAYOUTS_MAX = 1000, PAIRS_MAX = 200000, WAIT_DAYS_MAX = 365 };

/* ---- the question ---- */

static bool read_day(struct span text, int32_t *days)
{
    struct date date;
    char again[11];
    if (csv_value_date(text, &date) != CSV_GOOD)
        return false;
    date_print(date, again);
    *days = date_to_days(date);
    return span_is_str(text, again);
}

static bool read_wait(struct span text, int64_t *days)
{
    *days = text.base == NULL ? PAYOUT_WAIT_DAYS : 0;
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] < '0' || text.base[i] > '9' || i == 3)
            return false;
        *days = *days * 10 + (text.base[i] - '0');
    }
    return (text.base == NULL || text.len > 0) && *days <= WAIT_DAYS_MAX;
}

const char *payout_read_question(struct span day, struct span wait_days,
                                 struct payout_question *question)
{
    if (!read_day(day, &question->day))
        return "the date is no day such as 2028-01-31";
    if (!read_wait(wait_days, &question->wait_days))
        return "the days to wait are a number from 0 to 365";
    return NULL;
}

/* ---- values ---- */

static json_t *text_json(struct span text)
{
    return text.base == NULL ? json_null() : json_stringn(text.base, text.len);
}

static json_t *day_json(int32_t days)
{
    char text[11];
    date_print(date_from_days(days), text);
    return json_string(text);
}

static json_t *minor_json(bool is_there, int64_t minor)
{
    return is_there ? json_integer(minor) : json_null();
}

/* What stands in every disagreement; the rest of the names come with what it is about. */
static json_t *disagreement_new(enum payout_verdict verdict, struct span provider,
                                struct span account, struct span payout_id)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "what", payout_verdict_name(verdict), "provider",
                     text_json(provider), "account", text_json(account), "payout",
                     text_json(payout_id));
}

static json_t *list_of(const struct payout_report *report, const char *name)
{
    return json_object_get(report->answer_, name);
}

/* ---- the payouts and the bank ---- */

/* Ids are printable and have no blanks. */
static void name_of(struct span provider, struct span account, struct span payout_id, char out[256])
{
    snprintf(out, 256, "%.*s %.*s %.*s", SPAN_ARG(provider), SPAN_ARG(account),
             SPAN_ARG(payout_id));
}

static void add_payout(struct payout_report *report, const struct payout_listed *p, bool agrees)
{
    char name[256];
    json_t *payout = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "provider",
        text_json(p->provider), "account", text_json(p->account), "payout", text_json(p->payout_id),
        "date", day_json(p->date), "currency", text_json(p->currency), "lines",
        (json_int_t)p->line_count, "gross_minor", (json_int_t)p->gross_minor, "fee_minor",
        (json_int_t)p->fee_minor, "net_minor", (json_int_t)p->net_minor, "ledger_minor",
        (json_int_t)0, "arrived_minor", minor_json(p->has_arrived, p->arrived_minor),
        "arrived_currency", text_json(p->arrived_currency), "agrees", (int)agrees);
    name_of(p->provider, p->account, p->payout_id, name);
    json_object_set(report->payouts_by_name_, name, payout);
    json_array_append_new(list_of(report, "payouts"), payout);
}

static void take_listed(struct payout_report *report, const struct payout_listed *p)
{
    const struct payout_whole whole = {
        .net_minor = p->net_minor,
        .currency = p->currency,
        .paid_out_days = report->question_.day - p->date,
        .has_arrived = p->has_arrived,
        .arrived_minor = p->arrived_minor,
        .arrived_currency = p->arrived_currency,
    };
    enum payout_verdict verdict = payout_judge_arrival(&whole, report->question_.wait_days);
    if (p->date == report->question_.day)
        add_payout(report, p, verdict == PAYOUT_AGREES);
    if (verdict == PAYOUT_AGREES)
        return;
    json_t *item = disagreement_new(verdict, p->provider, p->account, p->payout_id);
    json_object_set_new(item, "date", day_json(p->date));
    json_object_set_new(item, "currency", text_json(p->currency));
    json_object_set_new(item, "net_minor", json_integer(p->net_minor));
    json_object_set_new(item, "arrived_minor", minor_json(p->has_arrived, p->arrived_minor));
    json_object_set_new(item, "arrived_currency", text_json(p->arrived_currency));
    json_array_append_new(list_of(report, "disagreements"), item);
}

/* ---- the lines and the ledger ---- */

static json_t *invoice_json(const struct payout_paired *p)
{
    char text[48];
    if (!p->pair.is_booked)
        return json_null();
    snprintf(text, sizeof(text), "%lld-%lld", (long long)p->customer_id, (long long)p->invoice_id);
    return json_string(text);
}

static void add_to_payout(struct payout_report *report, const struct payout_paired *p, bool agrees)
{
    char name[256];
    name_of(p->provider, p->account, p->payout_id, name);
    json_t *payout = json_object_get(report->payouts_by_name_, name);
    if (payout == NULL) /* more than PAYOUTS_MAX, or it came in between the two questions */
        return;
    if (p->pair.is_booked && span_is(p->pair.booked_currency, p->pair.settled_currency)) {
        json_int_t sum = json_integer_value(json_object_get(payout, "ledger_minor"));
        json_object_set_new(payout, "ledger_minor", json_integer(sum + p->pair.booked_minor));
    }
    if (!agrees)
        json_object_set_new(payout, "agrees", json_false());
}

static void take_paired(struct payout_report *report, struct payout_paired *p)
{
    p->pair.booked_days = report->question_.day - p->booked_day;
    enum payout_verdict verdict = payout_judge(&p->pair, report->question_.wait_days);
    bool is_settled = p->payout_id.base != NULL;
    if (is_settled)
        add_to_payout(report, p, verdict == PAYOUT_AGREES);
    if (verdict == PAYOUT_AGREES)
        return;
    json_t *item = disagreement_new(verdict, p->provider, p->account, p->payout_id);
    json_object_set_new(item, "movement", text_json(p->movement));
    json_object_set_new(item, "kind", json_string(payout_kind_name(p->pair.kind)));
    json_object_set_new(item, "currency", text_json(p->pair.settled_currency));
    json_object_set_new(item, "gross_minor", minor_json(is_settled, p->pair.settled_minor));
    json_object_set_new(item, "ledger_minor", minor_json(p->pair.is_booked, p->pair.booked_minor));
    json_object_set_new(item, "ledger_currency", text_json(p->pair.booked_currency));
    json_object_set_new(item, "invoice", invoice_json(p));
    json_object_set_new(item, "booked_on",
                        p->pair.is_booked ? day_json(p->booked_day) : json_null());
    json_array_append_new(list_of(report, "disagreements"), item);
}

/* ---- in order ---- */

static void on_listed(void *, const PGresult *, const struct err *);
static void on_paired(void *, const PGresult *, const struct err *);

static void forget(struct payout_report *report)
{
    json_decref(report->answer_);
    json_decref(report->payouts_by_name_);
    report->answer_ = report->payouts_by_name_ = NULL;
}

static void finish(struct payout_report *report, const struct err *err)
{
    json_t *answer = report->answer_;
    report->answer_ = NULL; /* whoever is told may free the report */
    forget(report);
    report->on_done_(report->owner_, err->code == 0 ? answer : NULL, err);
    json_decref(answer);
}

int payout_report_begin(struct payout_report *report, struct pg *pg,
                        const struct payout_question *question, payout_report_cb on_done,
                        void *owner, struct err *err)
{
    *report = (struct payout_report){
        .pg_ = pg, .question_ = *question, .on_done_ = on_done, .owner_ = owner};
    report->question_.count_max = PAYOUTS_MAX;
    report->payouts_by_name_ = json_object();
    report->answer_ =
        json_pack("{s:o, s:I, s:b, s:[], s:[]}", "date", day_json(question->day), "wait_days",
                  (json_int_t)question->wait_days, "is_complete", 1, "payouts", "disagreements");
    int rc = payout_list(pg, &report->query_, &report->question_, on_listed, report, err);
    if (rc != 0)
        forget(report);
    return rc;
}

static void note_rows(struct payout_report *report, const PGresult *result)
{
    if (PQntuples(result) == report->question_.count_max)
        json_object_set_new(report->answer_, "is_complete", json_false());
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct payout_report *report = owner;
    struct err failed = *err;
    if (failed.code == 0) {
        for (int row = 0; row < PQntuples(result); ++row) {
            struct payout_listed listed;
            payout_read_listed(result, row, &listed);
            take_listed(report, &listed);
        }
        note_rows(report, result);
        report->question_.count_max = PAIRS_MAX;
        if (payout_pairs(report->pg_, &report->query_, &report->question_, on_paired, report,
                         &failed) == 0)
            return;
    }
    finish(report, &failed);
}

static void on_paired(void *owner, const PGresult *result, const struct err *err)
{
    struct payout_report *report = owner;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct payout_paired paired;
        payout_read_paired(result, row, &paired);
        take_paired(report, &paired);
    }
    if (err->code == 0)
        note_rows(report, result);
    finish(report, err);
}

void payout_report_cancel(struct payout_report *report)
{
    pg_query_cancel(&report->query_);
    forget(report);
}

/* ---- for spreadsheets ---- */

static const char *const columns[] = {
    "what",         "provider",        "account",       "payout",
    "date",         "movement",        "kind",          "currency",
    "lines",        "gross_minor",     "fee_minor",     "net_minor",
    "ledger_minor", "ledger_currency", "arrived_minor", "arrived_currency",
    "invoice",      "booked_on",
};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static void add_row(struct buf *out, const json_t *item)
{
    for (int i = 0; i < COLUMN_COUNT; ++i) {
        const json_t *value = json_object_get(item, columns[i]);
        if (i > 0)
            buf_add_char(out, ',');
        if (json_is_integer(value))
            buf_add_int(out, json_integer_value(value));
        else if (json_is_string(value))
            csv_write_cell(out, span_str(json_string_value(value)), ',');
        else if (i == 0)
            buf_add_str(out, "payout");
    }
    buf_add_str(out, "\r\n");
}

void payout_report_csv(const json_t *answer, struct buf *out)
{
    static const char *const lists[] = {"payouts", "disagreements"};
    for (int i = 0; i < COLUMN_COUNT; ++i)
        buf_printf(out, "%s%s", i == 0 ? "" : ",", columns[i]);
    buf_add_str(out, "\r\n");
    for (int i = 0; i < 2; ++i) {
        size_t at;
        const json_t *item;
        json_array_foreach(json_object_get(answer, lists[i]), at, item) add_row(out, item);
    }
}

/* ---- for people ---- */

static const char *word(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text == NULL ? "-" : text;
}

/* "1234.50", or "-" where there is nothing. */
static void add_amount(struct buf *out, const json_t *item, const char *name, const char *currency)
{
    const json_t *value = json_object_get(item, name);
    int digits = currency_exponent(span_str(currency));
    long long minor = json_integer_value(value), unit = 1;
    if (!json_is_integer(value)) {
        buf_add_char(out, '-');
        return;
    }
    for (int i = 0; i < digits; ++i)
        unit *= 10;
    long long size = minor < 0 ? -minor : minor;
    buf_printf(out, "%s%lld", minor < 0 ? "-" : "", size / unit);
    if (digits > 0)
        buf_printf(out, ".%0*lld", digits, size % unit);
}

static void add_payout_words(struct buf *out, const json_t *p)
{
    const char *currency = word(p, "currency"), *arrived = word(p, "arrived_currency");
    buf_printf(out, "%s of %s/%s: ", word(p, "payout"), word(p, "provider"), word(p, "account"));
    buf_add_str(out, json_is_true(json_object_get(p, "agrees")) ? "agrees\n" : "does not agree\n");
    buf_add_str(out, "  settled ");
    add_amount(out, p, "gross_minor", currency);
    buf_add_str(out, ", fees ");
    add_amount(out, p, "fee_minor", currency);
    buf_add_str(out, ", net ");
    add_amount(out, p, "net_minor", currency);
    buf_printf(out, " %s; in the ledger ", currency);
    add_amount(out, p, "ledger_minor", currency);
    buf_add_str(out, "; arrived ");
    add_amount(out, p, "arrived_minor", arrived);
    if (arrived[0] != '-')
        buf_printf(out, " %s", arrived);
    buf_add_char(out, '\n');
}

static const char *text_of(const char *name)
{
    for (int i = 0; i < PAYOUT_VERDICT_COUNT; ++i)
        if (strcmp(payout_verdict_name((enum payout_verdict)i), name) == 0)
            return payout_verdict_text((enum payout_verdict)i);
    return name;
}

static void add_disagreement_words(struct buf *out, const json_t *d)
{
    bool is_arrival = json_object_get(d, "movement") == NULL;
    const char *other = word(d, is_arrival ? "arrived_currency" : "ledger_currency");
    buf_printf(out, "  %s: %s/%s", text_of(word(d, "what")), word(d, "provider"),
               word(d, "account"));
    if (json_is_string(json_object_get(d, "payout")))
        buf_printf(out, " %s", word(d, "payout"));
    if (!is_arrival)
        buf_printf(out, " %s %s", word(d, "kind"), word(d, "movement"));
    buf_add_str(out, ", settled ");
    add_amount(out, d, is_arrival ? "net_minor" : "gross_minor", word(d, "currency"));
    buf_printf(out, " %s, %s ", word(d, "currency"), is_arrival ? "arrived" : "ledger");
    add_amount(out, d, is_arrival ? "arrived_minor" : "ledger_minor", other);
    buf_printf(out, " %s\n", other);
}

void payout_report_words(const json_t *answer, struct buf *out)
{
    size_t at;
    const json_t *item, *disagreements = json_object_get(answer, "disagreements");
    buf_printf(out, "Payouts of %s\n", word(answer, "date"));
    json_array_foreach(json_object_get(answer, "payouts"), at, item) add_payout_words(out, item);
    if (json_array_size(json_object_get(answer, "payouts")) == 0)
        buf_add_str(out, "none\n");
    buf_printf(out, "%zu things do not agree\n", json_array_size(disagreements));
    json_array_foreach(disagreements, at, item) add_disagreement_words(out, item);
    if (!json_is_true(json_object_get(answer, "is_complete")))
        buf_add_str(out, "There is more than fits in one report.\n");
}
