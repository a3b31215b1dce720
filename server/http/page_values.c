#include "http/page_values.h"

#include <assert.h>

enum {
    TEXTS_MAX = 16 * 1024, /* all that is made for one view: ten times what it takes */
    SHOWN_LETTERS_MAX = 60,
};

static const char *const value_names[VALUE_COUNT] = {
#define PAGE_VALUE_NAME(name) #name,
    PAGE_VALUES(PAGE_VALUE_NAME)
#undef PAGE_VALUE_NAME
};

void page_values_init(struct page_values *v)
{
    *v = (struct page_values){.language_ = LANGUAGE_POLISH};
    for (int i = 0; i != VALUE_COUNT; ++i)
        v->fixed_[i] = (struct mustache_member){.name = span_str(value_names[i])};
    mustache_sort(v->fixed_, VALUE_COUNT);
    for (int id = 0; id != VALUE_COUNT; ++id)
        for (int place = 0; place != VALUE_COUNT; ++place)
            if (v->fixed_[place].name.base == value_names[id])
                v->places_[id] = place;
    buf_init(&v->texts_, TEXTS_MAX);
    /* Takes all its memory now: values point into it while it fills. */
    buf_grow(&v->texts_, TEXTS_MAX);
}

void page_values_release(struct page_values *v)
{
    buf_release(&v->texts_);
}

void page_values_fix(struct page_values *v, enum page_value id, struct mustache_value value)
{
    v->fixed_[v->places_[id]].value = value;
}

void page_values_begin(struct page_values *v, enum language language)
{
    memcpy(v->current_, v->fixed_, sizeof(v->current_));
    buf_reset(&v->texts_);
    v->language_ = language;
}

struct mustache_object page_values_object(const struct page_values *v)
{
    assert(!buf_is_overflowed(&v->texts_));
    return (struct mustache_object){
        .members = v->current_, .count = VALUE_COUNT, .is_sorted = true, .shape = value_names};
}

void page_set_text(struct page_values *v, enum page_value id, struct span text)
{
    v->current_[v->places_[id]].value = mustache_text(text);
}

void page_set_true(struct page_values *v, enum page_value id)
{
    v->current_[v->places_[id]].value = mustache_bool(true);
}

struct buf *page_text_begin(struct page_values *v)
{
    v->text_begin_ = buf_span(&v->texts_).len;
    return &v->texts_;
}

struct span page_text_end(const struct page_values *v)
{
    return span_from(buf_span(&v->texts_), v->text_begin_);
}

void page_text_set(struct page_values *v, enum page_value id)
{
    page_set_text(v, id, page_text_end(v));
}

void page_set_int(struct page_values *v, enum page_value id, int64_t number)
{
    buf_add_int(page_text_begin(v), number);
    page_text_set(v, id);
}

static struct text_style style_of(const struct page_values *v)
{
    return (struct text_style){.language = v->language_, .place = TEXT_PAGE};
}

void page_set_amount(struct page_values *v, enum page_value id, int64_t minor, struct span currency)
{
    char code[4] = "";
    memcpy(code, currency.base, currency.len < 3 ? currency.len : 3);
    text_format_amount(page_text_begin(v), money_of(minor, code), style_of(v));
    page_text_set(v, id);
}

void page_set_date(struct page_values *v, enum page_value id, int32_t days)
{
    text_format_date(page_text_begin(v), date_from_days(days), style_of(v));
    page_text_set(v, id);
}

void page_set_plain(struct page_values *v, enum page_value id, int64_t minor, struct span currency)
{
    int64_t unit = 1;
    int exponent = currency_exponent(currency);
    for (int i = 0; i < exponent; ++i)
        unit *= 10;
    struct buf *text = page_text_begin(v);
    buf_add_int(text, minor / unit);
    if (exponent > 0)
        buf_add_char(text, ',');
    for (unit /= 10; unit > 0; unit /= 10)
        buf_add_char(text, (char)('0' + minor / unit % 10));
    page_text_set(v, id);
}

struct span utf8_first(struct span text)
{
    size_t len = text.len == 0 ? 0 : 1;
    while (len < text.len && (text.base[len] & 0xc0) == 0x80)
        ++len;
    return span_of(text.base, len);
}

/* Its first letters, as many as are shown. */
static size_t shown_len(struct span text)
{
    size_t len = 0;
    for (int letters = 0; len != text.len && letters != SHOWN_LETTERS_MAX; ++letters)
        len += utf8_first(span_from(text, len)).len;
    return len;
}

void page_shorten(struct buf *to, struct span text)
{
    size_t len = shown_len(text);
    buf_add(to, span_of(text.base, len));
    if (len != text.len)
        buf_add_str(to, "…");
}

void page_set_shortened(struct page_values *v, enum page_value id, struct span text)
{
    if (shown_len(text) == text.len) {
        page_set_text(v, id, text);
        return;
    }
    page_shorten(page_text_begin(v), text);
    page_text_set(v, id);
}
