/* Scenarios as people write them, in YAML, with every mistake and its place; what is kept and shown
 * again is their own text. docs/scenarios.md describes the form. */
#ifndef DUNLIN_FLOW_SCENARIO_YAML_H
#define DUNLIN_FLOW_SCENARIO_YAML_H

#include "domain/scenario_check.h"

enum {
    SCENARIO_YAML_BYTES_MAX = 65536,
    SCENARIO_MISTAKES_MAX = 100,
};

struct scenario_mistake {
    int line, column;                 /* from 1 */
    char path[SCENARIO_PATH_MAX + 1]; /* "steps[2].channels[1]"; empty: the whole text */
    char text[SCENARIO_TEXT_MAX + 1]; /* goes on from the path: "is …" */
};

/* In the order of lines. What is beyond the room is left out: nobody reads more at once. */
struct scenario_mistakes {
    struct scenario_mistake items[SCENARIO_MISTAKES_MAX];
    size_t count;
};

/* Which templates there are; see scenario_check.h. */
struct scenario_templates {
    bool (*has)(void *owner, struct span name, struct span tone);
    void *owner;
};

/* In one block that points at nothing else: free() it. Null when there is any mistake. `templates`
 * may be null: then any is taken for one that exists. */
struct scenario *scenario_yaml_read(struct span text, const struct scenario_templates *templates,
                                    struct scenario_mistakes *mistakes);

#endif
