#include "channel/email_html.h"

/* What stands at the picture. */
struct picture_words {
    const char *language, *caption;
};

static const char *caption_of(struct span language)
{
    static const struct picture_words all[] = {
        {"pl", "Albo zeskanuj ten kod w aplikacji swojego banku:"},
        {"en", "Or scan this code in your banking app:"},
        {"uk", "Або відскануйте цей код у застосунку свого банку:"},
    };
    for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); ++i)
        if (span_is_str(language, all[i].language))
            return all[i].caption;
    return all[0].caption;
}

static void add_escaped(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == '&')
            buf_add_str(out, "&amp;");
        else if (c == '<')
            buf_add_str(out, "&lt;");
        else if (c == '>')
            buf_add_str(out, "&gt;");
        else if (c == '"')
            buf_add_str(out, "&quot;");
        else
            buf_add_char(out, c);
    }
}

/* How long an https address at the beginning of `text` is; 0 for none. */
static size_t address_len(struct span text)
{
    if (!span_starts(text, SPAN_LIT("https://")))
        return 0;
    size_t len = 0;
    while (len < text.len && (unsigned char)text.base[len] > ' ' &&
           (unsigned char)text.base[len] < 127 && strchr("<>\"", text.base[len]) == NULL)
        ++len;
    while (len > 0 && strchr(".,;:!?)'", text.base[len - 1]) != NULL)
        --len; /* of the sentence, not of the address */
    return len;
}

static void add_anchor(struct buf *out, struct span address, const char *style)
{
    buf_add_str(out, "<a href=\"");
    add_escaped(out, address);
    buf_printf(out, "\"%s>", style);
    add_escaped(out, address);
    buf_add_str(out, "</a>");
}

static void add_line(struct buf *out, struct span line)
{
    while (line.len > 0) {
        size_t len = address_len(line);
        if (len > 0) {
            add_anchor(out, span_of(line.base, len), "");
        } else {
            const char *next = memmem(line.base + 1, line.len - 1, "https://", 8);
            len = next == NULL ? line.len : (size_t)(next - line.base);
            add_escaped(out, span_of(line.base, len));
        }
        line = span_from(line, len);
    }
}

static struct span take_line(struct span *text)
{
    const char *end = memchr(text->base, '\n', text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->base);
    struct span line = span_of(text->base, len);
    *text = span_from(*text, len + 1);
    if (line.len > 0 && line.base[line.len - 1] == '\r')
        --line.len;
    return line;
}

static void add_text(const struct email_html *html, struct buf *out)
{
    struct span rest = html->text;
    bool is_in_paragraph = false;
    while (rest.len > 0) {
        struct span line = take_line(&rest);
        if (line.len == 0) {
            buf_add_str(out, is_in_paragraph ? "</p>\n" : "");
            is_in_paragraph = false;
            continue;
        }
        buf_add_str(out, is_in_paragraph ? "<br>\n" : "<p>");
        is_in_paragraph = true;
        if (html->link.len > 0 && span_is(line, html->link))
            add_anchor(out, line,
                       " style=\"display:inline-block;padding:12px 18px;background:#12436d;"
                       "color:#ffffff;text-decoration:none;border-radius:6px\"");
        else
            add_line(out, line);
    }
    buf_add_str(out, is_in_paragraph ? "</p>\n" : "");
}

void email_html_print(const struct email_html *html, struct buf *out)
{
    buf_add_str(out, "<!doctype html>\n<html lang=\"");
    add_escaped(out, html->language);
    buf_add_str(out, "\">\n<head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\"></head>\n"
                     "<body style=\"margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1d1d1f;"
                     "background:#ffffff\">\n<div style=\"max-width:560px;margin:0 auto\">\n");
    add_text(html, out);
    if (html->picture_id.len > 0) {
        const char *caption = caption_of(html->language);
        buf_printf(
            out, "<p>%s</p>\n<p><img src=\"cid:%.*s\" alt=\"QR\" width=\"%d\" height=\"%d\"></p>\n",
            caption, SPAN_ARG(html->picture_id), html->picture_side, html->picture_side);
    }
    buf_add_str(out, "</div>\n</body>\n</html>\n");
}
