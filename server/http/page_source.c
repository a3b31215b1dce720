#include "http/page_source.h"

#include "flow/page_version.h"
#include "flow/world.h"
#include "page_assets.h"

enum { SOURCE_MAX = 1024 * 1024 };

static void write_head(struct buf *out, const char *name)
{
    buf_add_str(out, "==> ");
    buf_add_str(out, name);
    buf_add_str(out, " <==\n");
}

static void write_line(struct buf *out, const char *name, struct span value)
{
    buf_add_str(out, name);
    buf_add_str(out, ": ");
    buf_add(out, value);
    buf_add_char(out, '\n');
}

/* "words.pl.json", "sheet.words.pl.json": the words of the other languages are not shown. */
static bool is_of(struct span file, enum language language)
{
    char words[32];
    int len = snprintf(words, sizeof(words), "words.%s.json", language_code(language));
    return memmem(file.base, file.len, "words.", 6) == NULL ||
           memmem(file.base, file.len, words, (size_t)len) != NULL;
}

void page_source_write(const struct creditor *creditor, enum language language, struct buf *out)
{
    write_head(out, "creditor");
    write_line(out, "name", creditor->name);
    write_line(out, "nip", creditor->nip);
    write_line(out, "phone", creditor->phone);
    write_line(out, "email", creditor->email);
    write_line(out, "website", creditor->website);
    write_line(out, "privacy_url", creditor->privacy_url);
    for (size_t i = 0; i != page_assets_count; ++i) {
        const struct embedded_file *file = &page_assets_files[i];
        if (!is_of(span_str(file->name), language))
            continue;
        write_head(out, file->name);
        buf_add(out, span_of(file->bytes, file->len));
    }
}

void page_source_set(const struct creditor *creditor, struct page_versions *versions)
{
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        struct buf text;
        buf_init(&text, SOURCE_MAX);
        page_source_write(creditor, (enum language)i, &text);
        page_versions_set(versions, (enum language)i, buf_span(&text));
        buf_release(&text);
    }
}
