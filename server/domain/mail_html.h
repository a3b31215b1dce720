/* The HTML part of an e-mail, made from its text: paragraphs, the link as one big button, the
 * creditor's name on top. 600 px wide, styled inline, readable in dark mode and with pictures off,
 * since it has none: nothing is loaded from anywhere, so nobody is watched reading it.
 *
 * Everything is escaped. Only addresses of ours become links, whatever the data says. */
#ifndef DUNLIN_DOMAIN_MAIL_HTML_H
#define DUNLIN_DOMAIN_MAIL_HTML_H

#include "base/buf.h"
#include "base/span.h"
#include "domain/text_format.h"

#include <stddef.h>

enum { MAIL_HTML_MAX = 128 * 1024 };

struct mail_letter {
    enum language language;
    struct span subject, body; /* as the text part has them, lines ended by LF */
    struct span creditor;
    /* Whole addresses, https alone. A line of `body` that is `link` and nothing else becomes the
     * button, the first time. */
    struct span link;
    const struct span *others; /* links of other debts, the creditor's website, the way out … */
    size_t other_count;
    bool is_thanks; /* the button then shows a receipt and does not ask for money */
};

void mail_html_write(struct buf *out, const struct mail_letter *);

#endif
