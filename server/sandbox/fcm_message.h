/* Whether the body of FCM's messages:send is one: the names and types that Google documents for
 * what an app's sender uses; any other name is refused, as the service does. */
#ifndef DUNLIN_SANDBOX_FCM_MESSAGE_H
#define DUNLIN_SANDBOX_FCM_MESSAGE_H

#include "base/span.h"

#include <jansson.h>

enum { FCM_FIELD_MAX = 160 };

struct fcm_violation {
    char field[FCM_FIELD_MAX]; /* "message.android.ttl" */
    const char *description;
};

/* False and the first violation. */
bool fcm_message_check(const json_t *body, struct fcm_violation *);
/* "token" or "fid" of the message, once the check has passed: a device. Empty: a topic or
 * condition, which this sandbox has no devices for. */
struct span fcm_message_target(const json_t *body);

#endif
