#include "app/board.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { SILENCE_MS_MAX = 5000 };

struct board *board_new(int slot_count)
{
    struct board *b =
        mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b == MAP_FAILED)
        abort();
    b->slot_count = slot_count;
    b->metrics = metrics_shared_new();
    return b;
}

static int64_t now_ms(void)
{
    return clock_mono().ns / 1000000;
}

void board_beat(struct board *b, int slot)
{
    __atomic_store_n(&b->slots[slot].beat_ms, now_ms(), __ATOMIC_RELAXED);
    __atomic_store_n(&b->slots[slot].is_ready, true, __ATOMIC_RELEASE);
    metrics_add(&b->metrics[slot], METRIC_log_lines_dropped, (int64_t)log_dropped_take());
}

bool board_is_ready(const struct board *b)
{
    for (int i = 0; i != b->slot_count; ++i)
        if (!__atomic_load_n(&b->slots[i].is_ready, __ATOMIC_ACQUIRE))
            return false;
    return true;
}

bool board_is_alive(const struct board *b)
{
    if (!board_is_ready(b))
        return false;
    for (int i = 0; i != b->slot_count; ++i)
        if (now_ms() - __atomic_load_n(&b->slots[i].beat_ms, __ATOMIC_RELAXED) > SILENCE_MS_MAX)
            return false;
    return true;
}
