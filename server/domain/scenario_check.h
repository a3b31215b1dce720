/* Whether a scenario makes sense: all mistakes, each with its place and plain words, before a
 * version is kept. A ladder with a mistake would send the wrong thing to many, or silently send
 * nothing. */
#ifndef DUNLIN_DOMAIN_SCENARIO_CHECK_H
#define DUNLIN_DOMAIN_SCENARIO_CHECK_H

#include "domain/scenario.h"

enum {
    SCENARIO_PATH_MAX = 63,
    SCENARIO_TEXT_MAX = 239, /* of a mistake */
    SCENARIO_TITLE_MAX = 120,
    SCENARIO_WORD_MAX = 80,
};

struct scenario_checking {
    /* Whether there are words for messages by this name in this tone; null: that is not asked. */
    bool (*has_template)(void *templates, struct span name, struct span tone);
    void *templates;
    /* `path` is the place as YAML has it, "steps[2].repeat.until"; `text` goes on from it: "is …".
     */
    void (*on_mistake)(void *owner, const char *path, const char *text);
    void *owner;
    /* For each step: it could not be read in full, so it is not compared with others. May be null.
     */
    const bool *is_unread;
};

/* True when there is no mistake. Those of one step come in the order of its fields, those of steps
 * beside each other behind them. */
bool scenario_check(const struct scenario *, const struct scenario_checking *);

/* The one currency that a step's amounts are in; empty when it is for several or for any. */
struct span scenario_step_currency(const struct scenario *, const struct scenario_step *);

#endif
