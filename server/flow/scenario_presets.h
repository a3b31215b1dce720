/* The scenarios that are shipped (those of scenarios/): to be put in force as they are, or taken as
 * the beginning of one's own. */
#ifndef DUNLIN_FLOW_SCENARIO_PRESETS_H
#define DUNLIN_FLOW_SCENARIO_PRESETS_H

#include "base/span.h"

/* Put in force where there is no scenario at all. */
#define SCENARIO_PRESET_STANDARD "standard"

struct scenario_preset {
    struct span name, text; /* YAML; text.base has a NUL behind it */
};

/* In the order of their names. */
size_t scenario_preset_count(void);
struct scenario_preset scenario_preset_at(size_t index);
/* False when none is called so. */
bool scenario_preset_find(struct span name, struct scenario_preset *out);

#endif
