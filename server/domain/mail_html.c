#include "domain/mail_html.h"

#define INK "#1a2433"
#define PAPER "#ffffff"
#define ACCENT "#1f4fd8"
#define FONT "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif"

/* Mail programs that know dark mode read this; the others keep the inline colours. */
static const char head[] =
    "<meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<meta name=\"color-scheme\" content=\"light dark\">"
    "<meta name=\"supported-color-schemes\" content=\"light dark\">"
    "<style>@media (prefers-color-scheme:dark){"
    ".b{background:#10151d!important}.c{background:#1b2330!important}"
    ".t,.t td,.t p,.t li{color:#e8ecf3!important}.t a{color:#9db8ff!important}"
    ".t .go a{color:#ffffff!important}.h{border-color:#33405a!important}}</style>";

static const char *const pay_words[LANGUAGE_COUNT] = {"Zapłać", "Pay now", "Оплатити"};
static const char *const receipt_words[LANGUAGE_COUNT] = {"Zobacz potwierdzenie", "See the receipt",
                                                          "Переглянути підтвердження"};

static void add_escaped(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        switch (text.base[i]) {
        case '&':
            buf_add_str(out, "&amp;");
            break;
        case '<':
            buf_add_str(out, "&lt;");
            break;
        case '>':
            buf_add_str(out, "&gt;");
            break;
        case '"':
            buf_add_str(out, "&quot;");
            break;
        case '\'':
            buf_add_str(out, "&#39;");
            break;
        default:
            buf_add_char(out, text.base[i]);
        }
}

/* ---- addresses ---- */

static bool is_address(struct span url)
{
    return span_starts(url, SPAN_LIT("https://")) && url.len > 8;
}

/* The longest of our addresses that `text` begins with. */
static struct span address_at(const struct mail_letter *letter, struct span text)
{
    struct span best = {NULL, 0};
    if (is_address(letter->link) && span_starts(text, letter->link))
        best = letter->link;
    for (size_t i = 0; i < letter->other_count; ++i)
        if (is_address(letter->others[i]) && span_starts(text, letter->others[i]) &&
            letter->others[i].len > best.len)
            best = letter->others[i];
    return best;
}

static void add_anchor(struct buf *out, struct span url)
{
    buf_add_str(out, "<a href=\"");
    add_escaped(out, url);
    buf_add_str(out, "\" style=\"color:" ACCENT ";word-break:break-all\">");
    add_escaped(out, url);
    buf_add_str(out, "</a>");
}

static void add_line(struct buf *out, const struct mail_letter *letter, struct span line)
{
    size_t plain = 0;
    for (size_t at = 0; at < line.len;) {
        struct span url =
            line.base[at] == 'h' ? address_at(letter, span_from(line, at)) : (struct span){NULL, 0};
        if (url.len == 0) {
            ++at;
            continue;
        }
        add_escaped(out, span_of(line.base + plain, at - plain));
        add_anchor(out, url);
        at += url.len;
        plain = at;
    }
    add_escaped(out, span_from(line, plain));
}

/* ---- blocks ---- */

/* A paragraph or a list under way. */
struct writing {
    struct buf *out;
    const struct mail_letter *letter;
    const char *open; /* "p", "ul", or null */
    bool has_button;
};

static void close_block(struct writing *w)
{
    if (w->open != NULL)
        buf_printf(w->out, "</%s>", w->open);
    w->open = NULL;
}

static void open_block(struct writing *w, const char *name)
{
    close_block(w);
    buf_printf(w->out, "<%s style=\"margin:0 0 16px;%s\">", name,
               name[0] == 'u' ? "padding:0 0 0 20px" : "padding:0");
    w->open = name;
}

static void add_button(struct writing *w)
{
    const char *const *words = w->letter->is_thanks ? receipt_words : pay_words;
    close_block(w);
    buf_add_str(w->out, "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" "
                        "border=\"0\" style=\"margin:8px 0 24px\"><tr><td class=\"go\" "
                        "style=\"background:" ACCENT ";border-radius:8px\"><a href=\"");
    add_escaped(w->out, w->letter->link);
    buf_add_str(w->out, "\" style=\"display:inline-block;padding:14px 32px;color:#ffffff;"
                        "text-decoration:none;font-weight:bold;font-size:18px;" FONT "\">");
    buf_add_str(w->out, words[w->letter->language]);
    buf_add_str(w->out, "</a></td></tr></table>");
    w->has_button = true;
}

static void take_line(struct writing *w, struct span line)
{
    if (line.len == 0) {
        close_block(w);
    } else if (!w->has_button && is_address(w->letter->link) && span_is(line, w->letter->link)) {
        add_button(w);
    } else if (span_starts(line, SPAN_LIT("- "))) {
        if (w->open == NULL || w->open[0] != 'u')
            open_block(w, "ul");
        buf_add_str(w->out, "<li style=\"margin:0 0 4px\">");
        add_line(w->out, w->letter, span_from(line, 2));
        buf_add_str(w->out, "</li>");
    } else {
        if (w->open == NULL || w->open[0] != 'p')
            open_block(w, "p");
        else
            buf_add_str(w->out, "<br>");
        add_line(w->out, w->letter, line);
    }
}

static void add_body(struct writing *w)
{
    struct span rest = w->letter->body;
    while (rest.len > 0) {
        const char *end = memchr(rest.base, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.base);
        struct span line = span_of(rest.base, len);
        rest = span_from(rest, len + (end != NULL));
        while (line.len > 0 && strchr(" \r\t", line.base[line.len - 1]) != NULL)
            --line.len;
        take_line(w, line);
    }
    close_block(w);
}

void mail_html_write(struct buf *out, const struct mail_letter *letter)
{
    struct writing w = {.out = out, .letter = letter};
    buf_printf(out, "<!doctype html><html lang=\"%s\"><head>%s<title>",
               language_code(letter->language), head);
    add_escaped(out, letter->subject);
    buf_add_str(
        out, "</title></head><body class=\"b\" style=\"margin:0;padding:0;background:#eef1f6\">"
             "<table role=\"presentation\" class=\"b\" width=\"100%\" cellpadding=\"0\" "
             "cellspacing=\"0\" border=\"0\" style=\"background:#eef1f6\"><tr>"
             "<td align=\"center\" style=\"padding:24px 12px\">"
             "<table role=\"presentation\" class=\"c t\" width=\"600\" cellpadding=\"0\" "
             "cellspacing=\"0\" border=\"0\" style=\"width:100%;max-width:600px;background:" PAPER
             ";border-radius:12px\"><tr><td class=\"h\" style=\"padding:20px 28px;"
             "border-bottom:1px solid #dfe5ee;font-weight:bold;font-size:18px;color:" INK ";" FONT
             "\">");
    add_escaped(out, letter->creditor);
    buf_add_str(out, "</td></tr><tr><td style=\"padding:24px 28px 12px;font-size:16px;"
                     "line-height:1.5;color:" INK ";" FONT "\">");
    add_body(&w);
    buf_add_str(out, "</td></tr></table></td></tr></table></body></html>\n");
}
