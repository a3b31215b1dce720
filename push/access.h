/* FCM's access token: a signed assertion exchanged at the account's token_uri, kept until shortly
 * before its end, one exchange in flight, the old token in use until the new one is there. */
#ifndef DUNLIN_PUSH_ACCESS_H
#define DUNLIN_PUSH_ACCESS_H

#include "io/fetch.h"
#include "push/push.h"
#include "push/token.h"

struct access_settings {
    h2o_loop_t *loop;
    const struct fcm_account *account; /* borrowed */
    const char *token_uri;             /* where to; borrowed */
    const char *ca_file;               /* null: the system's; borrowed */
    struct fetch *fetch;               /* borrowed; null: one is made when it is needed */
    uint32_t early_ms;                 /* refreshed so long before its end */
    uint32_t retry_min_ms, retry_max_ms, timeout_ms;
    void *owner;
    int64_t (*wall_s)(void *owner);
    /* A token has come, or could not be had: `trouble` says why, null with a token, and `alarm` who
     * must act: CONNECTION; CREDENTIAL and CLOCK: the token server said no. */
    void (*on_change)(void *owner, const char *trouble, enum push_alarm alarm);
};

struct access;

struct access *access_new(const struct access_settings *);
void access_free(struct access *);
/* "Bearer …", or empty while there is none: then one is being fetched. */
struct span access_get(struct access *);
uint32_t access_generation(const struct access *);
/* The service refused this token (401). True when another is there or on its way. */
bool access_refused(struct access *, uint32_t generation);

#endif
