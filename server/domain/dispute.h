/* What a customer says against a debt: already paid, not mine, wrong amount, cannot pay now. Who
 * may say it, by when it is answered, and the life of a dispute. */
#ifndef DUNLIN_DOMAIN_DISPUTE_H
#define DUNLIN_DOMAIN_DISPUTE_H

#include "base/buf.h"
#include "domain/calendar.h"

enum dispute_reason {
    DISPUTE_ALREADY_PAID = 1,
    DISPUTE_NOT_MINE,
    DISPUTE_WRONG_AMOUNT,
    DISPUTE_CANNOT_PAY,
    DISPUTE_OTHER,
};
/* "already_paid", "not_mine", …: in the form, in dispute.reason and in the words. */
const char *dispute_reason_name(enum dispute_reason);
/* False for any other word. */
bool dispute_reason_find(struct span name, enum dispute_reason *);

enum { DISPUTE_TEXT_MAX = 2000 }; /* letters */

struct dispute_policy {
    bool is_on;
    int32_t answer_days;
    bool counts_working_days;
    int32_t per_debt_max; /* whatever became of them */
};

/* The last day to answer on. In working days, or in calendar days as the law on complaints has it.
 */
struct date dispute_answer_by(const struct dispute_policy *, struct date today);

/* In the order in which they are looked for. */
enum dispute_verdict {
    DISPUTE_GOOD = 0,
    DISPUTE_OFF,
    DISPUTE_SETTLED, /* nothing is left to pay */
    DISPUTE_GIVEN,   /* one is open, or was accepted and the debt is not corrected yet */
    DISPUTE_TOO_MANY,
    DISPUTE_NO_REASON, /* none of ours was chosen */
    DISPUTE_NO_TEXT,   /* nothing was written where only words can say what is meant */
    DISPUTE_LONG_TEXT,
};
/* "good", "off", "settled", …: as in the words dispute_refused_<name>. */
const char *dispute_verdict_name(enum dispute_verdict);

/* What the rule looks at besides what was written. */
struct dispute_case {
    int64_t due_minor;
    bool is_given;
    int32_t given_for_debt;
};

/* Whether there may be one at all. */
enum dispute_verdict dispute_judge(const struct dispute_policy *, const struct dispute_case *);
/* What was written: `reason` is 0 when it was no word of ours, `text` comes from dispute_clean. */
enum dispute_verdict dispute_judge_words(enum dispute_reason, struct span text);

/* Appends what was written without blanks around it, line ends as \n, and without letters that are
 * not seen: control characters, and those that turn the direction of what stands behind them. The
 * text is UTF-8. */
void dispute_clean(struct span text, struct buf *out);

/* ---- its life ---- */

enum dispute_state {
    DISPUTE_STATE_OPEN = 1,  /* waits for the creditor's answer; reminders rest */
    DISPUTE_STATE_ACCEPTED,  /* the customer is right: reminders rest until the debt is corrected */
    DISPUTE_STATE_REJECTED,  /* reminders go on */
    DISPUTE_STATE_WITHDRAWN, /* by the customer; reminders go on */
    DISPUTE_STATE_ENDED,     /* accepted, and the debt was corrected or settled */
    DISPUTE_STATE_COUNT,
};
/* "open", "accepted", …: as in dispute.state. */
const char *dispute_state_name(enum dispute_state);

enum dispute_event {
    DISPUTE_WAS_ACCEPTED = 1,
    DISPUTE_WAS_REJECTED,
    DISPUTE_WAS_WITHDRAWN,
    DISPUTE_DEBT_CHANGED, /* corrected by the creditor, or nothing is left of it */
    DISPUTE_EVENT_COUNT,
};

/* The same state where the event changes nothing. */
enum dispute_state dispute_next(enum dispute_state, enum dispute_event);
/* Whether its hold is in force. */
bool dispute_holds(enum dispute_state);

#endif
