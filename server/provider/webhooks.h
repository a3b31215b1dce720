/* What the messages of a bank of one's own say: which word of theirs is which kind, and where in
 * the message the facts stand. Who calls things as the sandbox bank does needs no mapping; a word
 * that is not in it is "no change". */
#ifndef DUNLIN_PROVIDER_WEBHOOKS_H
#define DUNLIN_PROVIDER_WEBHOOKS_H

#include "provider/provider.h"

#include <jansson.h>

enum webhooks_field {
    WEBHOOKS_TYPE = 0,
    WEBHOOKS_ID,        /* the bank's id of the payment */
    WEBHOOKS_REFERENCE, /* ours */
    WEBHOOKS_MOVEMENT,  /* the bank's id of this capture, refund, dispute */
    WEBHOOKS_AMOUNT,    /* integer, minor units */
    WEBHOOKS_CURRENCY,
    WEBHOOKS_REASON,   /* why it failed, in the words of domain/payment.c */
    WEBHOOKS_LIVE,     /* true or false; may be missing everywhere */
    WEBHOOKS_MERCHANT, /* who it is meant for; may be missing everywhere */
};
enum { WEBHOOKS_FIELD_COUNT = WEBHOOKS_MERCHANT + 1, WEBHOOKS_TYPES_MAX = 16 };

struct provider_mapping {
    struct webhooks_type {
        struct span word; /* theirs */
        enum callback_kind kind;
    } types[WEBHOOKS_TYPES_MAX];
    int type_count;
    const char *paths[WEBHOOKS_FIELD_COUNT]; /* "data.amount_minor": members of objects */
};

/* The usual names. */
extern const struct provider_mapping webhooks_usual;

/* "word=kind", kind one of "pending", "paid", "refunded", …; and "field=path", field one of "type",
 * "id", "amount", …. Add to the mapping, which borrows the text; false, and it is as it was, for
 * anything else. */
bool webhooks_add_type(struct provider_mapping *, const char *text);
bool webhooks_set_path(struct provider_mapping *, const char *text);

/* One message, already proved: GENUINE, MALFORMED or FOREIGN. Fills all of the facts but their
 * dedup key, which it leaves. */
enum callback_verdict webhooks_read(const struct provider_account *, const json_t *message,
                                    struct callback_facts *);

/* The whole of a callback: who sent it, and what it says; and again from what was stored. */
enum callback_verdict webhooks_read_callback(const struct provider_account *,
                                             const struct callback_headers *, struct span body,
                                             struct instant now, struct callback_facts *);
enum callback_verdict webhooks_reread_callback(const struct provider_account *, struct span headers,
                                               struct span body, struct callback_facts *);

#endif
