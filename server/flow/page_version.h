/* The versions of the customer's page that this process shows, one a language. A form carries the
 * name of its own, so that the event that it causes tells which page the customer had before them;
 * a form of another build, as while a new one is rolled out, tells that build's.
 *
 * A form has the name in the hidden field of web/pages/form_page.mustache. A flow that changes a
 * debt (debt_change.h) says .page = page_form_page(request), and its store gives debt->page to
 * page_version_named() in the event's facts: that is all. How any other flow uses it, in the
 * transaction of its event, with options->page from page_form_page(request) (http/page_form.h):
 *
 *     struct page_shown page = page_version_shown(world->page_versions, options->page);
 *     … the store adds page_version_keep(tx, &page, now) before the statement of the event, whose
 *       facts say "page": page_version_named(page.name) …
 *     page_version_note_kept(world->page_versions, page.name);    once the transaction is on disk
 *
 * A form may be sent by hand, so the name proves no more than that somebody who holds the link said
 * so; it leads to a page that was shown, or nowhere. */
#ifndef DUNLIN_FLOW_PAGE_VERSION_H
#define DUNLIN_FLOW_PAGE_VERSION_H

#include "domain/text_format.h"
#include "store/page_version_store.h"

struct page_versions;

struct page_versions *page_versions_new(void);
void page_versions_free(struct page_versions *);
/* Copies. At start. */
void page_versions_set(struct page_versions *, enum language, struct span text);

/* What a form of this language carries: PAGE_NAME_LEN characters. Empty when `versions` is null. */
struct span page_version_name(const struct page_versions *versions, enum language);

/* `named` is what the form said, perhaps nothing or nonsense. The result's name points into
 * `named`, the rest into `versions`, which may be null where no pages are shown. */
struct page_shown page_version_shown(const struct page_versions *versions, struct span named);
/* Its text need not be sent again by this process. */
void page_version_note_kept(struct page_versions *versions, struct span name);

#endif
