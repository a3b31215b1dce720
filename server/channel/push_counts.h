/* What became of the pushes of each app, as numbers for /metrics: outcomes by reason, how long
 * answers took, alarms. Whoever gets a push's result (on_done) counts it, once:
 *
 *     push_counts_add(app->counts, result);
 *
 * Reasons are the services' own known words and the library's; everything else is "other", so that
 * nothing from outside becomes a label. */
#ifndef DUNLIN_CHANNEL_PUSH_COUNTS_H
#define DUNLIN_CHANNEL_PUSH_COUNTS_H

#include "base/buf.h"
#include "push/push.h"

enum { PUSH_COUNTS_REASONS = 64, PUSH_COUNTS_BUCKETS = 12 };

/* All zero is a good one. */
struct push_counts {
    uint64_t reasons[PUSH_UNKNOWN + 1][PUSH_COUNTS_REASONS]; /* by outcome and known word */
    uint64_t took[PUSH_COUNTS_BUCKETS];                      /* answers; the last one: slower */
    int64_t took_us;                                         /* all together */
    uint64_t alarms[PUSH_ALARM_SERVICE + 1];
    int64_t alarmed_at_s[PUSH_ALARM_SERVICE + 1]; /* UNIX time of the last; 0: never */
};

void push_counts_add(struct push_counts *, const struct push_result *);
void push_counts_alarm(struct push_counts *, enum push_alarm, int64_t now_s);

/* The known word that this reason is: itself, or "other". "" for none. */
const char *push_reason_known(struct span reason);

struct push_apps;
/* Appends the Prometheus text (format 0.0.4) of all apps: dunlin_push_…{app,service,environment}.
 */
void push_counts_print(const struct push_apps *, struct buf *out);

#endif
