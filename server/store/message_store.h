/* News of messages: the statements of message.sql. */
#ifndef DUNLIN_STORE_MESSAGE_STORE_H
#define DUNLIN_STORE_MESSAGE_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "store/store.h"

struct message_report {
    int64_t customer_id; /* 0: by the gateway's id */
    int32_t message_no;
    struct span channel, gateway_id;
    const char *delivery; /* "sent", "unknown", "undelivered", "delivered" */
    bool is_opened;
    struct span reason;
    const char *address; /* "kept", "soft", "dead" */
    struct instant at, now;
};

struct message_reported {
    int64_t known_count, new_count; /* reminders of the message; those that took something new */
};

/* One transaction. `on_taken` gets the row for message_read_reported, which counts once `on_done`
 * has no error. Before it, and only for a report by the gateway's id, `on_early` gets a row when
 * the message may be one whose sending is not recorded yet: should it be unknown, the report is to
 * be told again. */
MUST_CHECK int message_take(struct store *, struct pg_tx *, const struct message_report *,
                            pg_result_cb on_early, pg_result_cb on_taken, pg_done_cb on_done,
                            void *owner, struct err *);
struct message_reported message_read_reported(const PGresult *);

#endif
