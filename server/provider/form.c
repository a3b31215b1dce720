#include "provider/form.h"

#include "provider/writing.h"

static void add_name(struct buf *form, const char *name)
{
    if (buf_span(form).len > 0)
        buf_add_char(form, '&');
    writing_percent(form, span_str(name));
    buf_add_char(form, '=');
}

void form_add(struct buf *form, const char *name, struct span value)
{
    add_name(form, name);
    writing_percent(form, value);
}

void form_add_int(struct buf *form, const char *name, int64_t value)
{
    add_name(form, name);
    buf_add_int(form, value);
}
