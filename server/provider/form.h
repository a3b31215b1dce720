/* What HTML forms send (application/x-www-form-urlencoded), for the providers that take it. */
#ifndef DUNLIN_PROVIDER_FORM_H
#define DUNLIN_PROVIDER_FORM_H

#include "base/buf.h"

/* "name=value", behind an "&" where a field stands before it. The name is encoded too. */
void form_add(struct buf *form, const char *name, struct span value);
void form_add_int(struct buf *form, const char *name, int64_t value);

#endif
