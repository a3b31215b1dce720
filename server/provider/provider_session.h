/* What one process remembers of one account between calls: its token, and how it has fared. Made by
 * app beside the account, wiped and freed with it. Lost with the process, and no harm: it is asked
 * for again. */
#ifndef DUNLIN_PROVIDER_PROVIDER_SESSION_H
#define DUNLIN_PROVIDER_PROVIDER_SESSION_H

#include "provider/provider.h"
#include "provider/provider_health.h"

struct provider_session {
    char token[PROVIDER_TOKEN_MAX + 1]; /* "": none */
    struct mono token_until;
    struct provider_health health;
};

#endif
