/* Which page a customer had before them when they did something: kept as evidence the first time
 * that an event names it. */
#ifndef DUNLIN_STORE_PAGE_VERSION_STORE_H
#define DUNLIN_STORE_PAGE_VERSION_STORE_H

#include "base/clock.h"
#include "base/span.h"

struct pg_tx;

enum { PAGE_NAME_LEN = 16 };

struct page_shown {
    struct span name;    /* the first PAGE_NAME_LEN characters of its version; empty: not told */
    struct span version; /* whole; these three are null unless the text is still to be kept */
    struct span language, text;
};

/* Adds a statement to the transaction if the text is to be kept; before the one that writes the
 * event. That one puts page_version_named(name) in its facts as "page", which is null for a name
 * that nobody keeps. All spans are copied. */
void page_version_keep(struct pg_tx *, const struct page_shown *, struct instant now);

#endif
