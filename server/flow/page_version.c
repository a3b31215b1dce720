#include "flow/page_version.h"

#include "base/buf.h"
#include "domain/text_version.h"

#include <stdlib.h>

enum { TEXT_MAX = 1024 * 1024 };

struct page_versions {
    struct {
        char version[TEXT_VERSION_LEN + 1]; /* "": this language has none */
        struct buf text;
        bool is_kept;
    } items[LANGUAGE_COUNT];
};

struct page_versions *page_versions_new(void)
{
    struct page_versions *versions = calloc(1, sizeof(*versions));
    if (versions == NULL)
        abort();
    for (int i = 0; i < LANGUAGE_COUNT; ++i)
        buf_init(&versions->items[i].text, TEXT_MAX);
    return versions;
}

void page_versions_free(struct page_versions *versions)
{
    if (versions == NULL)
        return;
    for (int i = 0; i < LANGUAGE_COUNT; ++i)
        buf_release(&versions->items[i].text);
    free(versions);
}

void page_versions_set(struct page_versions *versions, enum language language, struct span text)
{
    struct buf *kept = &versions->items[language].text;
    buf_reset(kept);
    buf_add(kept, text);
    text_version_print(span_str(language_code(language)), buf_span(kept),
                       versions->items[language].version);
}

struct span page_version_name(const struct page_versions *versions, enum language language)
{
    if (versions == NULL || versions->items[language].version[0] == '\0')
        return SPAN_LIT("");
    return span_of(versions->items[language].version, PAGE_NAME_LEN);
}

static int find(const struct page_versions *versions, struct span name)
{
    for (int i = 0; versions != NULL && name.len == PAGE_NAME_LEN && i < LANGUAGE_COUNT; ++i)
        if (span_is(name, page_version_name(versions, (enum language)i)))
            return i;
    return LANGUAGE_COUNT;
}

struct page_shown page_version_shown(const struct page_versions *versions, struct span named)
{
    int at = find(versions, named);
    struct page_shown page = {.name = named.len == PAGE_NAME_LEN ? named : SPAN_LIT("")};
    if (at == LANGUAGE_COUNT || versions->items[at].is_kept)
        return page;
    page.version = span_str(versions->items[at].version);
    page.language = span_str(language_code((enum language)at));
    page.text = buf_span(&versions->items[at].text);
    return page;
}

void page_version_note_kept(struct page_versions *versions, struct span name)
{
    int at = find(versions, name);
    if (at != LANGUAGE_COUNT)
        versions->items[at].is_kept = true;
}
