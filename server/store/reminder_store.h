/* Reminders on their way out: choose, claim, say what became of them. The rules a claim repeats
 * stand in reminder.sql. Each operation here follows the promise of io/pg.h: an error and no call
 * back, or exactly one call back, later. */
#ifndef DUNLIN_STORE_REMINDER_STORE_H
#define DUNLIN_STORE_REMINDER_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "domain/demand.h"
#include "domain/reminder_rules.h"
#include "io/pg.h"

struct store;

enum {
    /* Of one claim, and of one flush of outcomes. */
    REMINDER_BATCH_MAX = 256,
    /* Of one claim for channels that write a row a message: what is claimed is on the wire within
     * 200 ms. */
    REMINDER_SLOW_MAX = 64,
    REMINDER_STEP_MAX = 32,
    REMINDER_CHANNEL_MAX = 12,
};

struct reminder_key {
    int64_t customer_id, invoice_id;
    char step[REMINDER_STEP_MAX]; /* "due", "weekly_2", "due+1", "thanks_1" */
};

enum { REMINDER_DEVICES_MAX = 24 }; /* above DEVICE_LIVE_MAX */

struct reminder_candidate {
    struct reminder_key key;
    struct instant due_at;
    struct instant next_at; /* of the ladder's next step; 0: none */
    /* If it goes by push: for each device to be told '@' + the number of its app, from 1. Else "".
     */
    char devices[REMINDER_DEVICES_MAX];
    /* Which way it would go: "sms"; "" when none reaches the customer, or it is to be put off: then
     * it needs no room. */
    char channel[REMINDER_CHANNEL_MAX];
};

enum { REMINDER_WINDOW = 256 };

/* Those of a window that may go. */
struct reminder_window {
    struct reminder_candidate items[REMINDER_WINDOW];
    size_t count;
};

/* To be claimed together: at most one of an invoice. */
struct reminder_batch {
    struct reminder_candidate items[REMINDER_BATCH_MAX];
    size_t count;
};

/* The customer has one in it already. */
bool reminder_batch_has_customer(const struct reminder_batch *, int64_t customer_id);
bool reminder_batch_has(const struct reminder_batch *, const struct reminder_key *);

/* The ways there are to reach people. */
struct reminder_ways {
    struct span kinds[6]; /* beside push to devices: "push" (a sandbox's), "sms", "email", … */
    size_t kind_count;
    const struct span *apps; /* "app|service|environment" */
    size_t app_count;
};

/* The manners of the installation, and the days off they name for now. */
struct reminder_manners {
    const struct reminder_rules *rules;
    int32_t days_off[REMINDER_DAYS_OFF_MAX];
    size_t days_off_count;
};
void reminder_manners_init(struct reminder_manners *, const struct reminder_rules *,
                           struct instant now);

/* Where a look through what is due, the newest first, stands: this one was the last seen. */
struct reminder_place {
    struct reminder_key key;
    struct instant try_at; /* of those given back when they are tried again; of others due_at */
};

/* Before the first look: nothing is due later. */
static inline struct reminder_place reminder_place_first(void)
{
    return (struct reminder_place){.try_at = {INT64_C(253402300799) * 1000000}};
}

/* The window behind `place`, for reminder_read_candidates. `hold_since`: payments started before it
 * no longer hold reminders back. */
MUST_CHECK int reminder_candidates(struct store *, struct pg_query *, struct instant now,
                                   struct instant hold_since, const struct reminder_place *,
                                   const struct reminder_ways *, const struct reminder_manners *,
                                   pg_result_cb, void *owner, struct err *);
/* True when there may be more behind it; *place is then the window's end. The last customer's are
 * then left for the next window, which has all of them, unless there is nobody else. */
bool reminder_read_candidates(const PGresult *, struct reminder_window *, struct reminder_place *);

/* Those claimed before `claimed_before` and never finished. */
MUST_CHECK int reminder_lost(struct store *, struct pg_query *, struct instant claimed_before,
                             pg_result_cb, void *owner, struct err *);
struct reminder_lost_claim {
    struct reminder_key key;
    struct instant claimed_at;
    struct span channel; /* lives as long as the result */
};
void reminder_read_lost(const PGresult *, int row, struct reminder_lost_claim *);

/* What a message is made of: a row of a claim. Spans live as long as the result. */
struct reminder_claimed {
    struct reminder_key key;
    bool is_claimed; /* else it came to its end in the claim: nobody left to tell */
    struct span channel, address, language, number, product, currency;
    int64_t due_minor;
    int32_t due_date;            /* days since 1970-01-01 */
    int32_t link_no;             /* 0: no active link (thank-yous only) */
    struct span account;         /* of the invoice; empty: the creditor's */
    struct span name;            /* the customer's; empty when erased */
    struct span text_name, tone; /* of its step; empty: the text has the step's name */
    struct span time_zone;       /* the customer's */
    int32_t today;               /* there, days since 1970-01-01 */
    bool is_lead;                /* the first of its message, which stands for all */
    int32_t message_no;          /* the same for all reminders of one message; 0: none yet */
    int64_t campaign_id;         /* 0: of no campaign */
    struct span campaign_fields; /* JSON: its row's further columns; empty: none */
    struct span plan;            /* JSON: the agreed plan that is in force; empty: none */
    /* The offer that is open for its debt; until: days since 1970-01-01, 0: there is none. */
    int32_t offer_until, offer_first_date;
    int64_t offer_first_minor, offer_total_minor;

    /* Of a push; a row each device, behind each other. */
    struct span installation; /* null base: no push */
    struct span app, service, environment, target_kind, token;
    struct span device_language; /* empty: the customer's */
    struct instant registered_at, expires_at;
    bool has_changed_environment;
    struct span push_id;
    int attempts;     /* this one included */
    bool is_accepted; /* some device of the reminder took it, in an earlier claim */
};

struct reminder_claim_order {
    const struct reminder_batch *batch;
    const struct instant *push_expires_at; /* beside the batch: when a push made now is of no use */
    struct instant now, hold_since;
    const struct reminder_ways *ways;
    const struct reminder_manners *manners;
    const struct span *apps_up; /* those of the apps that can be reached now */
    size_t app_up_count;
    /* Before on_claimed, when campaigns are among the batch: what they say (campaign_store.h). */
    pg_result_cb on_campaign_texts;
};

/* One transaction: locks, skips steps that a newer one overtook, ends pushes of no use any more,
 * puts off what may not go yet, claims what still may go. Reminders of one message come behind each
 * other, the one that stands for all of them first, with a row each of its devices. `on_claimed`
 * gets the rows for reminder_read_claimed; they count once `on_done` has no error. `on_clock` gets
 * what the server's clock says, for reminder_read_clock: before the locks are asked for, and again
 * before the commit. `on_put_off` may be null. */
MUST_CHECK int reminder_claim(struct store *, struct pg_tx *, const struct reminder_claim_order *,
                              pg_result_cb on_clock, pg_result_cb on_put_off,
                              pg_result_cb on_claimed, pg_done_cb on_done, void *owner,
                              struct err *);
size_t reminder_read_put_off(const PGresult *); /* how many were put off */
struct instant reminder_read_clock(const PGresult *);
void reminder_read_claimed(const PGresult *, int row, struct reminder_claimed *);

enum {
    REMINDER_REASON_MAX = 64,
    REMINDER_INSTALLATION_MAX = 65,
    REMINDER_GATEWAY_ID_MAX = 128,
    REMINDER_TEXT_MAX = 80,
};

enum reminder_device {
    REMINDER_DEVICE_KEPT = 0,
    REMINDER_DEVICE_DEAD,  /* its token is forgotten, unless another was registered since */
    REMINDER_DEVICE_MOVED, /* to its other environment */
};

/* What became of one push of a claim. */
struct reminder_push {
    char installation[REMINDER_INSTALLATION_MAX];
    const char *state; /* "accepted", "refused", "waiting", "unknown" */
    char reason[REMINDER_REASON_MAX];
    enum reminder_device device;
    struct instant registered_at; /* the token that was used */
};

/* What became of one claim. */
struct reminder_outcome {
    struct reminder_outcome *next; /* for lists of whoever holds it */
    struct reminder_key key;
    struct instant claimed_at;
    const char *state; /* "sent", "failed", "uncertain", or "scheduled": given back */
    char reason[REMINDER_REASON_MAX];
    struct instant again_at; /* those given back are tried again then */
    struct instant sent_at;  /* accepted then, by one device at least, or 0 */
    bool is_lost;            /* nobody knows what became of its pushes, if it has any */
    bool is_perhaps_sent;    /* though it is scheduled again: it will not end as if it never was */
    bool is_lead;            /* it stands for its message, which is counted once */
    int32_t parts;           /* of an SMS; 0: not said */
    char text[REMINDER_TEXT_MAX]; /* which was sent, for its event; "": none of the ladder's */
    char *kept; /* its words, for the personal part of its event: malloc'ed JSON; null: none */
    bool is_demand;               /* that text was a demand, … */
    struct demand_dates demand;   /* … which named these dates */
    int64_t price_micro;
    char gateway_id[REMINDER_GATEWAY_ID_MAX]; /* "": it has none */
    size_t push_count;
    struct reminder_push pushes[];
};

/* Malloc'ed, with states and reasons still empty; reminder_outcome_free gives it back. */
struct reminder_outcome *reminder_outcome_new(const struct reminder_key *,
                                              struct instant claimed_at, size_t push_count);
void reminder_outcome_free(struct reminder_outcome *); /* may be null */
/* `state` is kept, `reason` copied and cut to its room. */
void reminder_outcome_set(struct reminder_outcome *, const char *state, struct span reason);
void reminder_push_set(struct reminder_push *, const char *state, struct span reason);

struct reminder_crossed {
    int64_t count;  /* went out after their invoice had been paid, */
    int64_t all_ms; /* by so long together */
};
struct reminder_crossed reminder_read_crossed(const PGresult *);

/* Records what became of claimed reminders, at most one an invoice; a claim that is over already
 * stays as it is. `on_crossed` gets the row for reminder_read_crossed; it may be null. */
MUST_CHECK int reminder_finish(struct store *, struct pg_tx *,
                               struct reminder_outcome *const *outcomes, size_t count,
                               struct instant now, pg_result_cb on_crossed, pg_done_cb on_done,
                               void *owner, struct err *);

#endif
