/* A payment provider: start a payment, ask what became of it, refund, read what it calls back. One
 * file per implementation, one line in registry.c. An adapter never touches store, http or a
 * socket: it turns tasks into requests, which provider_call.h sends, and the provider's bytes into
 * facts. Nothing in an adapter keeps state. */
#ifndef DUNLIN_PROVIDER_PROVIDER_H
#define DUNLIN_PROVIDER_PROVIDER_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

enum {
    /* Of a signature header of 2 kB every byte may need six in JSON. */
    PROVIDER_HEADERS_KEPT_MAX = 16 * 1024,
    PROVIDER_TOKEN_MAX = 2048,
    PROVIDER_REFERENCE_MAX = 80, /* their ids, and the NUL */
    PROVIDER_FACTS_MAX = 16,     /* movements in one answer to a question */
    PROVIDER_ROUNDS_MAX = 4,     /* requests of one task */
};

struct provider_session; /* provider_session.h: what this process remembers of an account */
struct provider_mapping; /* provider/webhooks.h: how to read a Standard Webhooks sender */

/* One contract with one provider, from the settings. What a provider has no use for is empty. */
struct provider_account {
    const struct provider *provider;
    struct span account;      /* our name for it, "default" */
    bool is_live;             /* real money: messages of test payments are refused, and reverse */
    struct span api_url;      /* where its API is, no slash at the end; sandbox: "…/bank/api" */
    struct span start_origin; /* scheme and host that the browser is sent to, for form-action */
    struct span merchant;     /* who we are there: POS id, merchant id, merchant account */
    struct span client_id;    /* of OAuth; Przelewy24: posId */
    struct span api_key;      /* API key, or the secret of client_id */
    struct span secrets[2]; /* what callbacks are signed with, the newest first; Przelewy24: CRC */
    struct span public_keys[2];  /* Standard Webhooks v1a, "whpk_…" */
    struct span certificate_url; /* Tpay: the only x5u that is believed */
    struct span root_pem;        /* Tpay: the root its certificate must come from, PEM */
    struct span ca_file;         /* for TLS to its API; empty: the system's */
    bool is_without_blik;        /* no BLIK codes on our page, although the provider takes them */
    struct span currencies;      /* "PLN EUR"; empty: all that the provider takes */
    int64_t amount_min_minor, amount_max_minor; /* of one payment; 0: no bound of ours */
    const struct provider_mapping *mapping;     /* Standard Webhooks; null: the usual names */
    struct provider_session *session;           /* null where no provider is called */
};

/* ---- Asking the provider ---- */

enum provider_task_kind {
    PROVIDER_START = 1,    /* a payment: by redirect, or by a BLIK code */
    PROVIDER_QUERY,        /* what became of a payment: all its movements */
    PROVIDER_CONFIRM,      /* take the money that a CALLBACK_TO_CONFIRM told of */
    PROVIDER_REFUND,       /* ask for a refund */
    PROVIDER_REFUND_QUERY, /* what became of a refund */
    PROVIDER_CHECK,        /* harmless: does it know us */
};
#define PROVIDER_TASK(kind) (1u << (kind))

/* What is asked. Fields that a kind does not name are empty. */
struct provider_task {
    enum provider_task_kind kind;
    struct span reference;          /* ours, sealed; leads to the customer; the idempotency key */
    struct span provider_reference; /* theirs; all but START; empty when it was never heard */
    int64_t amount_minor;           /* to pay (START, CONFIRM: as asked for), to refund */
    struct span currency;
    struct span title; /* what the payer sees: the invoice number */
    /* START. Payers without an address of their own go by the creditor's. */
    struct span return_url;   /* /back/{payment} */
    struct span callback_url; /* also of REFUND */
    struct span language;     /* "pl" */
    struct span blik_code;    /* empty: redirect */
    struct span payer_email, payer_name;
    struct span payer_ip, user_agent; /* as the public listener saw them */
    int64_t valid_seconds;            /* how long the customer may take */
    struct span movement;             /* theirs: the payment that CONFIRM and REFUND are about */
    struct span refund_reference;     /* ours, one a refund; its idempotency key */
    struct span refund_id;            /* theirs; REFUND_QUERY, and REFUND after HALFWAY */
    struct instant now;               /* wall clock */
};

/* What a request to the provider is made of. */
struct provider_request {
    const char *method;
    struct buf url, headers /* "Name: value\n" lines */, body;
};

struct provider_answer {
    int status; /* of HTTP; redirects are not followed */
    struct span body;
};

/* What a callback says, after verification, or an answer. Amounts are of this one movement. */
enum callback_kind {
    CALLBACK_NONE = 0, /* nothing that concerns the ledger: acknowledge */
    CALLBACK_PENDING,
    CALLBACK_FAILED,
    CALLBACK_TO_CONFIRM,    /* paid, and ours once PROVIDER_CONFIRM was answered with yes */
    CALLBACK_REFUND_FAILED, /* what we asked to refund stays paid */
    CALLBACK_DISPUTED,      /* a dispute is open; no money has moved */
    CALLBACK_UNDECIDED,     /* nobody says it: its time is over, and the provider's word unclear */
    CALLBACK_PAID,          /* from here on: money */
    CALLBACK_REFUNDED,
    CALLBACK_CHARGED_BACK,
    CALLBACK_CHARGEBACK_REVERSED,
    CALLBACK_REFUND_REVERSED, /* a refund that was booked came back */
};

struct callback_facts {
    enum callback_kind kind;
    char dedup_key[128]; /* unique per message over all its deliveries */
    char reference[64];  /* ours, as the provider gave it back; may be empty */
    char provider_reference[PROVIDER_REFERENCE_MAX];
    char movement[PROVIDER_REFERENCE_MAX]; /* the provider's id of this capture, refund, dispute */
    char reason[32];
    int64_t amount_minor;
    char currency[4];
};

enum provider_verdict {
    PROVIDER_UNCLEAR = 0, /* neither yes nor no: ask again later, never as something new */
    PROVIDER_YES,
    PROVIDER_NO, /* `reason` says why; nothing has moved and nothing will */
    /* START: keep provider_reference on disk, then go on with next_round. REFUND, which cannot be
     * told from a second one by an idempotency key: keep refund_id on disk, then ask again with it;
     * it is how the provider's refund will be known, and nothing has moved yet. */
    PROVIDER_HALFWAY,
};

struct provider_result {
    enum provider_verdict verdict;
    bool was_never_sent;  /* UNCLEAR: certainly no byte of a request that moves money left */
    bool was_turned_away; /* and never sent, as too many of the account's calls are under way */
    int next_round;       /* HALFWAY */
    char reason[32];      /* enum-like word: "blik_code_wrong", "refused", … */
    char provider_reference[PROVIDER_REFERENCE_MAX];
    char redirect_url[1024];                /* START; empty for BLIK */
    char refund_id[PROVIDER_REFERENCE_MAX]; /* REFUND */
    /* CONFIRM, QUERY, REFUND_QUERY: what the provider says has happened, dedup keys and all: as if
     * it had called back. None: nothing yet. */
    struct callback_facts facts[PROVIDER_FACTS_MAX];
    int fact_count;
    /* QUERY: the money is there, and a callback alone can say so: it is not overdue, however long
     * that takes. */
    bool is_to_be_told;
    char note[160];    /* CHECK with NO, and UNCLEAR: what is wrong, in plain words, no secret */
    char carried[256]; /* from one round to the next; the adapter's own */
};

/* What the driver does after an answer. */
enum provider_step {
    PROVIDER_DONE = 1,      /* result->verdict stands */
    PROVIDER_NEXT,          /* another round */
    PROVIDER_TOKEN_REFUSED, /* the token is no longer good: get another, once */
};

/* ---- What the provider says by itself ---- */

enum callback_verdict {
    CALLBACK_GENUINE = 0,
    CALLBACK_FORGED,    /* signature missing or wrong: 401 */
    CALLBACK_STALE,     /* time outside the window: 401 */
    CALLBACK_MALFORMED, /* signed but not readable: 400 */
    CALLBACK_FOREIGN,   /* signed, but of another merchant, or test where money is real: 403 */
    CALLBACK_NOT_READY, /* what it is verified with is not here yet: 503, come again */
};

/* The headers of a callback by name; null base when absent, .count > 1 when repeated. */
struct callback_headers {
    struct span (*get)(void *owner, const char *name, int *count);
    void *owner;
};

struct provider {
    const char *name; /* in /callbacks/{name} and in the tables */
    bool takes_blik_code;
    /* The same START twice under one reference is one charge, as the provider documents it. Where
     * not, a START whose outcome is unclear is asked about and never sent again. */
    bool start_is_repeatable;
    bool needs_email;    /* of each payer; the creditor's where there is none */
    bool query_needs_id; /* it finds a payment by its own id alone, not by our reference */
    /* Whether this id of theirs is one to ask by: a message may name a payment by another one, and
     * that is as good as none. Null: all are. */
    bool (*can_ask_by)(struct span provider_reference);
    unsigned tasks; /* PROVIDER_TASK(…) of all it knows */
    /* Where it lives when the settings do not say. Null where they must. */
    const char *live_api_url, *test_api_url, *live_start_origin, *test_start_origin;
    const char *live_certificate_url, *test_certificate_url; /* of what it signs; null: none */
    /* Settings it cannot do without: names as in settings_providers.c, or "one or another", ended
     * by null. */
    const char *const *needs;

    /* OAuth: both null where there is none. read_token returns the token's life in seconds, 0 when
     * there is none in the answer. */
    void (*make_token_request)(const struct provider_account *, struct provider_request *);
    int64_t (*read_token)(const struct provider_account *, const struct provider_answer *,
                          char token[PROVIDER_TOKEN_MAX + 1]);
    /* The request of a round, from 0; `result` is what the rounds before left. With an empty url
     * nothing is sent and the outcome is UNCLEAR: the task lacks the provider's id, which was never
     * heard. */
    void (*make_request)(const struct provider_account *, const struct provider_task *, int round,
                         struct span token, const struct provider_result *result,
                         struct provider_request *);
    enum provider_step (*read_answer)(const struct provider_account *, const struct provider_task *,
                                      int round, const struct provider_answer *,
                                      struct provider_result *result);

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
    const char *answer, *answer_type; /* body of the success answer, and its content type */
    /* Members and form fields that are masked wherever a raw message is shown; ended by null. */
    const char *const *scrub;
};

/* registry.c: null-terminated. */
extern const struct provider *const provider_registry[];
const struct provider *provider_find(struct span name);

#endif
