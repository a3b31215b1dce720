/* A sender of callbacks for unit tests: three headers in memory, signed as the standard says. */
#ifndef DUNLIN_TESTS_CALLBACK_PEER_H
#define DUNLIN_TESTS_CALLBACK_PEER_H

#include "base/crypto.h"
#include "provider/provider.h"

#include <stdio.h>

/* The published example of the standard. */
#define PEER_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define PEER_ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define PEER_TIME "1614265330"
#define PEER_NOW ((struct instant){INT64_C(1614265330) * 1000000})

struct peer {
    struct span values[3];
    int counts[3];
};

static inline struct span peer_get(void *owner, const char *name, int *count)
{
    struct peer *peer = owner;
    int i = strcmp(name, "webhook-id") == 0 ? 0 : strcmp(name, "webhook-timestamp") == 0 ? 1 : 2;
    *count = peer->counts[i];
    return peer->counts[i] == 0 ? (struct span){NULL, 0} : peer->values[i];
}

static inline struct peer peer_of(const char *id, const char *time, const char *signature)
{
    struct peer peer = {{span_str(id), span_str(time), span_str(signature)}, {1, 1, 1}};
    for (int i = 0; i < 3; ++i)
        peer.counts[i] = peer.values[i].base != NULL;
    return peer;
}

static inline struct callback_headers peer_headers(struct peer *peer)
{
    return (struct callback_headers){peer_get, peer};
}

/* "v1,<base64>" with the published key, by OpenSSL's HMAC. */
static inline void peer_sign(const char *id, const char *time, struct span body, char out[64])
{
    uint8_t key[24], mac[SHA256_LEN];
    char text[1024];
    base64_parse(SPAN_LIT("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key, sizeof(key));
    int len = snprintf(text, sizeof(text), "%s.%s.%.*s", id, time, SPAN_ARG(body));
    hmac_sha256(span_of((const char *)key, sizeof(key)), span_of(text, (size_t)len), mac);
    memcpy(out, "v1,", 3);
    base64_print(span_of((const char *)mac, sizeof(mac)), out + 3);
}

#endif
