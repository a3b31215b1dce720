#include "http/page_words.h"

#include "page_assets.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

enum { INCLUDE_DEPTH_MAX = 4 };

struct page_words {
    json_t *words;
};

static const struct embedded_file *find_file(struct span name)
{
    for (size_t i = 0; i != page_assets_count; ++i)
        if (span_is_str(name, page_assets_files[i].name))
            return &page_assets_files[i];
    return NULL;
}

struct span page_file(struct span name)
{
    const struct embedded_file *file = find_file(name);
    assert(file != NULL);
    return span_of(file->bytes, file->len);
}

static bool is_flat(const json_t *words)
{
    if (!json_is_object(words))
        return false;
    const char *key;
    json_t *word;
    json_object_foreach((json_t *)words, key, word) if (!json_is_string(word)) return false;
    return true;
}

static bool ends_with(struct span text, struct span end)
{
    return text.len >= end.len && span_is(span_from(text, text.len - end.len), end);
}

/* Whether a file holds words of the language. */
static bool is_words_of(struct span name, const char *language)
{
    char end[32];
    int len = snprintf(end, sizeof(end), "words.%s.json", language);
    if (!ends_with(name, span_of(end, (size_t)len)))
        return false;
    return name.len == (size_t)len || name.base[name.len - (size_t)len - 1] == '.';
}

static int add_words(json_t *words, const struct embedded_file *file, struct err *err)
{
    json_error_t why;
    json_t *more = json_loadb(file->bytes, file->len, JSON_REJECT_DUPLICATES, &why);
    int rc = 0;
    if (more == NULL)
        rc = err_set(err, ERR_INPUT, "%s: line %d: %s", file->name, why.line, why.text);
    else if (!is_flat(more))
        rc = err_set(err, ERR_INPUT, "%s: not a flat object of texts", file->name);
    const char *key;
    json_t *word;
    if (rc == 0)
        json_object_foreach(more, key, word)
        {
            if (json_object_get(words, key) != NULL)
                rc = err_set(err, ERR_INPUT, "%s: %s stands in another file, too", file->name, key);
            json_object_set(words, key, word);
        }
    json_decref(more);
    return rc;
}

struct page_words *page_words_new(const char *language, struct err *err)
{
    json_t *words = json_object();
    int rc = 0, files = 0;
    for (size_t i = 0; rc == 0 && i != page_assets_count; ++i)
        if (is_words_of(span_str(page_assets_files[i].name), language)) {
            ++files;
            rc = add_words(words, &page_assets_files[i], err);
        }
    if (rc == 0 && files == 0)
        rc = err_set(err, ERR_INPUT, "words.%s.json: no such file", language);
    if (rc != 0) {
        json_decref(words);
        return NULL;
    }
    struct page_words *w = malloc(sizeof(*w));
    assert(w != NULL);
    w->words = words;
    return w;
}

void page_words_free(struct page_words *w)
{
    if (w == NULL)
        return;
    json_decref(w->words);
    free(w);
}

struct span page_words_find(const struct page_words *w, struct span key)
{
    const json_t *word = json_object_getn(w->words, key.base, key.len);
    return span_of(json_string_value(word), json_string_length(word));
}

size_t page_words_count(const struct page_words *w)
{
    return json_object_size(w->words);
}

static int fill_file(const struct page_words *w, struct span file, int depth, struct buf *out,
                     struct err *err);

/* `mark` is what stands between [[ and ]]. */
static int fill_mark(const struct page_words *w, struct span mark, int depth, struct buf *out,
                     struct err *err)
{
    if (span_starts(mark, SPAN_LIT("> ")))
        return fill_file(w, span_from(mark, 2), depth + 1, out, err);
    struct span word = page_words_find(w, mark);
    if (word.base == NULL)
        return err_set(err, ERR_INPUT, "no word \"%.*s\"", SPAN_ARG(mark));
    buf_add(out, word);
    return 0;
}

static int fill_text(const struct page_words *w, struct span text, int depth, struct buf *out,
                     struct err *err)
{
    const char *open;
    while ((open = memmem(text.base, text.len, "[[", 2)) != NULL) {
        size_t before = (size_t)(open - text.base);
        struct span rest = span_from(text, before + 2);
        const char *close = memmem(rest.base, rest.len, "]]", 2);
        if (close == NULL)
            return err_set(err, ERR_INPUT, "\"[[\" without \"]]\"");
        buf_add(out, span_of(text.base, before));
        struct span mark = span_of(rest.base, (size_t)(close - rest.base));
        if (fill_mark(w, mark, depth, out, err) != 0)
            return err->code;
        text = span_from(rest, mark.len + 2);
    }
    buf_add(out, text);
    return 0;
}

static int fill_file(const struct page_words *w, struct span name, int depth, struct buf *out,
                     struct err *err)
{
    const struct embedded_file *file = find_file(name);
    if (file == NULL || depth > INCLUDE_DEPTH_MAX)
        return err_set(err, ERR_INPUT, "%.*s: %s", SPAN_ARG(name),
                       file == NULL ? "no such file" : "files contain each other");
    struct span text = span_of(file->bytes, file->len);
    /* An included file's last line break would stand in the middle of a line. */
    if (text.len != 0 && text.base[text.len - 1] == '\n')
        --text.len;
    if (fill_text(w, text, depth, out, err) != 0)
        return err_wrap(err, "%.*s", SPAN_ARG(name));
    return 0;
}

int page_words_fill(const struct page_words *w, struct span file, struct buf *out, struct err *err)
{
    return fill_file(w, file, 0, out, err);
}
