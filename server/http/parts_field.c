#include "http/parts_field.h"

#include "http/page_form.h"

#include <inttypes.h>

void parts_field_print(struct buf *out, const struct payment_part *parts, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        buf_printf(out, "%s%" PRId64 ":%" PRId64, i == 0 ? "" : ",", parts[i].invoice_id,
                   parts[i].due_minor);
}

/* One number has one form: no zeros before it. */
static bool take_number(struct span *text, int64_t *number)
{
    size_t len = 0;
    while (len < text->len && text->base[len] >= '0' && text->base[len] <= '9')
        ++len;
    struct span digits = span_of(text->base, len);
    *text = span_from(*text, len);
    return len > 0 && digits.base[0] != '0' && page_form_amount(digits, number);
}

static bool take_char(struct span *text, char c)
{
    if (text->len == 0 || text->base[0] != c)
        return false;
    *text = span_from(*text, 1);
    return true;
}

bool parts_field_read(struct span text, struct payment_part parts[ALLOCATIONS_MAX], size_t *count)
{
    *count = 0;
    do {
        struct payment_part part;
        if (*count == ALLOCATIONS_MAX || !take_number(&text, &part.invoice_id) ||
            !take_char(&text, ':') || !take_number(&text, &part.due_minor))
            return false;
        part.amount_minor = part.due_minor;
        parts[(*count)++] = part;
    } while (take_char(&text, ','));
    return text.len == 0;
}

void part_field_print(struct buf *out, const struct payment_part *part)
{
    buf_printf(out, "%" PRId64 ":%" PRId64 ":%" PRId64, part->invoice_id, part->amount_minor,
               part->due_minor);
}

bool part_field_read(struct span text, struct payment_part *part)
{
    return take_number(&text, &part->invoice_id) && take_char(&text, ':') &&
           take_number(&text, &part->amount_minor) && take_char(&text, ':') &&
           take_number(&text, &part->due_minor) && text.len == 0;
}
