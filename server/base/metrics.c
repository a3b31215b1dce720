#include "base/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

static const struct {
    const char *name, *help;
} rows[METRIC_COUNT] = {
#define METRIC_ROW(name, help) {#name, help},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

struct metrics *metrics_shared_new(void)
{
    size_t len = sizeof(struct metrics) * METRICS_SLOTS;
    void *page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    return page;
}

void metrics_add(struct metrics *slot, enum metric_id id, int64_t by)
{
    /* One writer a slot; relaxed, so that a reader in another process sees whole values. */
    uint64_t value = __atomic_load_n(&slot->values[id], __ATOMIC_RELAXED);
    __atomic_store_n(&slot->values[id], value + (uint64_t)by, __ATOMIC_RELAXED);
}

static bool is_gauge(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, "_now") == 0;
}

void metrics_print(const struct metrics *slots, struct buf *out)
{
    for (int id = 0; id != METRIC_COUNT; ++id) {
        uint64_t sum = 0;
        for (int slot = 0; slot != METRICS_SLOTS; ++slot)
            sum += __atomic_load_n(&slots[slot].values[id], __ATOMIC_RELAXED);
        const char *suffix = is_gauge(rows[id].name) ? "" : "_total";
        buf_printf(out, "# HELP dunlin_%s%s %s\n", rows[id].name, suffix, rows[id].help);
        buf_printf(out, "# TYPE dunlin_%s%s %s\n", rows[id].name, suffix,
                   suffix[0] == '\0' ? "gauge" : "counter");
        buf_printf(out, "dunlin_%s%s %" PRId64 "\n", rows[id].name, suffix, (int64_t)sum);
    }
}
