/* What one process remembers of one account between calls: its token, how it has fared, how many
 * calls are under way, and what its callbacks are verified with. Made by app beside the account,
 * wiped and freed with it. Lost with the process, and no harm: it is asked for again. */
#ifndef DUNLIN_PROVIDER_PROVIDER_SESSION_H
#define DUNLIN_PROVIDER_PROVIDER_SESSION_H

#include "provider/provider.h"
#include "provider/provider_health.h"

struct signing_certificate;

struct provider_session {
    char token[PROVIDER_TOKEN_MAX + 1]; /* "": none */
    struct mono token_until;
    struct provider_health health;
    int starts_under_way, asks_under_way; /* provider_call.h's own */
    /* Kept by http/callback_certificates.h, in processes that take callbacks; null: none yet. */
    struct signing_certificate *certificate;
    bool is_certificate_doubted; /* a message was not signed with it: there may be a newer one */
};

#endif
