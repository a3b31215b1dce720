#include "flow/scenario_presets.h"

#include "scenarios.h"

#include <assert.h>

size_t scenario_preset_count(void)
{
    return scenarios_count;
}

struct scenario_preset scenario_preset_at(size_t index)
{
    assert(index < scenarios_count);
    const struct embedded_file *file = &scenarios_files[index];
    return (struct scenario_preset){.name = span_of(file->name, strcspn(file->name, ".")),
                                    .text = span_of(file->bytes, file->len)};
}

bool scenario_preset_find(struct span name, struct scenario_preset *out)
{
    for (size_t i = 0; i < scenarios_count; ++i) {
        *out = scenario_preset_at(i);
        if (span_is(out->name, name))
            return true;
    }
    return false;
}
