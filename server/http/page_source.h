/* The customer's page of this build in one language, as evidence keeps it: all that it is made of.
 * What a visit fills in (amounts, dates, the debt) stands in the debt itself and its events. */
#ifndef DUNLIN_HTTP_PAGE_SOURCE_H
#define DUNLIN_HTTP_PAGE_SOURCE_H

#include "base/buf.h"
#include "domain/text_format.h"

struct creditor;
struct page_versions;

/* Appends, each behind a line "==> name <==": what the settings say of the creditor, then each file
 * of web/pages that shows in this language, in the order of their names. */
void page_source_write(const struct creditor *, enum language, struct buf *out);
/* Of all languages. */
void page_source_set(const struct creditor *, struct page_versions *);

#endif
