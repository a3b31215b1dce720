#include "channel/email_html.h"

static const char *caption_of(struct span language)
{
    static const struct {
        const char *language, *caption;
    } all[] = {
        {"pl", "Albo zeskanuj ten kod w aplikacji swojego banku:"},
        {"en", "Or scan this code in your banking app:"},
        {"uk", "Або відскануйте цей код у застосунку свого банку:"},
    };
    for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); ++i)
        if (span_is_str(language, all[i].language))
            return all[i].caption;
    return all[0].caption;
}

/* Where the letter's own cell ends, else the body, else all. */
static size_t end_of(struct span html)
{
    static const char *const ends[] = {"</td></tr></table></td></tr></table></body>", "</body>"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); ++i) {
        const char *at = memmem(html.base, html.len, ends[i], strlen(ends[i]));
        if (at != NULL)
            return (size_t)(at - html.base);
    }
    return html.len;
}

void email_html_add_picture(struct span html, struct span language, const char *id, int side,
                            struct buf *out)
{
    size_t end = end_of(html);
    buf_add(out, span_of(html.base, end));
    buf_printf(out,
               "<p>%s</p><p><img src=\"cid:%s\" alt=\"QR\" width=\"%d\" height=\"%d\" "
               "style=\"background:#ffffff\"></p>",
               caption_of(language), id, side, side);
    buf_add(out, span_from(html, end));
}
