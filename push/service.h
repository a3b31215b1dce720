/* Inside of the library: a service and its pushes. push.c is the public face, pool.c moves pushes
 * to connections, fate.c says what becomes of them; all three work in these structs. */
#ifndef DUNLIN_PUSH_SERVICE_H
#define DUNLIN_PUSH_SERVICE_H

#include "io/timer.h"
#include "push/access.h"
#include "push/apns.h"
#include "push/breaker.h"
#include "push/bucket.h"
#include "push/fcm.h"
#include "push/hold.h"
#include "push/lane.h"
#include "push/slab.h"
#include "push/token.h"

/* waiting -> on the wire -> done; back by way of held (a delay) or at once. */
enum push_state { PUSH_WAITING = 0, PUSH_HELD, PUSH_ON_WIRE, PUSH_STATES };

struct push {
    struct push_service *service;
    const struct push_handler *handler;
    void *owner;
    enum push_state state;
    struct push *next, *previous; /* among those of its state */
    struct timer timer;           /* looks what time does to it next, at armed_ms or later */
    int64_t armed_ms;
    struct h2_stream stream;
    struct lane *lane; /* on the wire */
    size_t octets;     /* of its memory */

    struct apns_request apns;
    struct span body;      /* as it is sent */
    struct span body_tail; /* FCM with a ttl: what comes behind its digits; else empty */
    size_t ttl_at;         /* FCM: where the digits go */
    struct span target;
    int64_t expires_at_s; /* 0: never */

    int64_t deadline_ms, start_by_ms; /* on the monotonic clock */
    int64_t held_until_ms;
    int64_t sent_us, took_us; /* the last attempt; took_us 0: without an answer */
    uint32_t attempts_max, attempts, attempts_counted, unknown, safe_resends, token_retries;
    uint32_t token_generation;
    enum push_try try;
    bool is_withdrawn, is_stopped;

    /* The last answer. */
    int status;
    enum push_advice advice;
    char reason[64];
    uint32_t retry_after_ms;

    char memory[];
};

struct push_list {
    struct push *head, *tail;
    uint32_t count;
};

enum { LANES_MAX = 64, HELD_APNS_ID = 0, HELD_UNIQUE_ID, HELD_RETRY_AFTER, HELD_DATE };

struct push_service {
    struct push_settings settings;
    struct push_tuning tuning;
    char *host, *connect_host, *ca_file;
    uint16_t port;
    char *key_pem, *key_id, *team_id; /* owned copies */
    SSL_CTX *tls;
    struct apns_token apns_token;
    bool has_apns_token; /* else a certificate */
    struct fcm_account account;
    struct access *access;  /* FCM */
    char *path, *token_uri; /* FCM; token_uri null: the account's */

    struct push_list pushes[PUSH_STATES];
    size_t octets;
    struct lane *lanes[LANES_MAX];
    size_t lane_count;
    uint8_t *buffer;
    struct slab slab;
    nghttp2_mem nghttp2_memory; /* out of it */
    struct timer turn;          /* the pool's work at the end of a loop turn */
    struct timer wake;          /* and when time alone allows more */
    struct timer idle;          /* when an idle connection may be closed */
    struct timer connect_later;
    bool is_used, is_stopping, is_freeing, is_in_turn;
    bool is_room_asked; /* since on_room was called */
    uint32_t room_left; /* of what was given then, less what was sent since */

    /* Connecting. */
    double connect_tokens;
    int64_t connect_filled_ms, connect_next_ms;
    uint32_t connect_failures, turn_of_address;

    /* Pace. */
    struct bucket bucket;
    struct breaker breaker;
    struct hold hold;
    int64_t rest_until_ms, slowed_ms;
    uint32_t on_wire_max; /* UINT32_MAX: no limit but the streams' */
    char resting_for[64]; /* why breaker or rest hold us; kept until the next acceptance */
    char trouble[200];    /* why there is no connection; "" when there is */

    uint32_t tokens_refused, refused_generation; /* FCM: in a row, and the last of them */

    int64_t alarmed_ms[PUSH_ALARM_SERVICE + 1];
    int64_t skew_s; /* service's clock less ours, of the last Date */
    bool has_skew;
    struct push_stats stats;
};

int64_t service_now_ms(void);
/* UNIX seconds, for tokens, expiry and dates. */
int64_t service_wall_s(const struct push_service *);
uint32_t service_random(void);

/* ---- pool.c ---- */

void pool_wake(struct push_service *); /* at the end of this turn of the loop */
void pool_release(struct push_service *);
void pool_on_turn(void *service);
uint32_t pool_room(struct push_service *);
/* Room was asked for: on_room is to be called when time alone makes some. */
void pool_wake_for_room(struct push_service *);
bool pool_is_resting(const struct push_service *, int64_t now_ms);

void list_add(struct push_list *, struct push *);
void list_add_front(struct push_list *, struct push *);
void list_remove(struct push_list *, struct push *);

/* ---- fate.c ---- */

void fate_on_end(struct push *, struct lane *, enum h2_end);
/* A timer of the push: deadline, start, end of a delay, answer too late. */
void fate_on_time(void *push);
void fate_start_timer(struct push *);
/* Moves it to `state`, at the front or the back. */
void fate_move(struct push *, enum push_state, bool to_front);
/* Ends it without an answer of the service's: as never sent, unknown or refused, by what was
 * before. */
void fate_give_up(struct push *, const char *why);
void fate_on_goaway(struct push_service *, uint32_t code, struct span debug);
void fate_alarm(struct push_service *, enum push_alarm, const char *text);
/* A line of on_trace, where there is one. */
void fate_trace(struct push_service *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
