/* A mail as it goes over the wire: headers, text, HTML and the transfer code as a picture. Pure:
 * words in, bytes out.
 *
 * Nothing in any field can begin another header or end a line: control characters in names and
 * subjects become blanks, an address with anything that does not belong there is refused. */
#ifndef DUNLIN_CHANNEL_EMAIL_MESSAGE_H
#define DUNLIN_CHANNEL_EMAIL_MESSAGE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

struct transfer;

struct email_message {
    struct span from, from_name; /* address, and the name shown; the name may be empty */
    struct span reply_to;        /* may be empty */
    struct span to;
    struct span subject, text; /* UTF-8; lines of the text end in LF */
    struct span html;          /* may be empty; the transfer code is shown in it */
    struct span language;      /* "pl", "en", "uk" */
    struct span id;            /* of Message-ID, what stands before the @; the same each time */
    struct span id_domain;
    struct span unsubscribe;         /* https address for List-Unsubscribe, or empty */
    const struct transfer *transfer; /* may be null */
    struct instant at;
};

enum { EMAIL_MESSAGE_MAX = 256 * 1024 };

/* One address, "anna@example.com": local part in ASCII without quotes. */
bool email_address_is_good(struct span address);

/* Appends the mail, its lines ended by CR LF. ERR_INPUT when an address is none, or the whole is
 * longer than `out` may be. */
MUST_CHECK int email_message_print(const struct email_message *, struct buf *out, struct err *);

#endif
