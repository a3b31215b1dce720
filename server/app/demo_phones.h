/* The telephones of the demo's debtors, and the push services that reach them: starts a sandbox of
 * Apple's and of Google's, and lays what they take down where the phone pane shows it. */
#ifndef DUNLIN_APP_DEMO_PHONES_H
#define DUNLIN_APP_DEMO_PHONES_H

#include "base/err.h"
#include "sandbox/push_sandbox.h"

struct demo_phones;
struct demo_push;
struct world;

struct demo_phones_options {
    struct world *world;
    const struct demo_push *push;
    int apns_fd, fcm_fd; /* bound and listening; taken over */
    struct span ca_file; /* of the gateway's certificate */
};

/* Lives as long as the process. Null and the error. */
struct demo_phones *demo_phones_new(const struct demo_phones_options *, struct err *);
void demo_phones_stop(struct demo_phones *);

typedef void (*demo_tap_cb)(void *owner, bool is_done);
/* Somebody taps a push of sandbox_message: the app tells the gateway. Once, later or now; false
 * when it is no reminder's push, or nobody hears. */
void demo_phones_tap(struct demo_phones *, int64_t message_id, demo_tap_cb, void *owner);

struct push_trouble *demo_phones_trouble(struct demo_phones *, enum push_sandbox_kind);
/* After a change of either service's trouble. Phones that lost the app while their service said so
 * get it again, with a new token, once neither says so any more. */
void demo_phones_changed(struct demo_phones *);

#endif
