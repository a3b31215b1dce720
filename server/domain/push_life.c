#include "domain/push_life.h"

enum { USE_SECONDS = 24 * 3600, USE_SECONDS_MIN = 15 * 60 };
enum { AGAIN_MS_MAX = 60000 };

struct instant push_expires_at(struct instant due_at, struct instant next_at, struct instant now)
{
    struct instant last = instant_plus_seconds(due_at, USE_SECONDS);
    struct instant first = instant_plus_seconds(now, USE_SECONDS_MIN);
    if (next_at.us != 0 && next_at.us < last.us)
        last = next_at;
    return last.us < first.us ? first : last;
}

uint32_t push_again_ms(enum push_again why, int attempts, uint32_t asked_ms)
{
    static const uint32_t first_ms[] = {
        [PUSH_AGAIN_NOT_SENT] = 250, [PUSH_AGAIN_LATER] = 1000, [PUSH_AGAIN_UNKNOWN] = 5000};
    uint32_t ms = first_ms[why];
    for (int i = 1; i < attempts && ms < AGAIN_MS_MAX; ++i)
        ms *= 2;
    if (ms > AGAIN_MS_MAX)
        ms = AGAIN_MS_MAX;
    return ms < asked_ms ? asked_ms : ms;
}

enum push_sum push_sum(struct push_tally tally)
{
    if (tally.waiting > 0)
        return PUSH_SUM_AGAIN;
    if (tally.accepted > 0)
        return PUSH_SUM_SENT;
    return tally.dead > 0 ? PUSH_SUM_ELSEWHERE : PUSH_SUM_FAILED;
}
