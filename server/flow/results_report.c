#include "flow/results_report.h"

#include "domain/calendar.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_COLUMNS = 2, PERIOD_DAYS_MAX = 3660 };

/* ---- the question ---- */

static bool read_day(struct span text, int32_t *days)
{
    char copy[11] = "", again[11];
    struct date day;
    if (text.len != 10)
        return false;
    memcpy(copy, text.base, 10);
    if (sscanf(copy, "%4d-%2d-%2d", &day.year, &day.month, &day.day) != 3 || !date_is_valid(day))
        return false;
    date_print(day, again);
    *days = date_to_days(day);
    return strcmp(copy, again) == 0;
}

const char *results_read_question(struct span from, struct span to, struct span by,
                                  struct results_question *question)
{
    if (!read_day(from, &question->from))
        return "from is no day such as 2028-01-31";
    if (!read_day(to, &question->to))
        return "to is no day such as 2028-12-31";
    if (question->to < question->from || question->to - question->from > PERIOD_DAYS_MAX)
        return "the period from `from` to `to` is one day to ten years";
    for (int i = 0; i < RESULTS_BY_COUNT; ++i) {
        question->by = (enum results_by)i;
        if (span_is_str(by, results_by_names[i]))
            return NULL;
    }
    return "by is segment, scenario, version, step, channel or month";
}

/* ---- for programs ---- */

static json_t *value_json(const PGresult *result, int row, int column)
{
    if (pg_is_null(result, row, column))
        return json_null();
    if (column >= TEXT_COLUMNS)
        return json_integer(pg_get_int(result, row, column));
    struct span text = pg_get_text(result, row, column);
    return json_stringn(text.base, text.len);
}

json_t *results_json(const PGresult *result)
{
    json_t *items = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        json_t *item = json_object();
        for (int column = 0; column < PQnfields(result); ++column)
            json_object_set_new(item, PQfname(result, column), value_json(result, row, column));
        json_array_append_new(items, item);
    }
    return items;
}

static void add_cell(struct buf *out, struct span text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; ++i)
        is_quoted |= strchr(",\"\r\n", text.base[i]) != NULL;
    if (is_quoted)
        buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; ++i) {
        if (text.base[i] == '"')
            buf_add_char(out, '"');
        buf_add_char(out, text.base[i]);
    }
    if (is_quoted)
        buf_add_char(out, '"');
}

void results_csv(const PGresult *result, struct buf *out)
{
    int columns = PQnfields(result);
    for (int column = 0; column < columns; ++column)
        buf_printf(out, "%s%s", column == 0 ? "" : ",", PQfname(result, column));
    buf_add_str(out, "\r\n");
    for (int row = 0; row < PQntuples(result); ++row) {
        for (int column = 0; column < columns; ++column) {
            if (column > 0)
                buf_add_char(out, ',');
            if (pg_is_null(result, row, column))
                continue;
            if (column < TEXT_COLUMNS)
                add_cell(out, pg_get_text(result, row, column));
            else
                buf_printf(out, "%lld", (long long)pg_get_int(result, row, column));
        }
        buf_add_str(out, "\r\n");
    }
}

/* ---- for people ---- */

static int column_of(const PGresult *result, const char *name)
{
    int column = PQfnumber(result, name);
    return column < 0 ? 0 : column;
}

static bool has(const PGresult *result, int row, const char *name)
{
    return !pg_is_null(result, row, column_of(result, name));
}

static long long number(const PGresult *result, int row, const char *name)
{
    return (long long)pg_get_int(result, row, column_of(result, name));
}

/* "12.5 %", "-3.0 %", or "?" where there is nothing to say it of. */
static void add_share(struct buf *out, const PGresult *result, int row, const char *name)
{
    if (!has(result, row, name)) {
        buf_add_str(out, "?");
        return;
    }
    long long permille = number(result, row, name), size = permille < 0 ? -permille : permille;
    buf_printf(out, "%s%lld.%lld %%", permille < 0 ? "-" : "", size / 10, size % 10);
}

static void add_amount(struct buf *out, const PGresult *result, int row, const char *name)
{
    long long minor = number(result, row, name);
    buf_printf(out, "%lld.%02lld", minor / 100, minor % 100);
}

static void add_effect(struct buf *out, const PGresult *result, int row, const char *what,
                       const char *const names[4])
{
    if (!has(result, row, names[1]))
        return;
    buf_printf(out, "  %s without reminders ", what);
    add_share(out, result, row, names[0]);
    buf_add_str(out, ", so reminding makes ");
    add_share(out, result, row, names[1]);
    buf_add_str(out, " (95 %: from ");
    add_share(out, result, row, names[2]);
    buf_add_str(out, " to ");
    add_share(out, result, row, names[3]);
    buf_add_str(out, ")\n");
}

static void add_block(struct buf *out, const PGresult *result, int row)
{
    struct span key = pg_get_text(result, row, 0), currency = pg_get_text(result, row, 1);
    buf_printf(out, "%.*s (%.*s): %lld debts\n", SPAN_ARG(key), SPAN_ARG(currency),
               number(result, row, "debts"));
    buf_add_str(out, "  late ");
    add_share(out, result, row, "late_permille");
    buf_add_str(out, ", paid in full within 30 days of the due date ");
    add_share(out, result, row, "paid_30_permille");
    buf_printf(out, "\n  %lld messages, followed by payment in full within 48 hours ",
               number(result, row, "messages"));
    add_share(out, result, row, "messages_paid_48h_permille");
    buf_add_str(out, "; of debts paid after a message, within 48 hours of the last ");
    add_share(out, result, row, "reminded_paid_48h_permille");
    buf_add_str(out, "\n  recovered within 30 days ");
    add_amount(out, result, row, "recovered_minor");
    buf_add_str(out, " of ");
    add_amount(out, result, row, "overdue_minor");
    buf_add_str(out, " overdue (");
    add_share(out, result, row, "recovered_permille");
    buf_add_str(out, ")");
    if (has(result, row, "cost_per_100_recovered_micro"))
        buf_printf(out, ", at %lld millionths for each 1.00",
                   number(result, row, "cost_per_100_recovered_micro"));
    buf_printf(out, "\n  staff actions %lld, ratings %lld", number(result, row, "staff_actions"),
               number(result, row, "ratings"));
    if (has(result, row, "rating_hundredths"))
        buf_printf(out, " (%lld.%02lld of 5)", number(result, row, "rating_hundredths") / 100,
                   number(result, row, "rating_hundredths") % 100);
    buf_add_char(out, '\n');
    add_effect(out, result, row, "late",
               (const char *const[]){"holdout_late_permille", "late_effect_permille",
                                     "late_effect_low_permille", "late_effect_high_permille"});
    add_effect(out, result, row, "paid within 30 days",
               (const char *const[]){"holdout_paid_30_permille", "paid_30_effect_permille",
                                     "paid_30_effect_low_permille",
                                     "paid_30_effect_high_permille"});
}

void results_words(const PGresult *result, struct buf *out)
{
    for (int row = 0; row < PQntuples(result); ++row)
        add_block(out, result, row);
}
