/* Raw messages for people's eyes: what a provider names in `scrub` is masked. What is shown may be
 * anything, cut in the middle or never JSON at all, so nothing here needs a whole document. */
#ifndef DUNLIN_PROVIDER_SCRUB_H
#define DUNLIN_PROVIDER_SCRUB_H

#include "base/buf.h"

/* Appends the body with the values of the members or fields of these names (null-terminated,
 * capitals or not; null: none) as "***", objects and arrays as a whole. All else stays byte for
 * byte. Of JSON members at any depth are meant; of a form `a[name]` too. A body that is neither
 * JSON nor a form is masked as a whole where there are names, as nobody can tell what it holds. At
 * most SCRUB_LEN_MAX bytes are appended. */
#define SCRUB_LEN_MAX(body_len) (4 * (body_len) + 16)
void scrub_print(struct span body, const char *const *names, struct buf *out);

#endif
