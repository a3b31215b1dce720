/* In which language to speak to a visitor, and how its nouns count. */
#ifndef DUNLIN_HTTP_PAGE_LANGUAGE_H
#define DUNLIN_HTTP_PAGE_LANGUAGE_H

#include "domain/text_format.h"

/* The best of ours in an Accept-Language header (RFC 9110, 12.5.4); Polish when none is. */
enum language page_language_accepted(struct span header);

/* Which form of a noun goes with a count: Unicode CLDR's cardinal rules for whole numbers. */
enum page_plural { PLURAL_ONE = 0, PLURAL_FEW, PLURAL_MANY };
enum page_plural page_language_plural(enum language language, int64_t count);

#endif
