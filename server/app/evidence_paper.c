/* One function a part of the export: what is to be on paper is a row of `parts`. Times are shown in
 * the customer's zone with their offset; amounts and dates as people read them. What is missing or
 * of another type than the export's prints as nothing. */
#include "app/evidence_paper.h"

#include "app/evidence_words.h"
#include "app/paper.h"
#include "base/json.h"
#include "domain/instant_text.h"
#include "domain/text_format.h"
#include "flow/evidence_check.h"
#include "flow/evidence_export.h"

#include <stdlib.h>
#include <time.h>

enum {
    DEPTH_MAX = 8,
    FACTS_DEPTH_MAX = 8,
    CELL_MAX = 16 * 1024,
    CELLS_MAX = PAPER_COLUMNS_MAX,
    HASH_LINE = 16
};

struct draw {
    struct paper *paper;
    const json_t *document, *debt;
    bool is_english;
    char currency[4];
    struct buf cells[CELLS_MAX]; /* of the row under way */
    size_t cell_count;
};

/* ---- reading ---- */

static struct span text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? span_of(json_string_value(value), json_string_length(value))
                                 : span_of("", 0);
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const json_t *part(const struct draw *draw, const char *name)
{
    return json_object_get(draw->document, name);
}

static const char *say(const struct draw *draw, const char *polish, const char *english)
{
    return draw->is_english ? english : polish;
}

static struct span word(const struct draw *draw, struct span code)
{
    return evidence_word(code, draw->is_english);
}

static json_t *load(struct span json)
{
    const struct json_limits limits = {.bytes_max = EVIDENCE_MAX, .depth_max = FACTS_DEPTH_MAX};
    return json_load(json, limits, NULL);
}

/* ---- writing values ---- */

static struct text_style style_of(const struct draw *draw)
{
    return (struct text_style){.language = draw->is_english ? LANGUAGE_ENGLISH : LANGUAGE_POLISH,
                               .place = TEXT_PAGE};
}

static void add_amount(const struct draw *draw, struct buf *out, int64_t minor)
{
    text_format_amount(out, money_of(minor, draw->currency), style_of(draw));
}

/* "29.11.2026 18:26:14 +01:00" of "2026-11-29T17:26:14Z". */
static void add_time(const struct draw *draw, struct buf *out, struct span utc)
{
    struct instant at;
    struct tm tm;
    char shown[40];
    if (!instant_read(utc, &at))
        return;
    time_t seconds = (time_t)instant_seconds(at);
    localtime_r(&seconds, &tm);
    if (draw->is_english)
        strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M:%S", &tm);
    else
        strftime(shown, sizeof(shown), "%d.%m.%Y %H:%M:%S", &tm);
    long minutes = tm.tm_gmtoff / 60, size = minutes < 0 ? -minutes : minutes;
    buf_printf(out, "%s %c%02ld:%02ld", shown, minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static void add_date(const struct draw *draw, struct buf *out, struct span iso)
{
    struct date date;
    char copy[11] = "";
    if (iso.len != 10)
        return;
    memcpy(copy, iso.base, 10);
    if (sscanf(copy, "%4d-%2d-%2d", &date.year, &date.month, &date.day) == 3 && date_is_valid(date))
        text_format_date(out, date, style_of(draw));
}

static void add_fact(struct draw *draw, struct buf *out, const char *label, struct span utc)
{
    if (utc.len == 0)
        return;
    buf_printf(out, "%s%s ", buf_span(out).len > 0 ? "; " : "", label);
    add_time(draw, out, utc);
}

/* ---- rows of tables ---- */

static void begin_row(struct draw *draw)
{
    draw->cell_count = 0;
    for (size_t i = 0; i < CELLS_MAX; ++i)
        buf_reset(&draw->cells[i]);
}

static struct buf *cell(struct draw *draw)
{
    return &draw->cells[draw->cell_count++];
}

static void end_row(struct draw *draw)
{
    struct span cells[CELLS_MAX];
    for (size_t i = 0; i < draw->cell_count; ++i)
        cells[i] = buf_span(&draw->cells[i]);
    paper_table_row(draw->paper, cells);
}

/* ---- the parts ---- */

static void pair(struct draw *draw, const char *label, struct span value)
{
    if (value.len > 0)
        paper_pair(draw->paper, label, PAPER_BODY, value);
}

static void pair_hash(struct draw *draw, const char *label, struct span value)
{
    if (value.len > 0)
        paper_pair(draw->paper, label, PAPER_CODE, value);
}

static void pair_amount(struct draw *draw, const char *label, int64_t minor)
{
    begin_row(draw);
    add_amount(draw, cell(draw), minor);
    pair(draw, label, buf_span(&draw->cells[0]));
}

static void pair_date(struct draw *draw, const char *label, struct span iso)
{
    begin_row(draw);
    add_date(draw, cell(draw), iso);
    pair(draw, label, buf_span(&draw->cells[0]));
}

static void pair_time(struct draw *draw, const char *label, struct span utc)
{
    begin_row(draw);
    add_time(draw, cell(draw), utc);
    pair(draw, label, buf_span(&draw->cells[0]));
}

static void draw_parties(struct draw *draw)
{
    const json_t *creditor = part(draw, "creditor"), *customer = part(draw, "customer");
    struct span name = text(customer, "name");
    paper_heading(draw->paper, say(draw, "Strony", "Parties"));
    pair(draw, say(draw, "Wierzyciel", "Creditor"), text(creditor, "name"));
    pair(draw, "NIP", text(creditor, "nip"));
    pair(draw, say(draw, "Telefon", "Phone"), text(creditor, "phone"));
    pair(draw, "E-mail", text(creditor, "email"));
    pair(draw, "WWW", text(creditor, "website"));
    paper_space(draw->paper, 4);
    pair(draw, say(draw, "Klient", "Customer"),
         name.len > 0 ? name : span_str(say(draw, "dane usunięte", "erased")));
    pair(draw, say(draw, "Numer klienta", "Customer reference"), text(customer, "reference"));
}

static void draw_debt(struct draw *draw)
{
    const json_t *debt = draw->debt;
    struct buf account;
    paper_heading(draw->paper, say(draw, "Należność", "Debt"));
    pair(draw, say(draw, "Numer", "Number"), text(debt, "number"));
    pair(draw, say(draw, "Rodzaj", "Kind"), word(draw, text(debt, "kind")));
    pair(draw, say(draw, "Produkt", "Product"), text(debt, "product"));
    pair_amount(draw, say(draw, "Kwota", "Amount"), number(debt, "amount_minor"));
    pair_date(draw, say(draw, "Data wystawienia", "Issued"), text(debt, "issue_date"));
    pair_date(draw, say(draw, "Termin płatności", "Due"), text(debt, "due_date"));
    buf_init(&account, 128);
    text_format_account(&account, text(debt, "account"));
    pair(draw, say(draw, "Rachunek", "Account"), buf_span(&account));
    buf_release(&account);
    pair_amount(draw, say(draw, "Pozostało do zapłaty", "Left to pay"), number(debt, "due_minor"));
    pair_time(draw, say(draw, "Spłacono", "Settled"), text(debt, "paid_at"));
}

static void draw_check(struct draw *draw, struct span lines, bool holds)
{
    paper_heading(draw->paper, say(draw, "Wynik sprawdzenia", "Outcome of the check"));
    paper_text(draw->paper, PAPER_STRONG,
               span_str(holds ? say(draw, "Zapis jest nienaruszony: każdy skrót się zgadza.",
                                    "The record is intact: every hash agrees.")
                              : say(draw, "ZAPIS JEST NARUSZONY.", "THE RECORD IS NOT INTACT.")));
    if (!holds)
        paper_text(draw->paper, PAPER_CODE, lines);
}

static void draw_ledger(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Czas", "Time"), 0.27, false, PAPER_CELL},
        {say(draw, "Operacja", "Movement"), 0.33, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.17, true, PAPER_CELL},
        {say(draw, "Saldo", "Balance"), 0.17, true, PAPER_CELL},
    };
    const json_t *entry;
    size_t i;
    paper_heading(draw->paper, say(draw, "Rozliczenie", "Ledger"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "ledger"), i, entry)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(entry, "no"));
        add_time(draw, cell(draw), text(entry, "at"));
        struct buf *what = cell(draw);
        buf_add(what, word(draw, text(entry, "kind")));
        if (text(entry, "reference").len > 0)
            buf_printf(what, "\n%.*s", SPAN_ARG(text(entry, "reference")));
        if (text(entry, "reason").len > 0)
            buf_printf(what, "\n%.*s", SPAN_ARG(text(entry, "reason")));
        add_amount(draw, cell(draw), number(entry, "amount_minor"));
        add_amount(draw, cell(draw), number(entry, "balance_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_payments(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Rozpoczęta", "Begun"), 0.27, false, PAPER_CELL},
        {say(draw, "Sposób i dostawca", "Method and provider"), 0.33, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.17, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.17, true, PAPER_CELL},
    };
    const json_t *payment;
    size_t i;
    if (json_array_size(part(draw, "payments")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Płatności", "Payments"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "payments"), i, payment)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(payment, "no"));
        add_time(draw, cell(draw), text(payment, "created_at"));
        struct span way = word(draw, text(payment, "method"));
        buf_printf(cell(draw), "%.*s, %.*s\n%.*s", SPAN_ARG(way),
                   SPAN_ARG(text(payment, "provider")),
                   SPAN_ARG(text(payment, "provider_reference")));
        struct span state = word(draw, text(payment, "state"));
        struct buf *came = cell(draw);
        buf_printf(came, "%.*s %.*s\n", SPAN_ARG(state), SPAN_ARG(text(payment, "reason")));
        if (number(payment, "paid_minor") != 0)
            add_amount(draw, came, number(payment, "paid_minor"));
        add_amount(draw, cell(draw), number(payment, "amount_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_refunds(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Płatność", "Payment"), 0.1, true, PAPER_CELL},
        {say(draw, "Zlecono", "Asked"), 0.27, false, PAPER_CELL},
        {say(draw, "Powód", "Reason"), 0.25, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.2, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.18, true, PAPER_CELL},
    };
    const json_t *refund;
    size_t i;
    if (json_array_size(part(draw, "refunds")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Zwroty", "Refunds"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "refunds"), i, refund)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(refund, "payment"));
        add_time(draw, cell(draw), text(refund, "created_at"));
        buf_add(cell(draw), text(refund, "reason"));
        buf_add(cell(draw), word(draw, text(refund, "state")));
        add_amount(draw, cell(draw), number(refund, "amount_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_holds(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Rodzaj", "Kind"), 0.16, false, PAPER_CELL},
        {say(draw, "Od", "From"), 0.27, false, PAPER_CELL},
        {say(draw, "Do", "Until"), 0.27, false, PAPER_CELL},
        {say(draw, "Powód", "Reason"), 0.3, false, PAPER_CELL},
    };
    const json_t *hold;
    size_t i;
    if (json_array_size(part(draw, "holds")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Wstrzymania przypomnień", "When reminders were held"));
    paper_table_begin(draw->paper, columns, 4);
    json_array_foreach((json_t *)part(draw, "holds"), i, hold)
    {
        struct span released = text(hold, "released_at");
        begin_row(draw);
        buf_add(cell(draw), word(draw, text(hold, "kind")));
        add_time(draw, cell(draw), text(hold, "created_at"));
        add_time(draw, cell(draw), released.len > 0 ? released : text(hold, "until"));
        buf_add(cell(draw), text(hold, "reason"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_plans(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Plan", "Plan"), 0.08, true, PAPER_CELL},
        {say(draw, "Złożony", "Asked"), 0.27, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.35, false, PAPER_CELL},
        {say(draw, "Raty", "Parts"), 0.08, true, PAPER_CELL},
        {say(draw, "Dług wtedy", "Debt then"), 0.22, true, PAPER_CELL},
    };
    const json_t *plan;
    size_t i;
    if (json_array_size(part(draw, "plans")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Plany spłaty", "Plans"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "plans"), i, plan)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(plan, "no"));
        add_time(draw, cell(draw), text(plan, "asked_at"));
        struct buf *state = cell(draw);
        struct span ended = text(plan, "ended_at");
        buf_add(state, word(draw, text(plan, "state")));
        if (text(plan, "reason").len > 0)
            buf_printf(state, ": %.*s", SPAN_ARG(text(plan, "reason")));
        buf_add_str(state, ended.len > 0 ? "\n" : "");
        add_time(draw, state, ended);
        buf_add_int(cell(draw), number(plan, "part_count"));
        add_amount(draw, cell(draw), number(plan, "debt_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_instalments(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Plan", "Plan"), 0.08, true, PAPER_CELL},
        {say(draw, "Rata", "Part"), 0.08, true, PAPER_CELL},
        {say(draw, "Termin", "Due"), 0.27, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.2, true, PAPER_CELL},
        {say(draw, "Zapłacona", "Paid"), 0.37, false, PAPER_CELL},
    };
    const json_t *instalment;
    size_t i;
    if (json_array_size(part(draw, "instalments")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Raty", "Instalments"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "instalments"), i, instalment)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(instalment, "plan"));
        buf_add_int(cell(draw), number(instalment, "no"));
        add_date(draw, cell(draw), text(instalment, "due_date"));
        add_amount(draw, cell(draw), number(instalment, "amount_minor"));
        add_time(draw, cell(draw), text(instalment, "paid_at"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

/* ---- what was proposed, demanded, asked for and said ---- */

static void draw_offers(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Propozycja", "Offer"), 0.28, false, PAPER_CELL},
        {say(draw, "Ważna do", "Valid until"), 0.16, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.28, false, PAPER_CELL},
        {say(draw, "Razem", "In all"), 0.22, true, PAPER_CELL},
    };
    const json_t *offer;
    size_t i;
    if (json_array_size(part(draw, "offers")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Propozycje nowych warunków", "Offers of new terms"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "offers"), i, offer)
    {
        struct span answered = text(offer, "answered_at");
        begin_row(draw);
        buf_add_int(cell(draw), number(offer, "no"));
        struct buf *what = cell(draw);
        buf_add(what, word(draw, text(offer, "kind")));
        buf_add_char(what, '\n');
        add_time(draw, what, text(offer, "made_at"));
        add_date(draw, cell(draw), text(offer, "valid_until"));
        struct buf *state = cell(draw);
        buf_add(state, word(draw, text(offer, "state")));
        buf_add_str(state, "\n");
        add_time(draw, state, answered.len > 0 ? answered : text(offer, "ended_at"));
        add_amount(draw, cell(draw), number(offer, "total_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_demands(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Wysłano", "Sent"), 0.27, false, PAPER_CELL},
        {say(draw, "Doręczono", "Received"), 0.19, false, PAPER_CELL},
        {say(draw, "Zapłata do", "Pay by"), 0.15, false, PAPER_CELL},
        {say(draw, "Wniosek do", "Request by"), 0.15, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.18, true, PAPER_CELL},
    };
    const json_t *demand;
    size_t i;
    if (json_array_size(part(draw, "demands")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Wezwania do zapłaty", "Demands for payment"));
    paper_table_begin(draw->paper, columns, 6);
    json_array_foreach((json_t *)part(draw, "demands"), i, demand)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(demand, "no"));
        add_time(draw, cell(draw), text(demand, "sent_at"));
        struct buf *received = cell(draw);
        add_date(draw, received, text(demand, "received_on"));
        if (json_is_true(json_object_get(demand, "is_assumed")))
            buf_add_str(received, say(draw, "\n(przyjęto)", "\n(assumed)"));
        add_date(draw, cell(draw), text(demand, "pay_by"));
        add_date(draw, cell(draw), text(demand, "request_by"));
        add_amount(draw, cell(draw), number(demand, "due_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

/* What a person wrote, which stands in the personal part of an event: erased, or nothing. */
static void draw_written(struct draw *draw, const char *label, struct span written,
                         int64_t event_no)
{
    const json_t *event =
        event_no < 1 ? NULL : json_array_get(part(draw, "events"), (size_t)event_no - 1);
    if (written.len > 0) {
        paper_text(draw->paper, PAPER_SMALL, span_str(label));
        paper_quote(draw->paper, written);
    } else if (text(event, "personal_hash").len > 0 && text(event, "personal").len == 0) {
        paper_text(
            draw->paper, PAPER_SMALL,
            span_str(say(draw, "Treść usunięta wraz z danymi osobowymi; jej skrót pozostał.",
                         "The words were erased with the personal data; their hash is left.")));
    }
}

static void draw_requests(struct draw *draw)
{
    const json_t *request;
    size_t i;
    if (json_array_size(part(draw, "restructuring_requests")) == 0)
        return;
    paper_heading(draw->paper,
                  say(draw, "Wnioski o restrukturyzację", "Requests for restructuring"));
    json_array_foreach((json_t *)part(draw, "restructuring_requests"), i, request)
    {
        begin_row(draw);
        struct buf *head = cell(draw), *facts = cell(draw);
        struct span state = word(draw, text(request, "state"));
        buf_printf(head, "%s %lld – %.*s", say(draw, "Wniosek", "Request"),
                   (long long)number(request, "no"), SPAN_ARG(state));
        add_fact(draw, facts, say(draw, "złożono", "made"), text(request, "requested_at"));
        add_fact(draw, facts, say(draw, "rozpatrzono", "decided"), text(request, "decided_at"));
        paper_text(draw->paper, PAPER_STRONG, buf_span(head));
        paper_text(draw->paper, PAPER_SMALL, buf_span(facts));
        draw_written(draw, say(draw, "Klient napisał:", "The customer wrote:"),
                     text(request, "text"), number(request, "asked_event"));
        draw_written(draw, say(draw, "Uzasadnienie decyzji:", "Reasons of the decision:"),
                     text(request, "reasons"), number(request, "decided_event"));
    }
}

static void draw_promises(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Złożona", "Given"), 0.3, false, PAPER_CELL},
        {say(draw, "Na dzień", "For"), 0.18, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.26, false, PAPER_CELL},
        {say(draw, "Kwota", "Amount"), 0.2, true, PAPER_CELL},
    };
    const json_t *promise;
    size_t i;
    if (json_array_size(part(draw, "promises")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Obietnice zapłaty", "Promises to pay"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "promises"), i, promise)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(promise, "no"));
        add_time(draw, cell(draw), text(promise, "given_at"));
        add_date(draw, cell(draw), text(promise, "promised_on"));
        struct buf *state = cell(draw);
        buf_add(state, word(draw, text(promise, "state")));
        if (text(promise, "decided_at").len > 0)
            buf_add_char(state, '\n');
        add_time(draw, state, text(promise, "decided_at"));
        add_amount(draw, cell(draw), number(promise, "amount_minor"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

static void draw_proofs(struct draw *draw, const json_t *dispute)
{
    const json_t *proof;
    size_t i;
    json_array_foreach(json_object_get(dispute, "proofs"), i, proof)
    {
        begin_row(draw);
        struct buf *line = cell(draw);
        buf_printf(line, "%s %lld, %.*s, %lld B, SHA-256 %.*s", say(draw, "Plik", "File"),
                   (long long)number(proof, "no"), SPAN_ARG(text(proof, "kind")),
                   (long long)number(proof, "bytes"), SPAN_ARG(text(proof, "sha256")));
        paper_text(draw->paper, PAPER_CODE, buf_span(line));
    }
}

static void draw_disputes(struct draw *draw)
{
    const json_t *dispute;
    size_t i;
    if (json_array_size(part(draw, "disputes")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Zgłoszenia klienta", "Disputes"));
    json_array_foreach((json_t *)part(draw, "disputes"), i, dispute)
    {
        begin_row(draw);
        struct buf *head = cell(draw), *facts = cell(draw);
        struct span reason = word(draw, text(dispute, "reason"));
        struct span state = word(draw, text(dispute, "state"));
        buf_printf(head, "%lld. %.*s – %.*s", (long long)number(dispute, "no"), SPAN_ARG(reason),
                   SPAN_ARG(state));
        add_fact(draw, facts, say(draw, "zgłoszono", "opened"), text(dispute, "opened_at"));
        add_fact(draw, facts, say(draw, "odpowiedziano", "answered"), text(dispute, "answered_at"));
        add_fact(draw, facts, say(draw, "zakończono", "ended"), text(dispute, "ended_at"));
        paper_text(draw->paper, PAPER_STRONG, buf_span(head));
        paper_text(draw->paper, PAPER_SMALL, buf_span(facts));
        draw_written(draw, say(draw, "Klient napisał:", "The customer wrote:"),
                     text(dispute, "text"), number(dispute, "opened_event"));
        draw_proofs(draw, dispute);
        draw_written(draw, say(draw, "Odpowiedź:", "The answer:"), text(dispute, "answer"),
                     number(dispute, "answered_event"));
    }
}

static void draw_ratings(struct draw *draw)
{
    const json_t *rating;
    size_t i;
    if (json_array_size(part(draw, "ratings")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Ocena klienta", "The customer's rating"));
    json_array_foreach((json_t *)part(draw, "ratings"), i, rating)
    {
        begin_row(draw);
        struct buf *head = cell(draw);
        buf_printf(head, "%lld / 5, ", (long long)number(rating, "stars"));
        add_time(draw, head, text(rating, "at"));
        paper_text(draw->paper, PAPER_BODY, buf_span(head));
        draw_written(draw, say(draw, "Klient napisał:", "The customer wrote:"),
                     text(rating, "word"), 0);
    }
}

/* ---- messages ---- */

static void draw_words(struct draw *draw, const json_t *event)
{
    json_t *personal = load(text(event, "personal"));
    const json_t *message;
    size_t i;
    if (personal == NULL)
        paper_text(
            draw->paper, PAPER_SMALL,
            span_str(say(draw, "Treść usunięta wraz z danymi osobowymi; jej skrót pozostał.",
                         "The words were erased with the personal data; their hash is left.")));
    json_array_foreach(json_object_get(personal, "messages"), i, message)
    {
        struct buf head;
        struct span to = text(message, "to"), title = text(message, "title");
        buf_init(&head, CELL_MAX);
        if (to.len > 0)
            buf_printf(&head, "%s: %.*s", say(draw, "Do", "To"), SPAN_ARG(to));
        if (title.len > 0)
            buf_printf(&head, "%s%s: %.*s", to.len > 0 ? "\n" : "", say(draw, "Tytuł", "Title"),
                       SPAN_ARG(title));
        if (buf_span(&head).len > 0)
            paper_text(draw->paper, PAPER_SMALL, buf_span(&head));
        paper_quote(draw->paper, text(message, "text"));
        buf_release(&head);
    }
    json_decref(personal);
}

static void draw_message(struct draw *draw, const json_t *reminder)
{
    const json_t *events = json_object_get(reminder, "events"), *no;
    struct span channel = word(draw, text(reminder, "channel"));
    size_t i;
    begin_row(draw);
    struct buf *head = cell(draw), *facts = cell(draw);
    buf_printf(head, "%.*s – %.*s", SPAN_ARG(text(reminder, "step")), SPAN_ARG(channel));
    add_fact(draw, facts, say(draw, "wysłano", "sent"), text(reminder, "finished_at"));
    add_fact(draw, facts, say(draw, "doręczono", "delivered"), text(reminder, "delivered_at"));
    add_fact(draw, facts, say(draw, "otwarto", "opened"), text(reminder, "opened_at"));
    paper_text(draw->paper, PAPER_STRONG, buf_span(head));
    paper_text(draw->paper, PAPER_SMALL, buf_span(facts));
    json_array_foreach((json_t *)events, i, no)
    {
        const json_t *event =
            json_array_get(part(draw, "events"), (size_t)json_integer_value(no) - 1);
        draw_words(draw, event);
    }
}

static void draw_other_reminders(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Krok", "Step"), 0.16, false, PAPER_CELL},
        {say(draw, "Na czas", "For"), 0.27, false, PAPER_CELL},
        {say(draw, "Stan", "State"), 0.18, false, PAPER_CELL},
        {say(draw, "Powód", "Reason"), 0.39, false, PAPER_CELL},
    };
    const json_t *reminder;
    size_t i, shown = 0;
    json_array_foreach((json_t *)part(draw, "reminders"), i, reminder)
    {
        if (json_array_size(json_object_get(reminder, "events")) > 0)
            continue;
        if (shown++ == 0) {
            paper_text(draw->paper, PAPER_STRONG,
                       span_str(say(draw, "Bez treści: niewysłane lub o nieznanej treści",
                                    "Without words: not sent, or of words unknown")));
            paper_table_begin(draw->paper, columns, 4);
        }
        begin_row(draw);
        buf_add(cell(draw), text(reminder, "step"));
        add_time(draw, cell(draw), text(reminder, "due_at"));
        buf_add(cell(draw), word(draw, text(reminder, "state")));
        buf_add(cell(draw), text(reminder, "reason"));
        end_row(draw);
    }
    if (shown > 0)
        paper_table_end(draw->paper);
}

static void draw_messages(struct draw *draw)
{
    const json_t *reminder;
    size_t i;
    if (json_array_size(part(draw, "reminders")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Wiadomości", "Messages"));
    paper_text(
        draw->paper, PAPER_SMALL,
        span_str(
            say(draw, "W miejscu kodu linku stoi „…”: kto go zna, może otworzyć stronę należności.",
                "A “…” stands for a link's code: whoever knows it can open the debt's page.")));
    json_array_foreach((json_t *)part(draw, "reminders"), i, reminder)
    {
        if (json_array_size(json_object_get(reminder, "events")) > 0)
            draw_message(draw, reminder);
    }
    draw_other_reminders(draw);
}

static void draw_pushes(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Krok", "Step"), 0.16, false, PAPER_CELL},
        {say(draw, "Urządzenie", "Device"), 0.24, false, PAPER_CELL},
        {say(draw, "Czas", "Time"), 0.27, false, PAPER_CELL},
        {say(draw, "Wynik", "Outcome"), 0.33, false, PAPER_CELL},
    };
    const json_t *push;
    size_t i;
    if (json_array_size(part(draw, "pushes")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Urządzenia", "Devices"));
    paper_table_begin(draw->paper, columns, 4);
    json_array_foreach((json_t *)part(draw, "pushes"), i, push)
    {
        struct span state = word(draw, text(push, "state"));
        begin_row(draw);
        buf_add(cell(draw), text(push, "step"));
        buf_add(cell(draw), text(push, "installation"));
        add_time(draw, cell(draw), text(push, "claimed_at"));
        buf_printf(cell(draw), "%.*s (%.*s)", SPAN_ARG(state), SPAN_ARG(text(push, "reason")));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

/* ---- texts ---- */

/* "event 7, 9" that name this version. */
static void add_naming_events(struct draw *draw, struct buf *out, const char *fact,
                              struct span version)
{
    const json_t *event;
    const char *before = say(draw, "zdarzenia ", "events ");
    size_t i;
    json_array_foreach((json_t *)part(draw, "events"), i, event)
    {
        json_t *facts = load(text(event, "facts"));
        if (span_is(text(facts, fact), version)) {
            buf_printf(out, "%s%lld", before, (long long)number(event, "no"));
            before = ", ";
        }
        json_decref(facts);
    }
}

static void draw_terms(struct draw *draw)
{
    const json_t *terms;
    size_t i;
    if (json_array_size(part(draw, "terms")) == 0)
        return;
    paper_heading(draw->paper, say(draw, "Przyjęte warunki", "Terms accepted"));
    json_array_foreach((json_t *)part(draw, "terms"), i, terms)
    {
        begin_row(draw);
        struct buf *head = cell(draw);
        add_naming_events(draw, head, "terms", text(terms, "version"));
        if (buf_span(head).len > 0)
            paper_text(draw->paper, PAPER_STRONG, buf_span(head));
        paper_text(draw->paper, PAPER_CODE, text(terms, "version"));
        paper_quote(draw->paper, text(terms, "text"));
    }
}

static void draw_pages(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Wersja (SHA-256)", "Version (SHA-256)"), 0.4, false, PAPER_CODE},
        {say(draw, "Język", "Language"), 0.12, false, PAPER_CELL},
        {say(draw, "Użyta pierwszy raz", "First used"), 0.27, false, PAPER_CELL},
        {say(draw, "Nazwana przez", "Named by"), 0.21, false, PAPER_CELL},
    };
    const json_t *page;
    size_t i;
    if (json_array_size(part(draw, "pages")) == 0)
        return;
    paper_heading(draw->paper,
                  say(draw, "Wersje strony klienta", "Versions of the customer's page"));
    paper_text(draw->paper, PAPER_SMALL,
               span_str(say(draw, "Pełne teksty stron są w eksporcie JSON.",
                            "The texts of the pages are in the JSON export.")));
    paper_table_begin(draw->paper, columns, 4);
    json_array_foreach((json_t *)part(draw, "pages"), i, page)
    {
        begin_row(draw);
        buf_add(cell(draw), text(page, "version"));
        buf_add(cell(draw), text(page, "language"));
        add_time(draw, cell(draw), text(page, "first_seen_at"));
        add_naming_events(draw, cell(draw), "page", text(page, "version"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

/* ---- the timeline ---- */

/* Of these the value is a code too, not somebody's word. */
static bool is_code(struct span name)
{
    static const char *const names[] = {"channel", "kind", "method", "reason", "state"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (span_is_str(name, names[i]))
            return true;
    return false;
}

static void add_text_value(struct draw *draw, struct buf *out, struct span name, struct span value)
{
    struct instant at;
    if (span_is_str(name, "page") || span_is_str(name, "terms"))
        buf_printf(out, "%.*s…", (int)(value.len < HASH_LINE ? value.len : HASH_LINE), value.base);
    else if (instant_read(value, &at))
        add_time(draw, out, value);
    else
        buf_add(out, is_code(name) ? word(draw, value) : value);
}

static void add_value(struct draw *draw, struct buf *out, struct span name, const json_t *value)
{
    bool is_amount = name.len > 6 && span_is_str(span_from(name, name.len - 6), "_minor");
    const json_t *item;
    size_t i;
    if (is_amount && json_is_integer(value)) {
        add_amount(draw, out, json_integer_value(value));
    } else if (json_is_string(value)) {
        add_text_value(draw, out, name,
                       span_of(json_string_value(value), json_string_length(value)));
    } else if (json_is_array(value)) {
        json_array_foreach((json_t *)value, i, item)
        {
            buf_add_str(out, i == 0 ? "" : ", ");
            add_value(draw, out, name, item);
        }
    } else {
        char *written = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_add_str(out, written == NULL ? "" : written);
        free(written);
    }
}

static void add_facts(struct draw *draw, struct buf *out, struct span json)
{
    json_t *facts = load(json), *value;
    const char *name, *before = "";
    json_object_foreach(facts, name, value)
    {
        struct span key = span_str(name), shown = word(draw, key);
        buf_printf(out, "%s%.*s: ", before, SPAN_ARG(shown));
        add_value(draw, out, key, value);
        before = "; ";
    }
    json_decref(facts);
}

/* What is no message's words, as those stand under the messages. */
static void add_personal(struct draw *draw, struct buf *out, const json_t *event)
{
    json_t *personal = load(text(event, "personal"));
    if (text(event, "personal_hash").len == 0)
        return;
    buf_printf(out, "%s%s: ", buf_span(out).len > 0 ? "\n" : "",
               say(draw, "dane osobowe", "personal data"));
    if (personal == NULL)
        buf_add_str(out, say(draw, "usunięte", "erased"));
    else if (json_object_get(personal, "messages") != NULL)
        buf_add_str(out, say(draw, "treść wiadomości, jak wyżej", "the message's words, as above"));
    else
        add_facts(draw, out, text(event, "personal"));
    json_decref(personal);
}

/* In four lines. */
static void add_hash(struct buf *out, struct span hex)
{
    for (size_t at = 0; at < hex.len; at += HASH_LINE) {
        size_t left = hex.len - at;
        buf_add_str(out, at == 0 ? "" : "\n");
        buf_add(out, span_of(hex.base + at, left < HASH_LINE ? left : HASH_LINE));
    }
}

static void draw_timeline(struct draw *draw)
{
    const struct paper_column columns[] = {
        {say(draw, "Nr", "No."), 0.06, true, PAPER_CELL},
        {say(draw, "Czas", "Time"), 0.17, false, PAPER_CELL},
        {say(draw, "Zdarzenie", "Event"), 0.24, false, PAPER_CELL},
        {say(draw, "Fakty", "Facts"), 0.37, false, PAPER_SMALL},
        {say(draw, "Skrót SHA-256", "SHA-256"), 0.16, false, PAPER_CODE},
    };
    const json_t *event;
    size_t i;
    paper_heading(draw->paper, say(draw, "Przebieg zdarzeń", "Timeline"));
    paper_table_begin(draw->paper, columns, 5);
    json_array_foreach((json_t *)part(draw, "events"), i, event)
    {
        begin_row(draw);
        buf_add_int(cell(draw), number(event, "no"));
        add_time(draw, cell(draw), text(event, "at"));
        struct buf *what = cell(draw);
        buf_add(what, word(draw, text(event, "kind")));
        buf_printf(what, "\n%.*s", SPAN_ARG(text(event, "kind")));
        struct buf *facts = cell(draw);
        add_facts(draw, facts, text(event, "facts"));
        add_personal(draw, facts, event);
        add_hash(cell(draw), text(event, "hash"));
        end_row(draw);
    }
    paper_table_end(draw->paper);
}

/* ---- how to check ---- */

static void draw_proof(struct draw *draw)
{
    const json_t *anchor = part(draw, "anchor");
    paper_heading(draw->paper, say(draw, "Jak to sprawdzić", "How to check this"));
    paper_text(
        draw->paper, PAPER_BODY,
        span_str(say(
            draw,
            "Każde zdarzenie ma skrót SHA-256, który obejmuje jego czas, rodzaj, fakty, skrót "
            "danych "
            "osobowych oraz skrót poprzedniego zdarzenia. Zmiana, usunięcie lub dopisanie "
            "czegokolwiek zmienia wszystkie następne skróty. Eksport JSON tej samej należności "
            "zawiera wszystko, co potrzebne do przeliczenia skrótów; krótki program, który to robi "
            "bez oprogramowania wierzyciela, jest w jego dokumentacji (docs/evidence.md).",
            "Each event has a SHA-256 hash over its time, kind, facts, the hash of its personal "
            "data "
            "and the hash of the event before it. Changing, dropping or adding anything changes "
            "all "
            "later hashes. The JSON export of the same debt holds all that is needed to compute "
            "the hashes again; a short program that does so without the creditor's software stands "
            "in its documentation (docs/evidence.md).")));
    paper_space(draw->paper, 4);
    begin_row(draw);
    buf_add_int(cell(draw), number(draw->debt, "event_count"));
    pair(draw, say(draw, "Zdarzeń", "Events"), buf_span(&draw->cells[0]));
    pair_hash(draw, say(draw, "Skrót ostatniego", "Hash of the last"),
              text(draw->debt, "chain_head"));
    if (!json_is_object(anchor)) {
        pair(draw, say(draw, "Kotwica", "Anchor"),
             span_str(say(draw, "jeszcze żadna nie obejmuje tych zdarzeń",
                          "none covers these events yet")));
        return;
    }
    begin_row(draw);
    struct buf *which = cell(draw);
    buf_printf(which, "%s %lld, ", say(draw, "nr", "no."), (long long)number(anchor, "anchor_no"));
    add_time(draw, which, text(anchor, "at"));
    buf_printf(which, ", %s %lld",
               say(draw, "obejmuje zdarzenia do nr", "covers the events up to no."),
               (long long)number(anchor, "event_no"));
    pair(draw, say(draw, "Kotwica", "Anchor"), buf_span(which));
    pair_hash(draw, say(draw, "Skrót kotwicy", "Hash of the anchor"), text(anchor, "hash"));
}

/* In this order. */
static void (*const parts[])(struct draw *) = {
    draw_ledger,   draw_payments, draw_refunds,  draw_offers,   draw_plans,    draw_instalments,
    draw_demands,  draw_requests, draw_promises, draw_disputes, draw_ratings,  draw_holds,
    draw_messages, draw_pushes,   draw_terms,    draw_pages,    draw_timeline, draw_proof,
};

/* ---- the document ---- */

static void draw_front(struct draw *draw)
{
    begin_row(draw);
    struct buf *title = cell(draw), *subtitle = cell(draw);
    buf_printf(title, "%s %.*s", say(draw, "Dokumentacja należności", "Evidence of debt"),
               SPAN_ARG(text(draw->debt, "number")));
    buf_add_str(subtitle, say(draw, "Stan na ", "As of "));
    add_time(draw, subtitle, text(draw->document, "made_at"));
    buf_printf(subtitle, " (%.*s)", SPAN_ARG(text(part(draw, "customer"), "time_zone")));
    paper_text(draw->paper, PAPER_TITLE, buf_span(title));
    paper_text(draw->paper, PAPER_SUBTITLE, buf_span(subtitle));
}

/* `title` and `foot` are written for the file's own data and the feet of its pages. */
static void name_document(const struct draw *draw, struct buf *title, struct buf *foot)
{
    buf_printf(title, "%s %.*s", say(draw, "Dokumentacja należności", "Evidence of debt"),
               SPAN_ARG(text(draw->debt, "number")));
    buf_printf(foot, "%.*s – %.*s", SPAN_ARG(text(draw->debt, "number")),
               SPAN_ARG(text(draw->debt, "chain_head")));
}

/* Times are shown where the customer is; the process is for this alone. */
static void use_zone(const struct draw *draw)
{
    char zone[64] = ":";
    struct span named = text(part(draw, "customer"), "time_zone");
    if (named.len + 2 > sizeof(zone))
        return;
    memcpy(zone + 1, named.base, named.len);
    setenv("TZ", zone, 1);
    tzset();
}

static int draw_document(struct draw *draw, struct span lines, bool holds, struct buf *pdf,
                         struct err *err)
{
    struct buf title, foot;
    buf_init(&title, CELL_MAX);
    buf_init(&foot, CELL_MAX);
    name_document(draw, &title, &foot);
    const struct paper_options options = {
        .language = draw->is_english ? "en" : "pl",
        .title = buf_span(&title).base,
        .author = text(part(draw, "creditor"), "name").base,
        .subject = text(draw->debt, "chain_head").base,
        .made_at = text(draw->document, "made_at").base,
        .foot = buf_span(&foot).base,
    };
    draw->paper = paper_new(&options);
    draw_front(draw);
    draw_parties(draw);
    draw_debt(draw);
    draw_check(draw, lines, holds);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i)
        parts[i](draw);
    int rc = paper_finish(draw->paper, pdf, err);
    buf_release(&title);
    buf_release(&foot);
    return rc;
}

int evidence_paper_draw(struct span document, const char *language, struct buf *pdf,
                        struct err *err)
{
    const struct json_limits limits = {.bytes_max = EVIDENCE_MAX, .depth_max = DEPTH_MAX};
    struct buf lines;
    bool holds;
    buf_init(&lines, 64 * 1024);
    int rc = evidence_check(document, SPAN_LIT(""), &lines, &holds, err);
    json_t *json = rc == 0 ? json_load(document, limits, err) : NULL;
    if (json != NULL) {
        struct draw draw = {.document = json,
                            .debt = json_object_get(json, "debt"),
                            .is_english = strcmp(language, "en") == 0};
        struct span currency = text(draw.debt, "currency");
        memcpy(draw.currency, currency.base, currency.len < 4 ? currency.len : 3);
        for (size_t i = 0; i < CELLS_MAX; ++i)
            buf_init(&draw.cells[i], CELL_MAX);
        use_zone(&draw);
        rc = draw_document(&draw, buf_span(&lines), holds, pdf, err);
        for (size_t i = 0; i < CELLS_MAX; ++i)
            buf_release(&draw.cells[i]);
        json_decref(json);
    }
    buf_release(&lines);
    return rc;
}
