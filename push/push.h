/* Pushes to phones over APNs and FCM HTTP v1: given a service, a target, a payload, headers and a
 * deadline, exactly one outcome a push. Knows nothing of invoices, databases or HTTP servers.
 *
 *     struct push_service *apns = push_service_new(&settings, &err);
 *     push_send(apns, &message, &handler, owner, &push, &err);  // on_done runs once, later
 *     push_service_free(apns);
 *
 * One struct push_service is one credential at one service (APNs: team, key, environment; FCM:
 * service account): its queue, its connections, its token. All of it belongs to the thread of its
 * h2o loop, and nothing in it blocks that loop. A slow or dead service slows its own queue and
 * nothing else: queue, memory, connections and retries are bounded by `struct push_tuning`.
 *
 * What an acceptance means: the service took the push. Neither service promises that it is shown.
 */
#ifndef DUNLIN_PUSH_PUSH_H
#define DUNLIN_PUSH_PUSH_H

#include "base/err.h"
#include "base/span.h"

#include <h2o.h>
#include <stdbool.h>
#include <stdint.h>

struct fetch;        /* io/fetch.h */
struct push_service; /* opaque */
struct push;         /* one push under way; opaque */

/* ---- a service ---- */

enum push_kind { PUSH_APNS = 1, PUSH_FCM = 2 };

/* APNs: a token key (key_pem, key_id, team_id) or a client certificate (cert_pem, cert_key_pem). */
struct push_apns {
    bool is_sandbox;          /* api.sandbox.push.apple.com instead of api.push.apple.com */
    struct span key_pem;      /* the .p8 file: PKCS#8 PEM of a P-256 key */
    struct span key_id;       /* 10 characters */
    struct span team_id;      /* 10 characters */
    struct span cert_pem;     /* certificate authentication: leaf first, then its chain */
    struct span cert_key_pem; /* its key */
};

struct push_fcm {
    struct span account_json; /* the service account's key file */
    struct span project_id;   /* empty: the account's own */
    struct span token_uri;    /* empty: the account's own */
    struct fetch *fetch; /* for the token exchange; borrowed. Null: one is made, with its thread */
};

/* Times, bounds and rates. Fill with push_tuning_default() first. All times in milliseconds. */
struct push_tuning {
    uint32_t connections_min;     /* held open once there was a push (2) */
    uint32_t connections_max;     /* (8) */
    uint32_t streams_max;         /* a connection, below the server's own limit (1000) */
    uint32_t queue_max;           /* pushes waiting or on the wire (20,000) */
    uint32_t queue_bytes_max;     /* and their octets (64 MiB) */
    uint32_t connect_timeout;     /* name, TCP, TLS and SETTINGS together (10,000) */
    uint32_t answer_timeout;      /* one attempt, then RST_STREAM CANCEL (20,000) */
    uint32_t ping_busy;           /* PING after this long without a frame, streams open (60,000) */
    uint32_t ping_idle;           /* and with none open (20 min) */
    uint32_t ping_timeout;        /* no answer to it: the connection is dead (10,000) */
    uint32_t connect_backoff;     /* between connects at least; doubles with jitter (1,000) */
    uint32_t connect_backoff_max; /* (60,000) */
    uint32_t connection_good;     /* a connection that lived this long resets it (60,000) */
    uint32_t idle_close;          /* idle connections above the minimum are closed (10 min) */
    uint32_t retry_min;           /* first delay after 5xx (APNs 1,000; FCM 10,000); doubles */
    uint32_t retry_max;           /* (60,000) */
    uint32_t quota_wait;          /* FCM 429 without Retry-After (60,000) */
    uint32_t token_age;           /* APNs token minted anew at this age (47 min) */
    uint32_t token_age_min;       /* never sooner after the last, whatever is refused (20 min) */
    uint32_t token_early;         /* FCM access token refreshed so long before its end (7 min) */
    uint32_t breaker_failures;    /* of 10 s, and half of the answers: the pool rests (20) */
    uint32_t probe_wait;          /* a stopped pool tries one push after this long (60,000) */
    uint32_t rate_max;            /* pushes a second; 0: no limit (APNs 0, FCM 9,000) */
    uint32_t rate_ramp;           /* slow start: from a fiftieth to all of it (60,000) */
};
void push_tuning_default(struct push_tuning *, enum push_kind);

/* What somebody must act on. `text` says what is wrong in a sentence without secrets. The same
 * alarm is raised again only after a minute. */
enum push_alarm {
    PUSH_ALARM_CREDENTIAL = 1, /* key, team, certificate, role or account refused: pool stopped */
    PUSH_ALARM_CLOCK,          /* this machine's clock is off; the text says by how much */
    PUSH_ALARM_REQUEST,        /* our request was built wrongly: a bug or a wrong setting */
    PUSH_ALARM_TOPIC,          /* this topic or application may not be pushed to */
    PUSH_ALARM_CONNECTION,     /* cannot connect: name, TCP, TLS, certificate, no h2 */
    PUSH_ALARM_SERVICE,        /* the service keeps failing: the breaker is open */
};

struct push_settings {
    enum push_kind kind;
    h2o_loop_t *loop;
    struct push_apns apns;
    struct push_fcm fcm;
    const char *host; /* null: the service's own. A DNS name: TLS verifies it, :authority is it */
    uint16_t port;    /* 0: 443 */
    const char *connect; /* null: `host`. "address:port" to connect to in its place, for tests */
    const char *ca_file; /* null: the system's store. PEM */
    struct push_tuning tuning;

    void *owner; /* of the functions below, each of which may be null */
    void (*on_alarm)(void *owner, enum push_alarm, const char *text);
    /* Room again: see push_service_room. May call that, and push_send. */
    void (*on_room)(void *owner);
    /* For people: one line a call, of what goes over the wire. Tokens and keys are left out, device
     * tokens cut short. Slow; for `dunlin push` and tests. */
    void (*on_trace)(void *owner, const char *line);
    /* UNIX time in microseconds; null: the machine's wall clock. Business time has no place here.
     */
    int64_t (*now_us)(void *owner);
};

/* What push_service_new would say of these texts, to be told beside the place they come from:
 * ERR_SETTINGS and a sentence without anything of the text, unless it is a P-256 key in PKCS#8; a
 * service account with all its fields; a certificate and the key that belongs to it. */
MUST_CHECK int push_check_key(struct span pem, struct err *);
MUST_CHECK int push_check_account(struct span json, struct err *);
MUST_CHECK int push_check_certificate(struct span pem, struct span key_pem, struct err *);

/* Copies everything and connects to nothing yet. Null, with ERR_SETTINGS and a plain sentence: the
 * key is not a P-256 key in PKCS#8, a field of the account is missing, certificate and key do not
 * belong together, the CA file cannot be read. */
struct push_service *push_service_new(const struct push_settings *, struct err *);
/* Ends every push in this call (never sent, or unknown), closes the connections. Not from a
 * callback of the service's own. */
void push_service_free(struct push_service *);
/* Opens the first connections (and fetches the access token) before there is a push. */
void push_service_warm(struct push_service *);
/* Takes no more pushes; what waits ends as PUSH_NEVER_SENT "stopping", later, what is on the wire
 * ends as it does. */
void push_service_stop(struct push_service *);

/* How many pushes could be written to the wire at once if they were sent now: free stream slots of
 * the open connections, less what waits already, within rate and back-off. 0 while the pool rests
 * (`is_resting`; then 1 at a time while it tries whether the service is well again), while it
 * stops, and until push_service_warm or a first push has opened connections. Who must not let time
 * pass between a check of his own and the wire hands over no more than this.
 *
 * And he need not ask again in vain. When it has given little (fewer than PUSH_ROOM_LITTLE), or
 * pushes were sent since until so little was left of it, on_room is called as soon as there is more
 * than what is left: an answer came, a connection opened, the rate allows more, a rest is over.
 * Once for each time it was asked, from the loop, at most once a turn of it; never for one who was
 * given plenty, or has not asked. */
enum { PUSH_ROOM_LITTLE = 64 };
uint32_t push_service_room(struct push_service *);

struct push_stats {
    uint32_t queued, on_wire, connections, connecting, slots; /* slots: streams allowed in all */
    bool is_resting;      /* breaker open, Retry-After, or stopped for a credential */
    char resting_for[64]; /* why; "" */
    uint64_t accepted, refused, never_sent, unknown; /* outcomes */
    uint64_t attempts, resent, cancelled, connects, goaways, pings, tokens;
    uint32_t held;         /* of `queued`: wait out a delay */
    uint64_t queue_octets; /* memory of the pushes, queued and on the wire */
    uint64_t lost;         /* attempts of unknown fate: as many copies may have been made */
    uint64_t answers;      /* attempts that were answered, whatever the answer said */
    uint64_t answer_us;    /* and how long they took together, HEADERS to answer */
};
void push_service_stats(const struct push_service *, struct push_stats *);

/* ---- a push ---- */

enum push_target { PUSH_TOKEN = 0, PUSH_FID = 1, PUSH_TOPIC = 2, PUSH_CONDITION = 3 };

struct push_message {
    enum push_target target_kind; /* APNs: PUSH_TOKEN */
    struct span target;           /* APNs: lower-case hex, 2 to 200 digits, even */
    /* APNs: the JSON body, at most 4,096 octets (voip 5,120). FCM: the `message` object without its
     * target, at most 4,096 octets: the library puts in the target, and from expires_at_s
     * `android.ttl` (anew at each attempt) and `apns.headers.apns-expiration`. */
    struct span payload;
    /* APNs, required: apns-id, a canonical UUID in lower case; the same at every attempt. FCM has
     * none; the library keeps it for traces alone, it may be empty. */
    struct span id;
    struct span topic;       /* apns-topic; required with a token key */
    struct span push_type;   /* apns-push-type, "alert" …; empty: not sent */
    struct span collapse_id; /* apns-collapse-id, at most 64 octets; empty: not sent */
    int priority;            /* apns-priority 10, 5 or 1; 0: not sent */
    int64_t expires_at_s;    /* UNIX seconds; not sent after it. 0: no such header, no such end */
    bool is_expiration_now;  /* APNs: apns-expiration 0, one attempt, not stored by the service */
    bool is_dry_run;         /* FCM: validate_only */

    uint32_t deadline_ms; /* from push_send to the outcome, retries included; required */
    uint32_t
        start_within_ms;   /* first HEADERS on their way in this time, or never sent. 0: deadline */
    uint32_t attempts_max; /* answered or lost attempts; 0: as many as the deadline allows.
                              Resends that cannot double a push do not count */
};

/* Why a push is about to be handed to the session. */
enum push_try {
    PUSH_TRY_FIRST = 1,
    PUSH_TRY_SAFE,    /* the attempt before was not processed, for certain: GOAWAY above the last
                         stream, REFUSED_STREAM, lost before its HEADERS */
    PUSH_TRY_REFUSED, /* the attempt before was answered, and the answer asks for a retry */
    PUSH_TRY_UNKNOWN, /* the fate of an attempt before is unknown: this one may be a second copy */
};

enum push_outcome {
    PUSH_ACCEPTED = 1, /* `service_id` says as what */
    PUSH_REFUSED,      /* by the service: status, reason, advice */
    PUSH_NEVER_SENT,   /* no attempt of it can have been processed; `reason` says why */
    PUSH_UNKNOWN,      /* an attempt may have been accepted; `reason` says what cut it */
};

/* What the service's table (apns.c, fcm.c) asks the caller to do. */
enum push_advice {
    PUSH_ADVICE_NONE = 0,
    PUSH_ADVICE_DROP_TARGET,       /* the app is gone: forget the token if registered before
                                      `dead_since_ms` (0: no date given, forget it) */
    PUSH_ADVICE_DISABLE_TARGET,    /* no target of this app, project or environment: never again */
    PUSH_ADVICE_OTHER_ENVIRONMENT, /* BadDeviceToken: as above, after one try in the other
                                      environment where both are in use */
    PUSH_ADVICE_SHORTEN,           /* the payload is too large */
    PUSH_ADVICE_STOP_TOPIC,        /* this topic or platform cannot be pushed to; keep the tokens */
    PUSH_ADVICE_FIX,               /* this push can never work as it is: request, project or its
                                      rights are wrong; an alarm was raised */
    PUSH_ADVICE_LATER,             /* transient, or the credential or its token is refused (the pool
                                      stops, with an alarm, until it is mended): again after
                                      `retry_after_ms`, inside its life */
    PUSH_ADVICE_HOLD_TARGET,       /* this device alone has had too many: as LATER, for it */
};

struct push_result { /* borrowed: good until on_done returns */
    enum push_outcome outcome;
    enum push_advice advice;
    int status;              /* HTTP status of the last answer; 0: none */
    struct span reason;      /* the service's word, verbatim and bounded; else ours */
    struct span service_id;  /* apns-id, or FCM's message name */
    struct span unique_id;   /* apns-unique-id, in the sandbox */
    int64_t dead_since_ms;   /* UNIX milliseconds of a 410; 0: none */
    uint32_t retry_after_ms; /* with PUSH_ADVICE_LATER and HOLD_TARGET */
    uint32_t attempts;       /* handed to a session in all */
    uint32_t unknown_before; /* attempts of unknown fate: as many copies may exist besides */
    int64_t took_us;         /* last attempt, HEADERS to answer; 0 without an answer */
};

struct push_handler {
    /* Asked right before HEADERS go into the session, at the first attempt and at each later one:
     * the last moment to say no. Quick and without I/O. No ends the push as PUSH_NEVER_SENT, or as
     * PUSH_UNKNOWN where an attempt before is unknown. Null: yes, but no to PUSH_TRY_UNKNOWN. */
    bool (*may_send)(void *owner, struct push *, enum push_try);
    /* Once a push, from the loop, never before push_send has returned; the push is gone after it.
     * May call push_send. */
    void (*on_done)(void *owner, struct push *, const struct push_result *);
};

/* Copies the message; `handler` is borrowed until on_done. Returns 0 and sets *push (may be null),
 * or never calls back: ERR_INPUT (a target that is none, a payload over 4,096 octets or no JSON, an
 * id that is no UUID, a header out of its limits: `err` says which), ERR_BUSY (queue full),
 * ERR_CLOSED (stopping). */
MUST_CHECK int push_send(struct push_service *, const struct push_message *,
                         const struct push_handler *, void *owner, struct push **push,
                         struct err *);
/* Takes it back as far as that goes: waiting, it ends as PUSH_NEVER_SENT "withdrawn" (or unknown);
 * on the wire, it is not tried again. on_done still runs, once, later. */
void push_withdraw(struct push *);

/* "accepted", "refused", "never_sent", "unknown"; "none", "drop_target", …; "credential", … */
const char *push_outcome_name(enum push_outcome);
const char *push_advice_name(enum push_advice);
const char *push_alarm_name(enum push_alarm);

#endif
