/* A payment provider: start a payment, read what it calls back, ask it, refund. One file per
 * implementation, one line in registry.c. An adapter never touches store or http: it turns a
 * request into bytes for `fetch`, and the provider's bytes into facts. Nothing here keeps state. */
#ifndef DUNLIN_PROVIDER_PROVIDER_H
#define DUNLIN_PROVIDER_PROVIDER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

/* Of a signature header of 2 kB every byte may need six in JSON. */
enum { PROVIDER_HEADERS_KEPT_MAX = 16 * 1024 };

/* One contract with one provider, from the settings. */
struct provider_account {
    const struct provider *provider;
    struct span account;      /* our name for it, "default" */
    struct span api_url;      /* where its API is, no slash at the end; sandbox: "…/bank/api" */
    struct span start_origin; /* scheme and host that the browser is sent to, for form-action */
    struct span secrets[2];   /* webhook secrets, the newest first; the second may be empty */
    struct span api_key;
    struct span ca_file; /* empty: the system's */
};

struct provider_start {
    struct span reference; /* ours, sealed; leads to the customer; also the idempotency key */
    int64_t amount_minor;
    struct span currency;
    struct span title;      /* what the payer sees: the invoice number */
    struct span return_url; /* /back/{payment} */
    struct span callback_url;
    struct span language;
    struct span blik_code; /* empty: redirect */
};

/* What a request to the provider is made of; the adapter fills it, fetch sends it. */
struct provider_request {
    const char *method;
    struct buf url, headers /* "Name: value\n" lines */, body;
};

struct provider_started {
    bool is_refused; /* the provider said no; reason says why */
    char reason[32]; /* enum-like word: "blik_code_wrong", "refused", … */
    char provider_reference[80];
    char redirect_url[1024]; /* empty for BLIK */
};

/* What a callback says, after verification. Amounts are of this one movement. */
enum callback_kind {
    CALLBACK_NONE = 0, /* nothing that concerns the ledger: acknowledge */
    CALLBACK_PENDING,
    CALLBACK_FAILED,
    CALLBACK_PAID,
    CALLBACK_REFUNDED,
    CALLBACK_CHARGED_BACK,
    CALLBACK_CHARGEBACK_REVERSED,
};

struct callback_facts {
    enum callback_kind kind;
    char dedup_key[128]; /* unique per message over all its deliveries */
    char reference[64];  /* ours, as the provider gave it back; may be empty */
    char provider_reference[80];
    char movement[80]; /* the provider's id of this capture, refund or dispute */
    char reason[32];
    int64_t amount_minor;
    char currency[4];
};

enum callback_verdict {
    CALLBACK_GENUINE = 0,
    CALLBACK_FORGED,    /* signature missing or wrong: 401 */
    CALLBACK_STALE,     /* time outside the window: 401 */
    CALLBACK_MALFORMED, /* signed but not readable: 400 */
};

/* The headers of a callback by name; null base when absent, .count > 1 when repeated. */
struct callback_headers {
    struct span (*get)(void *owner, const char *name, int *count);
    void *owner;
};

struct provider {
    const char *name; /* in /callbacks/{name} and in the tables */
    bool takes_blik_code;
    void (*make_start)(const struct provider_account *, const struct provider_start *,
                       struct provider_request *);
    /* Reads the answer to make_start. ERR_PROVIDER when it is neither a yes nor a no. */
    int (*read_started)(const struct provider_account *, int status, struct span body,
                        struct provider_started *, struct err *);
    /* Verifies on the raw bytes, then reads. `now` is the wall clock. Never logs the body. */
    enum callback_verdict (*read_callback)(const struct provider_account *,
                                           const struct callback_headers *, struct span body,
                                           struct instant now, struct callback_facts *);
    /* Reads a stored body again (it was verified when it was stored). */
    enum callback_verdict (*reread_callback)(const struct provider_account *, struct span headers,
                                             struct span body, struct callback_facts *);
    /* The headers worth storing beside the body, as JSON, of a callback found genuine: within
     * PROVIDER_HEADERS_KEPT_MAX bytes. */
    void (*keep_headers)(const struct callback_headers *, struct buf *json);
    const char *answer; /* body of the success answer */
};

/* registry.c: null-terminated. */
extern const struct provider *const provider_registry[];
const struct provider *provider_find(struct span name);

#endif
