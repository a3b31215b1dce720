#include "push/bucket.h"

enum { START_SHARE = 50 };

void bucket_init(struct bucket *bucket, uint32_t rate_max, uint32_t ramp_ms, int64_t now_us)
{
    *bucket = (struct bucket){.rate_max = rate_max, .ramp_ms = ramp_ms, .taken_us_ = now_us};
    bucket_restart(bucket, now_us);
}

static double rate_at(const struct bucket *bucket, int64_t now_us)
{
    double least = (double)bucket->rate_max / START_SHARE;
    double ramp_us = bucket->ramp_ms * 1000.0;
    double age_us = (double)(now_us - bucket->started_us_);
    double rate = age_us >= ramp_us ? bucket->rate_max : bucket->rate_max * age_us / ramp_us;
    return rate < least ? least : rate;
}

void bucket_restart(struct bucket *bucket, int64_t now_us)
{
    bucket->started_us_ = bucket->filled_us_ = now_us;
    bucket->tokens_ = 1;
}

static void fill(struct bucket *bucket, int64_t now_us)
{
    if (now_us - bucket->taken_us_ > (int64_t)bucket->ramp_ms * 1000 && bucket->ramp_ms > 0) {
        bucket->taken_us_ = now_us; /* idle for a whole ramp: what was learnt is stale */
        bucket_restart(bucket, now_us);
    }
    double rate = rate_at(bucket, now_us);
    double most = rate < 1 ? 1 : rate;
    bucket->tokens_ += rate * (double)(now_us - bucket->filled_us_) / 1e6;
    if (bucket->tokens_ > most)
        bucket->tokens_ = most;
    bucket->filled_us_ = now_us;
}

uint32_t bucket_room(struct bucket *bucket, int64_t now_us)
{
    if (bucket->rate_max == 0)
        return UINT32_MAX;
    fill(bucket, now_us);
    return (uint32_t)bucket->tokens_;
}

void bucket_take(struct bucket *bucket, int64_t now_us)
{
    if (bucket->rate_max == 0)
        return;
    bucket->tokens_ -= 1;
    bucket->taken_us_ = now_us;
}

uint32_t bucket_wait_ms(struct bucket *bucket, int64_t now_us)
{
    if (bucket->rate_max == 0)
        return 1;
    double missing = 1 - bucket->tokens_;
    double wait = missing <= 0 ? 0 : missing / rate_at(bucket, now_us) * 1000;
    return wait < 1 ? 1 : wait > 1000 ? 1000 : (uint32_t)wait + 1;
}
