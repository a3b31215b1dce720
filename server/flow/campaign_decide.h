/* Somebody says what is to become of a campaign: it goes, or it stops. One transaction; the
 * campaign keeps who said so. */
#ifndef DUNLIN_FLOW_CAMPAIGN_DECIDE_H
#define DUNLIN_FLOW_CAMPAIGN_DECIDE_H

#include "domain/campaign.h"
#include "flow/world.h"
#include "store/campaign_store.h"

struct campaign_order {
    bool is_stop;     /* else it is to go */
    int64_t id;       /* 0: by name */
    struct span name; /* copied */
    struct span by;   /* copied; at most 120 bytes */
};

struct campaign_decision {
    bool is_known;
    int64_t id;
    char name[CAMPAIGN_NAME_MAX + 1];
    enum campaign_verdict
        verdict;             /* of a stop: MAY_GO when it was stopped, IS_OVER when it was before */
    int64_t cancelled_count; /* of a stop */
};

/* err is never null; with err->code nothing was done, or nobody knows. */
typedef void (*campaign_decide_cb)(void *owner, const struct campaign_decision *,
                                   const struct err *err);

/* Returns an error and never calls back, or calls back once, later. */
MUST_CHECK int campaign_decide_begin(struct world *, const struct campaign_order *,
                                     campaign_decide_cb, void *owner, struct err *);

/* The sentence for people; null for CAMPAIGN_MAY_GO. */
const char *campaign_verdict_text(enum campaign_verdict);
/* A stable word: "campaign-second-person", …; null for CAMPAIGN_MAY_GO. */
const char *campaign_verdict_word(enum campaign_verdict);

/* Whether all that is said of a new campaign can be; fills the time. ERR_INPUT in words for who
 * said it. `send_at` as campaign_time_read takes it. */
MUST_CHECK int campaign_new_check(struct campaign_new *, struct span send_at, struct err *);

#endif
