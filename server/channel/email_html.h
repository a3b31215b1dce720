/* The transfer code in the HTML of a mail, which domain/mail_html.h writes. */
#ifndef DUNLIN_CHANNEL_EMAIL_HTML_H
#define DUNLIN_CHANNEL_EMAIL_HTML_H

#include "base/buf.h"

/* Appends `html` with the picture and a line about it at the end of what it says. `id` is the
 * picture's Content-ID, `side` its width and height in pixels. */
void email_html_add_picture(struct span html, struct span language, const char *id, int side,
                            struct buf *out);

#endif
