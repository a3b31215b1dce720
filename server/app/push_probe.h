/* One push through a service of its own, with what was seen on the way: for `dunlin check`, which
 * sends several at once, and for `dunlin push`. Tried once, over one connection. Over when there is
 * an answer, when a credential was refused, two seconds after the first failure to connect (so that
 * another address is tried), and in `deadline_ms` at the latest. */
#ifndef DUNLIN_APP_PUSH_PROBE_H
#define DUNLIN_APP_PUSH_PROBE_H

#include "channel/push_apps.h"
#include "io/timer.h"

struct push_probe {
    /* In, all borrowed until the probe is over. */
    struct push_app_order order; /* its functions and tuning are the probe's */
    struct push_message message;
    uint32_t deadline_ms;
    void (*on_trace)(void *owner, const char *line); /* may be null */
    void (*on_over)(void *owner);
    void *owner;

    /* Out, once it is over. */
    bool is_over;
    enum push_outcome outcome;
    enum push_advice advice;
    int status;
    char reason[200], service_id[200], unique_id[64];
    uint32_t retry_after_ms;
    int64_t took_us;
    enum push_alarm alarm; /* the weightiest that was raised; 0: none */
    char alarm_text[200];

    struct push_service *service_;
    struct push *push_;
    struct timer patience_;
};

/* Fails with a sentence when the service or the push cannot be made; then it is not under way.
 * Otherwise on_over runs once, later. Release in either case. */
MUST_CHECK int push_probe_start(struct push_probe *, struct err *);
/* Not from on_over. */
void push_probe_release(struct push_probe *);

/* A new canonical UUID: apns-id. */
void push_probe_make_id(char out[37]);

#endif
