/* What the page behind a link shows, decided from what the database says: which of its kinds, which
 * note on top, how the wait goes on. No I/O. */
#ifndef DUNLIN_FLOW_PAGE_MODEL_H
#define DUNLIN_FLOW_PAGE_MODEL_H

#include "domain/paylink.h"
#include "store/page_store.h"

/* Each kind has a template of its own. */
enum page_kind {
    PAGE_NOWHERE = 1, /* no such link; the same answer as for a forged code */
    PAGE_REVOKED,     /* nothing personal */
    PAGE_PAY,         /* something is left to pay: how much, until when, and how */
    PAGE_WAITING,     /* a payment is under way: nothing to do, or confirm in the bank's app */
    PAGE_SETTLED,     /* paid, over-paid or written off */
};

/* At most one stands above what is left to pay; the first that holds. */
enum page_note {
    PAGE_NOTE_NONE = 0,
    PAGE_NOTE_CHANGED,  /* the amount is not the one of the form that was sent */
    PAGE_NOTE_AGAIN,    /* pays again while the earlier payment is still checked */
    PAGE_NOTE_NEW_CODE, /* gives a BLIK code while the one before may still be confirmed */
    PAGE_NOTE_FAILED,   /* with the reason */
    PAGE_NOTE_STARTED,  /* went to the provider and nothing was heard since */
    PAGE_NOTE_REFUNDED,
    PAGE_NOTE_CHARGED_BACK,
    PAGE_NOTE_ANSWERED, /* what the customer reported: the answer stands on its sheet */
    PAGE_NOTE_PLAN,
    PAGE_NOTE_PROMISE,
    PAGE_NOTE_DISPUTE,
    PAGE_NOTE_ADMIN,
    PAGE_NOTE_PLAN_ASKED,
    PAGE_NOTE_PLAN_BROKEN,
    PAGE_NOTE_COUNT,
};

/* What the address asks for, from fixed words: changes what is shown and nothing else. */
struct page_wishes {
    bool is_back;       /* ?back=1: comes from the provider's page */
    bool is_again;      /* ?again=1: does not want to wait for the payment under way */
    bool is_still;      /* ?wait=off: no refreshing */
    bool is_blik_wrong; /* ?e=blik: the code that was sent has not six digits */
    bool is_changed;    /* ?e=changed */
};

struct page_model {
    enum page_kind kind;
    enum page_note note;
    const struct page_row *row; /* null for PAGE_NOWHERE */
    struct page_wishes wishes;
    bool is_asking_why;  /* waiting: a BLIK code failed, and the provider is asked why */
    bool is_blik;        /* waiting: for the customer's nod in the bank's app */
    bool may_pay_again;  /* waiting: long enough to offer another try */
    int refresh_seconds; /* waiting: 0 for never */
    int64_t total_minor; /* what was asked for in all */
};

/* `row` is null when the link leads nowhere, and is kept. */
struct page_model page_model_of(const struct page_row *row, struct page_wishes wishes,
                                struct instant now);

/* Whether a plan says what is to be paid now. */
bool page_is_in_plan(const struct page_row *);
/* What is to be paid now: of a debt in a plan all parts whose day is over, else the next one; of
 * any other all that is due. */
int64_t page_pay_minor(const struct page_row *);

/* "failed", "started", …: words note_<name>_title and note_<name>_text. */
const char *page_note_name(enum page_note note);

#endif
