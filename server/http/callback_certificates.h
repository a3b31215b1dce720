/* The certificates that providers sign their callbacks with: fetched from certificate_url at start,
 * checked against the root of the settings, kept in the account's session. Another one is fetched
 * only when the date of the one we have has run out, or when a callback was not signed with it (a
 * newer one may be in use): then once a minute at most, whatever comes in. One of these a process
 * that takes callbacks, on its loop. */
#ifndef DUNLIN_HTTP_CALLBACK_CERTIFICATES_H
#define DUNLIN_HTTP_CALLBACK_CERTIFICATES_H

#include <h2o.h>

struct fetch;
struct provider_account;

enum { CALLBACK_CERTIFICATES_DOUBT_MS = 60 * 1000 };

struct callback_certificates;

/* For those of the accounts that have a certificate_url; a null provider ends them. They outlive
 * it. */
struct callback_certificates *callback_certificates_new(h2o_loop_t *, struct fetch *,
                                                        const struct provider_account *accounts);
void callback_certificates_free(struct callback_certificates *); /* null is fine */
/* After a callback was refused: fetches those that it made doubtful, if it is time. */
void callback_certificates_look(struct callback_certificates *);

#endif
