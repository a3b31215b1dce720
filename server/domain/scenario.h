/* A scenario: the ladder of reminders a creditor duns by. Which days its steps fall on, and whether
 * it makes sense. It plans nothing and sends nothing: the planner asks it for days, in sets.
 *
 * A step counts from an anchor of the debt, in days or working days; what falls on a day off goes
 * to the working day before or after it. When several steps of a debt fall on one day, the one that
 * stands last among those that fit is the one that goes; of a step that comes twice that day
 * because of days off, the later occurrence. Once a case is handed over ("handover"), nothing of
 * the scenario follows but what counts from a payment. */
#ifndef DUNLIN_DOMAIN_SCENARIO_H
#define DUNLIN_DOMAIN_SCENARIO_H

#include "base/span.h"
#include "domain/calendar.h"

#include <stddef.h>

enum {
    SCENARIO_STEPS_MAX = 64,
    SCENARIO_CHANNELS_MAX = 8,
    SCENARIO_WORDS_MAX = 16, /* of one condition */
    SCENARIO_NAME_MAX = 16,  /* of a step: "_" and an occurrence, "+" and a place come behind it */
    SCENARIO_OFFSET_MAX = 400, /* days, either way */
    SCENARIO_KEY_MAX = 48,     /* of what scenario_print_key() writes */
    SCENARIO_CATCH_UP_MAX = 60,
    SCENARIO_WAIT_MAX = 30 * 86400,
};

enum scenario_anchor {
    SCENARIO_FROM_ISSUE = 0,
    SCENARIO_FROM_DUE,
    SCENARIO_FROM_PAID,
    SCENARIO_FROM_PROMISE,
    SCENARIO_FROM_INSTALMENT,
    SCENARIO_ANCHOR_COUNT,
};
/* "issue", "due", "paid", "promise", "instalment". */
const char *scenario_anchor_name(enum scenario_anchor);

/* What becomes of a step that falls on a day off. */
enum scenario_day_off {
    SCENARIO_BEFORE = 0, /* the last working day before it */
    SCENARIO_AFTER,      /* the first one after it */
    SCENARIO_SAME,
};

/* Words that one of must fit; none: everything does. A product may end in "*". */
struct scenario_words {
    struct span items[SCENARIO_WORDS_MAX];
    size_t count;
};

/* One place of the cascade of channels. */
struct scenario_place {
    struct span channel;  /* "push", "sms", "email", "voice", "call", "handover", "preferred" */
    int32_t wait_seconds; /* the next place's turn comes so long after this one was sent … */
    struct span unless;   /* … unless it is "delivered" or "opened" by then; empty at the last */
};

struct scenario_step {
    struct span name;
    enum scenario_anchor anchor;
    int32_t offset_days; /* below zero: before the anchor */
    bool is_working_days;
    enum scenario_day_off on_day_off;
    int32_t at_second; /* of the day, in the customer's time zone */
    /* Every so many days, at most so many behind the anchor, counted as offset_days is; 0: once. */
    int32_t repeat_days, repeat_until;
    struct scenario_words segments, products, kinds, currencies;
    bool has_amount_from, has_amount_to; /* of what is left to pay */
    int64_t amount_from_minor, amount_to_minor;
    struct scenario_place places[SCENARIO_CHANNELS_MAX];
    size_t place_count;
    struct span template, tone;
};

struct scenario {
    struct span name, title;
    struct scenario_words products, kinds, currencies; /* the debts it is for */
    int32_t catch_up_days; /* a step missed by more than so many days is let go */
    struct scenario_step steps[SCENARIO_STEPS_MAX];
    size_t step_count;
};

/* A copy in one block, its texts included, that points at nothing else: free() it. */
struct scenario *scenario_new_copy(const struct scenario *);

/* Where a step goes that falls on a day off, unless its author says otherwise: before it what leads
 * up to a date, behind it the rest. */
enum scenario_day_off scenario_day_off_of(enum scenario_anchor, int32_t offset_days);
/* "before", "after", "same". */
const char *scenario_day_off_name(enum scenario_day_off);

/* How often a step comes: 1 when it does not repeat. */
int32_t scenario_occurrences(const struct scenario_step *);
/* The day of occurrence `occurrence` (from 0) for a debt with this anchor date, days off minded. */
struct date scenario_step_date(const struct scenario_step *, struct date anchor,
                               int32_t occurrence);

/* One way for a step to fall on a day. */
struct scenario_hit {
    int32_t step_no, occurrence;
    struct date anchor, day;
};
/* All anchor dates whose steps fall on `day`, for each step of the scenario: what the planner joins
 * debts with. Calls back in the order of steps, and of a step's occurrences; behind days off one
 * anchor can have two occurrences of one step that day. On a day off only those steps have hits
 * that stay there. */
typedef void (*scenario_hit_cb)(void *owner, const struct scenario_hit *);
void scenario_hits(const struct scenario *, struct date day, scenario_hit_cb, void *owner);

/* What makes one reminder of a step another than the next: all from 0. */
struct scenario_turn {
    int32_t anchor_no;  /* of the instalment or the promise */
    int32_t occurrence; /* of a step that repeats */
    int32_t place;      /* of the cascade */
};
/* What reminder.step is called: "due", "weekly_2" (occurrence 2), "due+1" (its second place),
 * "part.3_1+1" (of instalment 3); with "paid_" in front what counts from a payment, so that nothing
 * else is sent for what is paid (scenario_check.h refuses such names). */
void scenario_print_key(const struct scenario_step *, struct scenario_turn,
                        char out[SCENARIO_KEY_MAX + 1]);

#endif
