/* The HTML beside a mail's text: the same words, paragraph by paragraph, so that neither says what
 * the other does not. No styles that mail programs drop, nothing fetched from anywhere. */
#ifndef DUNLIN_CHANNEL_EMAIL_HTML_H
#define DUNLIN_CHANNEL_EMAIL_HTML_H

#include "base/buf.h"

struct email_html {
    struct span text; /* UTF-8; an empty line begins a paragraph */
    struct span link; /* a line that is this becomes a button */
    struct span language;
    struct span picture_id; /* Content-ID of the transfer code; empty: none */
    int picture_side;       /* in pixels */
};

void email_html_print(const struct email_html *, struct buf *out);

#endif
