/* The life of one payment: what a provider says about it (facts, in any order, any number of times)
 * and what follows for its state and for the ledger.
 *
 * The rule that makes the order of arrival meaningless: whether a fact is booked depends only on
 * sums that grow and never shrink, in three storeys.
 *
 *   paid                    always booked
 *   refunded, charged back  booked once as much as it takes back has come in; until then it waits
 *   charge-back reversed,   booked once as much as it gives back was charged back, or refunded;
 *   refund reversed         until then it waits
 *
 * Each movement is booked once: it is known by its kind and the provider's id of it. The state is
 * computed from the sums of what is booked, never from the last fact, so a weaker fact (pending,
 * failed) never undoes a stronger one. A waiting fact is parked and offered again when the payment
 * has booked something. */
#ifndef DUNLIN_DOMAIN_PAYMENT_H
#define DUNLIN_DOMAIN_PAYMENT_H

#include "base/span.h"

enum {
    PAYMENT_MOVEMENTS_MAX = 64,   /* booked movements of one payment; more are parked */
    PAYMENT_MOVEMENT_ID_MAX = 80, /* bytes of a provider's id of a movement */
    PAYMENT_REASON_MAX = 32,
};
/* No single movement is larger: ten million million, far from where sums could overflow. */
#define PAYMENT_AMOUNT_MAX_MINOR INT64_C(1000000000000000)

enum payment_state {
    PAYMENT_CREATED = 0, /* on disk, the provider not yet heard from */
    PAYMENT_STARTED,     /* the provider has it, the customer is on the way */
    PAYMENT_PENDING,
    PAYMENT_FAILED,
    PAYMENT_PAID,         /* more came in than went back */
    PAYMENT_REFUNDED,     /* all that came in went back */
    PAYMENT_CHARGED_BACK, /* the same, and some of it against our will */
};

enum payment_fact_kind {
    PAYMENT_FACT_PENDING = 1,
    PAYMENT_FACT_FAILED,
    PAYMENT_FACT_PAID,
    PAYMENT_FACT_REFUNDED,
    PAYMENT_FACT_CHARGED_BACK,
    PAYMENT_FACT_CHARGEBACK_REVERSED,
    PAYMENT_FACT_REFUND_REVERSED, /* the provider could not give it back after all */
    /* Paid, and ours once we have confirmed it to the provider: never booked by itself. */
    PAYMENT_FACT_TO_CONFIRM,
};

struct payment_fact {
    enum payment_fact_kind kind;
    int64_t amount_minor; /* of this one movement, above zero; no meaning for pending and failed */
    struct span currency;
    struct span movement; /* the provider's id of it; no meaning for pending and failed */
    struct span reason;   /* why it failed */
};

/* One booked movement. */
struct payment_movement {
    enum payment_fact_kind kind;
    int64_t amount_minor; /* above zero, whatever the direction */
    char id[PAYMENT_MOVEMENT_ID_MAX];
    size_t id_len;
};

struct payment {
    int64_t amount_minor; /* what was asked for */
    char currency[4];
    enum payment_state state;
    char reason[PAYMENT_REASON_MAX]; /* why it failed; "" otherwise */
    struct payment_movement movements[PAYMENT_MOVEMENTS_MAX];
    int movement_count;
};

struct payment_sums {
    int64_t paid_minor, refunded_minor, charged_back_minor, reversed_minor, refund_reversed_minor;
};

/* What to do with a fact, in order of precedence. */
enum payment_verdict {
    PAYMENT_BOOK = 1,       /* a ledger entry, and perhaps another state */
    PAYMENT_MOVE,           /* another state, no money */
    PAYMENT_NOTHING_NEW,    /* known, or weaker than what is known */
    PAYMENT_WRONG_CURRENCY, /* park: an admin decides */
    PAYMENT_WRONG_AMOUNT,   /* park: outside of 1 … PAYMENT_AMOUNT_MAX_MINOR */
    PAYMENT_CONTRADICTION,  /* park: this movement is booked with another amount */
    PAYMENT_TOO_MANY,       /* park: PAYMENT_MOVEMENTS_MAX */
    PAYMENT_WAITS,          /* park, and offer again when the payment has booked something */
    PAYMENT_CONFIRM,        /* the same, and confirm it; perhaps another state */
};

/* Decides, and for PAYMENT_BOOK, PAYMENT_MOVE and PAYMENT_CONFIRM changes `payment` accordingly.
 * For PAYMENT_BOOK *entry_minor is what the ledger entry does to the debt: negative for what came
 * in. */
enum payment_verdict payment_take(struct payment *payment, const struct payment_fact *fact,
                                  int64_t *entry_minor);

struct payment_sums payment_sums(const struct payment *payment);
/* What came in less what went back; below zero when more went back than ever came in. */
int64_t payment_net_minor(const struct payment_sums *sums);

/* Both forms of the words in the tables: 'created', 'charged_back', … Unknown text is a bug. */
const char *payment_state_word(enum payment_state state);
enum payment_state payment_state_of(struct span word);
/* 'payment', 'refund', 'chargeback', …_reversal; null for facts without money. */
const char *payment_entry_word(enum payment_fact_kind kind);
/* The reverse; 0 for entries that are no movement of a payment. */
enum payment_fact_kind payment_entry_kind(struct span word);
/* The reason as it is kept: one of a fixed list, "refused" for whatever is not on it. Of two
 * reasons the one that stands earlier in the list is kept, in whatever order they came. */
const char *payment_reason_word(struct span reason);

#endif
