#include "jobs/day_volume.h"

#include "base/log.h"
#include "base/metrics.h"
#include "channel/email.h"
#include "channel/gate.h"
#include "domain/volume.h"
#include "flow/world.h"
#include "store/sending_store.h"

enum { EVERY_MS = 1000, WOKEN_MS = 200 };

/* Once a day: somebody must look. */
static void raise_alarm(struct day_volume *v, const struct sending_volume *volume, int64_t allowed)
{
    if (v->alarm_day_ == v->day_)
        return;
    v->alarm_day_ = v->day_;
    metrics_add(v->world_->metrics, METRIC_sending_stops, 1);
    log_line(LOG_ERROR, "sending stopped for the day",
             "cause=unusual volume messages=%lld allowed=%lld usual=%lld"
             " help=\"dunlin sending allow\"",
             (long long)volume->message_count, (long long)allowed, (long long)volume->usual_max);
}

static void note_spent(const struct day_volume *v, const PGresult *result)
{
    const struct gates *gates = v->world_->gates;
    for (size_t i = 0; gates != NULL && i < gates->count; ++i) {
        struct span channel;
        int64_t spent_micro = 0, found_micro = 0;
        for (int row = 0; row < PQntuples(result); ++row)
            if (sending_read_spent(result, row, &channel, &found_micro) &&
                span_is_str(channel, gates->all[i].kind))
                spent_micro = found_micro;
        gate_set_spent(gates->all[i].gate, v->day_, spent_micro);
    }
}

static void on_volume(void *owner, const PGresult *result, const struct err *err)
{
    struct day_volume *v = owner;
    struct sending_volume volume;
    v->is_asking_ = false;
    if (err->code != 0) {
        if (!v->is_known_)
            v->on_known_(v->owner_, err);
        return;
    }
    sending_read_volume(result, &volume);
    note_spent(v, result);
    if (v->world_->email != NULL)
        email_hold(v->world_->email, volume.is_stopped);
    int64_t allowed = volume_allowed(&v->world_->reminders, volume.usual_max, volume.allowance);
    v->is_known_ = true;
    v->left_ = allowed == VOLUME_UNLIMITED ? VOLUME_UNLIMITED : allowed - volume.message_count;
    if (volume.message_count >= allowed)
        raise_alarm(v, &volume, allowed);
    v->on_known_(v->owner_, err);
}

void day_volume_init(struct day_volume *v, struct world *world, day_volume_cb *on_known,
                     void *owner)
{
    *v = (struct day_volume){
        .world_ = world, .on_known_ = on_known, .owner_ = owner, .left_ = VOLUME_UNLIMITED};
}

static bool has_bounds(const struct world *world)
{
    return world->reminders.usual_factor != 0 || (world->gates != NULL && world->gates->count > 0);
}

void day_volume_look(struct day_volume *v)
{
    struct err err;
    int64_t every_ms = v->is_woken_ ? WOKEN_MS : EVERY_MS;
    bool is_fresh = v->is_known_ && mono_us_since(v->looked_at_, clock_mono()) < every_ms * 1000;
    if (!has_bounds(v->world_) || v->is_asking_ || is_fresh)
        return;
    struct instant now = v->world_->now();
    v->looked_at_ = clock_mono();
    v->is_woken_ = false;
    v->day_ = (int32_t)(instant_seconds(now) / 86400);
    v->is_asking_ = sending_volume(v->world_->store, &v->query_, now, on_volume, v, &err) == 0;
}

void day_volume_wake(struct day_volume *v)
{
    v->is_woken_ = true;
}

bool day_volume_is_awaited(const struct day_volume *v)
{
    return has_bounds(v->world_) && !v->is_known_;
}

int64_t day_volume_left(const struct day_volume *v, int64_t under_way_count)
{
    return v->left_ == VOLUME_UNLIMITED ? VOLUME_UNLIMITED : v->left_ - under_way_count;
}

bool day_volume_is_idle(const struct day_volume *v)
{
    return !v->is_asking_;
}
