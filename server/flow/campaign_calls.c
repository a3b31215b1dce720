#include "flow/campaign_calls.h"

#include "domain/calendar.h"
#include "flow/csv_write.h"

void campaign_calls_begin(struct buf *out)
{
    buf_add_str(out, "\xef\xbb\xbf"
                     "line;phone;name;invoice number;amount;currency;due date;queue;state;outcome;"
                     "reason;further columns\r\n");
}

/* "1234,56": as the files that come in have it. */
static void add_amount(struct buf *out, int64_t minor)
{
    buf_printf(out, "%lld,%02d", (long long)(minor / 100), (int)(minor % 100));
}

void campaign_calls_row(const PGresult *result, int row, struct buf *out)
{
    char date[11];
    date_print(date_from_days(pg_get_date(result, row, 6)), date);
    buf_add_int(out, pg_get_int(result, row, 0));
    for (int column = 1; column < 12; ++column) {
        buf_add_char(out, ';');
        if (column == 4)
            add_amount(out, pg_get_int(result, row, column));
        else if (column == 6)
            buf_add_str(out, date);
        else
            csv_write_cell(out, pg_get_text(result, row, column), ';');
    }
    buf_add_str(out, "\r\n");
}
