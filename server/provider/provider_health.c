/* After a rest the count stands one below the bound: a single failure is another rest, a single
 * success the end of it. A failure during a rest is nothing new: of a hundred calls that fail
 * together each would double it otherwise. */
#include "provider/provider_health.h"

void provider_health_note(struct provider_health *b, bool is_good, int64_t took_ms, struct mono now)
{
    if (is_good && took_ms < PROVIDER_SLOW_MS) {
        *b = (struct provider_health){0};
        return;
    }
    if (provider_health_is_resting(b, now))
        return;
    if (++b->failures_ < PROVIDER_FAILURES)
        return;
    b->failures_ = PROVIDER_FAILURES - 1;
    b->rest_seconds_ = b->rest_seconds_ == 0 ? PROVIDER_REST_SECONDS : 2 * b->rest_seconds_;
    if (b->rest_seconds_ > PROVIDER_REST_SECONDS_MAX)
        b->rest_seconds_ = PROVIDER_REST_SECONDS_MAX;
    b->rest_until_.ns = now.ns + b->rest_seconds_ * INT64_C(1000000000);
}

bool provider_health_is_resting(const struct provider_health *b, struct mono now)
{
    return now.ns < b->rest_until_.ns;
}
