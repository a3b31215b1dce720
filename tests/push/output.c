#include "output.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { OUTPUT_MAX = 256 << 20, GATHERED = 65536 };

static struct buf output;

void output_init(void)
{
    buf_init(&output, OUTPUT_MAX);
}

void output_flush(void)
{
    struct span rest = buf_span(&output);
    while (rest.len > 0) {
        ssize_t written = write(1, rest.base, rest.len);
        if (written < 0 && errno != EINTR)
            exit(1);
        rest = span_from(rest, written > 0 ? (size_t)written : 0);
    }
    buf_reset(&output);
}

void output_json(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    buf_add_str(&output, text);
    buf_add_char(&output, '\n');
    free(text);
    json_decref(json);
    if (buf_span(&output).len > GATHERED)
        output_flush();
}

json_t *output_text(struct span text)
{
    json_t *json = json_stringn(text.len == 0 ? "" : text.base, text.len);
    return json != NULL ? json : json_string("(no UTF-8)");
}
