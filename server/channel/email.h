/* Mail, over SMTP to the server that the settings name: the operator's own relay or a submission
 * service. Each mail under way has a libcurl of its own, as a mail server's answer can hold up all
 * that a libcurl does.
 *
 * A mail that was claimed begins its transaction by wire_by or is given back. A connection that has
 * to be opened first may take longer than that: then connections are opened without a mail, and the
 * next try finds them. */
#ifndef DUNLIN_CHANNEL_EMAIL_H
#define DUNLIN_CHANNEL_EMAIL_H

#include "channel/channel.h"

#include <h2o.h>

struct metrics;

/* Borrowed for as long as the mailer lives. */
struct email_settings {
    struct span url; /* smtps://host, smtp://host:587 */
    struct span user, password, ca_file;
    struct span from, from_name, reply_to;
    struct span bounce_domain; /* of envelope senders, bounce+CODE@domain, and of Message-IDs */
    int in_flight_max;
    int timeout_ms;
    struct metrics *metrics; /* may be null */
};

struct email;

struct email *email_new(h2o_loop_t *, const struct email_settings *);
/* Ends what is under way, in this call. */
void email_free(struct email *);

/* The red switch: while it holds, no mail begins its text, those that wait for the server's word on
 * their recipient included; they are given back. */
void email_hold(struct email *, bool is_held);

extern const struct channel email_channel;

enum { EMAIL_ENVELOPE_MAX = 320 };
/* "bounce+CODE@domain"; without a code "bounce@domain". */
void email_print_envelope(struct span code, struct span domain, char out[EMAIL_ENVELOPE_MAX]);
/* The request that a mail, or without `recipient` only a question, is sent with. */
struct fetch_request;
void email_fill_request(const struct email_settings *, struct fetch_request *);

#endif
