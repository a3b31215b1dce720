/* The ways by which the work process reaches people: the push apps, the mail server and the
 * gateways of the settings, put into the world with their gates. */
#ifndef DUNLIN_APP_WORK_CHANNELS_H
#define DUNLIN_APP_WORK_CHANNELS_H

#include "app/message_gateways.h"
#include "app/worker.h"
#include "channel/email.h"
#include "channel/gate.h"

struct work_channels {
    struct gates gates;
    struct email_settings email_settings;
    struct message_gateway_room sms_room, voice_room;
};

/* Starts those that the settings name. Fails when a push app cannot be made. */
MUST_CHECK int work_channels_start(struct work_channels *, const struct worker *, struct err *);
/* Nothing new goes out. */
void work_channels_stop(struct world *);
/* What is left in them ends now, and its senders hear of it. */
void work_channels_free(struct world *);
/* Then, when nobody asks the gates any more. */
void work_channels_release(struct work_channels *, struct world *);

#endif
