#include "flow/reminder_lost.h"

#include "channel/push.h"
#include "channel/registry.h"
#include "flow/world.h"

#include <assert.h>
#include <stdlib.h>

int reminder_settle_lost(const struct world *world, struct pg_tx *tx, const PGresult *lost,
                         pg_done_cb on_done, void *owner, struct err *err)
{
    struct reminder_outcome *outcomes[REMINDER_BATCH_MAX];
    size_t count = (size_t)PQntuples(lost);
    assert(count <= REMINDER_BATCH_MAX);
    struct instant now = world->now();
    for (size_t i = 0; i < count; ++i) {
        struct reminder_lost_claim claimed;
        reminder_read_lost(lost, (int)i, &claimed);
        bool is_push = world->push_apps != NULL && span_is_str(claimed.channel, "push");
        const struct channel *channel =
            is_push ? &push_channel : channel_find(world->channels, claimed.channel);
        outcomes[i] = reminder_outcome_new(&claimed.key, claimed.claimed_at, 0);
        outcomes[i]->again_at = now;
        outcomes[i]->is_lost = true;
        outcomes[i]->is_perhaps_sent = !is_push; /* of those push says it itself */
        if (channel != NULL && channel->is_repeat_harmless)
            reminder_outcome_set(outcomes[i], "scheduled", SPAN_LIT("process died"));
        else
            reminder_outcome_set(outcomes[i], "uncertain", SPAN_LIT("process died while sending"));
    }
    int rc = reminder_finish(world->store, tx, outcomes, count, now, NULL, on_done, owner, err);
    for (size_t i = 0; i < count; ++i)
        reminder_outcome_free(outcomes[i]);
    return rc;
}
