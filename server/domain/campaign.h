/* The life of a campaign, one message to each row of a file: what may happen to it in which state,
 * and whether one person is enough to let it go.
 *
 *   checking    made; its file is awaited or being read
 *   checked     every row is in, its text written and measured: a price can be named
 *   approved    somebody has said yes; its reminders are about to be put in
 *   queued      they are in, and go out by themselves from its time on
 *   done        the call list is out
 *   stopped     what had not gone out does not go
 *   refused     the file or the text was none; the name may be used again */
#ifndef DUNLIN_DOMAIN_CAMPAIGN_H
#define DUNLIN_DOMAIN_CAMPAIGN_H

#include "base/clock.h"
#include "base/span.h"

enum campaign_state {
    CAMPAIGN_CHECKING = 0,
    CAMPAIGN_CHECKED,
    CAMPAIGN_APPROVED,
    CAMPAIGN_QUEUED,
    CAMPAIGN_DONE,
    CAMPAIGN_STOPPED,
    CAMPAIGN_REFUSED,
};

enum campaign_event {
    CAMPAIGN_WAS_CHECKED = 0, /* its last row is in */
    CAMPAIGN_WAS_REFUSED,
    CAMPAIGN_WAS_APPROVED,
    CAMPAIGN_WAS_QUEUED,
    CAMPAIGN_WAS_STOPPED,
    CAMPAIGN_WAS_ENDED, /* its call list is out */
};

/* True, and *state is the next one; false: this cannot happen in that state, which stays. */
bool campaign_move(enum campaign_state *state, enum campaign_event event);

/* 'checking', …: as the table has them. Unknown text is a bug. */
const char *campaign_state_word(enum campaign_state state);
enum campaign_state campaign_state_of(struct span word);

enum { CAMPAIGN_NAME_MAX = 40, CAMPAIGN_QUEUE_MAX = 40 };
/* Letters, digits, blanks, '-', '_' and '.', a letter or digit first: it stands in invoice numbers
 * and on the command line. All digits is no name: it would be taken for an id. */
bool campaign_name_is_valid(struct span name);

/* "2026-12-01 10:00", "2026-12-01T10:00:00", with "Z" or "+01:00" behind it or not. Without a zone
 * *has_zone is false, and *at is as if it were UTC. False: it is no time. */
bool campaign_time_read(struct span text, struct instant *at, bool *has_zone);

/* Above either, who made a campaign does not approve it. Both inclusive: exactly so much is not
 * above. */
struct campaign_limits {
    int64_t alone_price_micro, alone_count;
};

enum campaign_verdict {
    CAMPAIGN_MAY_GO = 0,
    CAMPAIGN_NOT_CHECKED,  /* not yet, or it was refused */
    CAMPAIGN_IS_APPROVED,  /* already: saying it again changes nothing */
    CAMPAIGN_IS_OVER,      /* stopped or done */
    CAMPAIGN_NEEDS_SECOND, /* somebody else than its maker must say it */
    CAMPAIGN_TOO_LATE, /* its time has passed by more than a day: nobody knows whether it still fits
                        */
};

struct campaign_approval {
    enum campaign_state state;
    int64_t price_micro, count;
    struct span created_by, by;
    struct instant send_at, now;
};

enum campaign_verdict campaign_judge(const struct campaign_approval *,
                                     const struct campaign_limits *);

#endif
