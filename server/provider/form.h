/* What HTML forms send (application/x-www-form-urlencoded), for the providers that take it. */
#ifndef DUNLIN_PROVIDER_FORM_H
#define DUNLIN_PROVIDER_FORM_H

#include "base/buf.h"

/* Percent-encoded but for letters, digits and "-._~": good in a path, a query and a form. */
void form_encode(struct buf *out, struct span text);
/* "name=value", behind an "&" where a field stands before it. The name is encoded too. */
void form_add(struct buf *form, const char *name, struct span value);
void form_add_int(struct buf *form, const char *name, int64_t value);

#endif
