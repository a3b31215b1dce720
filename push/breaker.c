#include "push/breaker.h"

#include <string.h>

void breaker_init(struct breaker *breaker, uint32_t failures_min)
{
    *breaker = (struct breaker){.failures_min = failures_min};
}

static void forget(struct breaker *breaker)
{
    memset(breaker->second_, 0, sizeof(breaker->second_));
    memset(breaker->good_, 0, sizeof(breaker->good_));
    memset(breaker->bad_, 0, sizeof(breaker->bad_));
}

static void count(struct breaker *breaker, bool is_good, int64_t second)
{
    size_t at = (size_t)(second % BREAKER_SECONDS);
    if (breaker->second_[at] != second) {
        breaker->second_[at] = second;
        breaker->good_[at] = breaker->bad_[at] = 0;
    }
    ++(is_good ? breaker->good_ : breaker->bad_)[at];
}

static bool is_too_bad(const struct breaker *breaker, int64_t second)
{
    uint32_t good = 0, bad = 0;
    for (size_t i = 0; i < BREAKER_SECONDS; ++i)
        if (second - breaker->second_[i] < BREAKER_SECONDS) {
            good += breaker->good_[i];
            bad += breaker->bad_[i];
        }
    return bad >= breaker->failures_min && bad >= good;
}

bool breaker_note(struct breaker *breaker, bool is_good, int64_t now_ms)
{
    enum breaker_state state = breaker_state(breaker, now_ms);
    if (state == BREAKER_OPEN)
        return false; /* of a push sent before it opened */
    if (state == BREAKER_TRYING) {
        if (!is_good)
            return true;
        breaker->state_ = BREAKER_CLOSED;
        breaker->opened_ = 0;
        forget(breaker);
        return false;
    }
    int64_t second = now_ms / 1000 + 1; /* 0 marks an empty place */
    count(breaker, is_good, second);
    return !is_good && is_too_bad(breaker, second);
}

void breaker_rest(struct breaker *breaker, int64_t until_ms)
{
    breaker->state_ = BREAKER_OPEN;
    breaker->open_until_ms_ = until_ms;
    ++breaker->opened_;
    forget(breaker);
}

enum breaker_state breaker_state(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state_ == BREAKER_OPEN && now_ms >= breaker->open_until_ms_)
        breaker->state_ = BREAKER_TRYING;
    return breaker->state_;
}

int64_t breaker_open_until_ms(const struct breaker *breaker)
{
    return breaker->open_until_ms_;
}

uint32_t breaker_times(const struct breaker *breaker)
{
    return breaker->opened_;
}
