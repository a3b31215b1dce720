/* The words of the customer's page in one language, and the templates as they read in it.
 *
 * web/pages holds words files (words.<language>.json, and <noun>.words.<language>.json for what
 * one noun's pages say alone) and the templates. In a template [[key]] stands for a
 * word and [[> file]] for another file of the folder; both are filled in once, at start. A word is
 * a piece of the template: it may hold {{values}} of its own, which are filled in at each view. */
#ifndef DUNLIN_HTTP_PAGE_WORDS_H
#define DUNLIN_HTTP_PAGE_WORDS_H

#include "base/buf.h"
#include "base/err.h"

struct page_words;

/* `language` is "pl", "en", …. Null with ERR_INPUT when a file is no flat object of texts, or a
 * word stands in two. The words live as long as the process. */
struct page_words *page_words_new(const char *language, struct err *err);
void page_words_free(struct page_words *w);
/* Empty with null base when there is no such word. */
struct span page_words_find(const struct page_words *w, struct span key);
size_t page_words_count(const struct page_words *w);

/* The bytes of a file in web/pages; asserts that it is there. */
struct span page_file(struct span name);
/* Appends the file with words and other files filled in. ERR_INPUT for a word or file that does not
 * exist, or files that contain each other. */
MUST_CHECK int page_words_fill(const struct page_words *w, struct span file, struct buf *out,
                               struct err *err);

#endif
