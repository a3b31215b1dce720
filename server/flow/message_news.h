/* What is heard of a message after it was handed to its channel: a gateway's report, a bounce, that
 * a person opened its link. One transaction: the reminders of the message take the news (a weaker
 * state never undoes a stronger one; the same news twice is once), each debt's chain tells of it, a
 * fault of the address is kept, and the dispatcher is woken, as the next way may be due now. */
#ifndef DUNLIN_FLOW_MESSAGE_NEWS_H
#define DUNLIN_FLOW_MESSAGE_NEWS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"
#include "io/pg.h"

struct world;

enum message_news_kind {
    MESSAGE_NEWS_SENT_ON = 1, /* the operator has it; no more may ever be heard */
    MESSAGE_NEWS_UNKNOWN,     /* no report will come: perhaps delivered, no failure */
    MESSAGE_NEWS_UNDELIVERED, /* the next way is taken */
    MESSAGE_NEWS_DELIVERED,
    MESSAGE_NEWS_OPENED, /* by a person: they have answered */
};

/* What the news say of the address. */
enum message_news_address {
    MESSAGE_NEWS_ADDRESS_KEPT = 0,
    MESSAGE_NEWS_ADDRESS_SOFT, /* full or away: counted */
    MESSAGE_NEWS_ADDRESS_DEAD, /* not to be used again */
};

struct message_news {
    /* Which message: its code, or the gateway's own id of it. */
    struct span code;                /* see domain/message_code.h; empty: by the gateway's id */
    struct span channel, gateway_id; /* "sms", as the gateway gave it */
    enum message_news_kind kind;
    enum message_news_address address;
    struct span reason; /* a few words in ASCII, nothing personal */
    struct instant at;  /* when it happened, as the other side says, or now */
};

enum message_news_result {
    MESSAGE_NEWS_TAKEN = 0,
    MESSAGE_NEWS_KNOWN,   /* nothing new in it */
    MESSAGE_NEWS_NO_SUCH, /* of no message of ours */
    MESSAGE_NEWS_EARLY,   /* perhaps of one whose sending is not recorded yet: to be told again */
};

/* Exactly once, later. With err->code nothing was taken: it must be told again. */
typedef void (*message_news_cb)(void *owner, enum message_news_result, const struct err *);

/* Copies the news. Returns an error and never calls back, or calls back later. */
MUST_CHECK int message_news_take(struct world *, const struct message_news *, message_news_cb,
                                 void *owner, struct err *);

#endif
