#include "base/metrics.h"

#include <stdlib.h>
#include <sys/mman.h>

static const struct {
    const char *name, *help;
} table[METRIC_COUNT] = {
#define METRIC_ROW(name, help) [METRIC_##name] = {#name, help},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

struct metrics *metrics_shared_new(void)
{
    void *slots = mmap(NULL, METRICS_SLOTS * sizeof(struct metrics), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED)
        abort();
    return slots;
}

void metrics_add(struct metrics *slot, enum metric_id id, int64_t by)
{
    __atomic_fetch_add(&slot->values[id], (uint64_t)by, __ATOMIC_RELAXED);
}

static bool is_gauge(enum metric_id id)
{
    static const char suffix[] = "_now";
    size_t len = strlen(table[id].name), tail = sizeof(suffix) - 1;
    return len > tail && strcmp(table[id].name + len - tail, suffix) == 0;
}

void metrics_clear_gauges(struct metrics *slot)
{
    for (int id = 0; id < METRIC_COUNT; ++id)
        if (is_gauge((enum metric_id)id))
            __atomic_store_n(&slot->values[id], 0, __ATOMIC_RELAXED);
}

static int64_t sum_of(const struct metrics *slots, int id)
{
    uint64_t sum = 0;
    for (int i = 0; i < METRICS_SLOTS; ++i)
        sum += __atomic_load_n(&slots[i].values[id], __ATOMIC_RELAXED);
    return (int64_t)sum;
}

void metrics_print(const struct metrics *slots, struct buf *out)
{
    for (int id = 0; id < METRIC_COUNT; ++id) {
        const char *name = table[id].name;
        bool is_now = is_gauge((enum metric_id)id);
        const char *total = is_now ? "" : "_total";
        buf_printf(out, "# HELP dunlin_%s%s %s\n", name, total, table[id].help);
        buf_printf(out, "# TYPE dunlin_%s%s %s\n", name, total, is_now ? "gauge" : "counter");
        buf_printf(out, "dunlin_%s%s %lld\n", name, total, (long long)sum_of(slots, id));
    }
}
