#include "flow/csv_write.h"

/* Numbers with a sign and telephone numbers begin like formulas and are none. */
static bool is_number_like(struct span s)
{
    for (size_t i = 1; i < s.len; ++i)
        if (strchr("0123456789 .,()/", s.base[i]) == NULL)
            return false;
    return s.len > 1 && (s.base[0] == '+' || s.base[0] == '-');
}

static bool is_formula_like(struct span s)
{
    return s.len > 0 && strchr("=+-@\t\r", s.base[0]) != NULL && !is_number_like(s);
}

static bool must_be_quoted(struct span cell, char delimiter)
{
    if (is_formula_like(cell) ||
        (cell.len > 0 && (cell.base[0] == ' ' || cell.base[cell.len - 1] == ' ')))
        return true;
    for (size_t i = 0; i < cell.len; ++i)
        if (cell.base[i] == delimiter || cell.base[i] == '"' || cell.base[i] == '\n' ||
            cell.base[i] == '\r')
            return true;
    return false;
}

void csv_write_cell(struct buf *out, struct span cell, char delimiter)
{
    if (!must_be_quoted(cell, delimiter)) {
        buf_add(out, cell);
        return;
    }
    buf_add_char(out, '"');
    if (is_formula_like(cell))
        buf_add_char(out, '\'');
    for (size_t i = 0; i < cell.len; ++i) {
        if (cell.base[i] == '"')
            buf_add_char(out, '"');
        buf_add_char(out, cell.base[i]);
    }
    buf_add_char(out, '"');
}
