#include "domain/volume.h"

int64_t volume_allowed(const struct reminder_rules *rules, int64_t usual_max, int64_t allowance)
{
    if (rules->usual_factor == 0)
        return VOLUME_UNLIMITED;
    int64_t allowed = rules->ramp_start;
    if (usual_max > VOLUME_UNLIMITED / rules->usual_factor)
        return VOLUME_UNLIMITED;
    if (usual_max * rules->usual_factor > allowed)
        allowed = usual_max * rules->usual_factor;
    return allowance > allowed ? allowance : allowed;
}
