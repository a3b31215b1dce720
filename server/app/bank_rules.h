/* What the sandbox bank decides, without its books and its wires: what a BLIK code does, what may
 * become of a payment next, and when a callback that nobody took is tried again. */
#ifndef DUNLIN_APP_BANK_RULES_H
#define DUNLIN_APP_BANK_RULES_H

#include "base/span.h"

/* What a BLIK code does, by the codes that real sandboxes use. */
struct bank_blik {
    bool is_code;       /* false: refused at once as a wrong code */
    bool is_paid;       /* true: the customer confirms after `delay_ms` */
    const char *reason; /* why not: "refused_by_bank", "blik_code_expired", … */
    int delay_ms;       /* how long the customer's phone takes */
    bool may_come_late; /* with the switch "answer late" the money comes after the refusal */
};

/* 777xxx and 200201 succeed; 500500, 700701 to 700704 fail, each in its way. */
struct bank_blik bank_blik_judge(struct span code);

enum bank_action {
    BANK_NOTHING = 0,
    BANK_PAY,
    BANK_PAY_LATE, /* the money comes after all, even if a failure was told */
    BANK_REFUSE,
    BANK_CLOSE, /* the customer walks away: nothing is booked */
    BANK_REFUND,
    BANK_CHARGE_BACK,
    BANK_REVERSE, /* the dispute was lost by the customer: the charge-back is taken back */
};

/* "pay", "refuse", "close", "refund", "charge_back", "reverse". */
enum bank_action bank_action_read(struct span word);

struct bank_books {
    struct span state;
    int64_t amount_minor, paid_minor, returned_minor;
};

struct bank_move {
    const char *state;    /* the payment's next state; null: this cannot be done now */
    const char *callback; /* what the merchant is told; null: nothing */
    const char *reason;
    int64_t moved_minor;                /* of this movement */
    int64_t paid_minor, returned_minor; /* the books afterwards */
};

/* `amount_minor` 0: all of it. More than there is, or less than nothing, cannot be done. */
struct bank_move bank_move_decide(const struct bank_books *, enum bank_action,
                                  int64_t amount_minor);

/* How long after its `tries`-th vain delivery a callback is tried again; 0: given up. */
int bank_retry_gap_ms(int tries);

#endif
