/* Writing what providers read, straight into the request: what is wiped there lies nowhere else,
 * and what is signed is the very bytes that go out. */
#ifndef DUNLIN_PROVIDER_WRITING_H
#define DUNLIN_PROVIDER_WRITING_H

#include "base/buf.h"

/* A JSON string with its quotes, as JavaScript and PHP (slashes and letters not escaped) write it.
 * Bytes that are no UTF-8 become question marks: whoever reads it refuses them otherwise. */
void writing_text(struct buf *json, struct span text);
/* "name": with a comma before it unless it is the first in its object. */
void writing_name(struct buf *json, const char *name);
/* The same with its value, text or number. */
void writing_member(struct buf *json, const char *name, struct span text);
void writing_member_int(struct buf *json, const char *name, int64_t value);
/* The same number as text, as PayU wants its amounts. */
void writing_member_digits(struct buf *json, const char *name, int64_t value);
/* For a part of a path and a value of a form: all but letters, digits and -._~ as %XX. */
void writing_percent(struct buf *out, struct span text);

#endif
