/* What the creditor does with scenarios: checks a text, saves it as a version, puts a version in
 * force at a time, switches a scenario off, says which of several comes first. Versions are never
 * changed: what is to be different is a new one. */
#ifndef DUNLIN_FLOW_SCENARIO_MANAGE_H
#define DUNLIN_FLOW_SCENARIO_MANAGE_H

#include "flow/scenario_yaml.h"
#include "flow/world.h"
#include "store/scenario_store.h"

enum scenario_action {
    SCENARIO_CHECK = 1, /* nothing is kept */
    SCENARIO_SAVE,      /* as a draft */
    SCENARIO_USE,       /* and put in force */
    SCENARIO_USE_FIRST, /* where there is no scenario at all: as if it had always been in force */
    SCENARIO_ACTIVATE,
    SCENARIO_OFF,
    SCENARIO_MOVE,
};

struct scenario_order {
    enum scenario_action action;
    struct span text; /* YAML: to check, save, use; or else */
    struct span name;
    bool is_preset;            /* its words are shipped with it, so templates are not asked for */
    int32_t version;           /* to activate; 0: the newest */
    struct maybe_instant from; /* to activate, use; now when it is not there */
    int64_t place;             /* to move to, from 1 */
    struct span by;            /* who asks; kept with a version */
};

enum scenario_result {
    SCENARIO_DONE = 1,
    SCENARIO_WRONG,         /* the text: see the mistakes */
    SCENARIO_NOT_KNOWN,     /* no such scenario, or version */
    SCENARIO_OVER,          /* the version is or was in force */
    SCENARIO_PAST,          /* nothing is put in force behind the present */
    SCENARIO_NOT_IN_FORCE,  /* so it cannot be switched off */
    SCENARIO_THERE_ALREADY, /* USE_FIRST: others are */
};

struct scenario_managed {
    enum scenario_result result;
    char name[48];
    int32_t version;
    bool is_changed;                  /* false: saved or in force already, as asked */
    struct maybe_instant from, until; /* ACTIVATE, USE: in force */
    const struct scenario_mistakes *mistakes;
};

/* `managed` is null on failure, and lives as long as the call. */
typedef void (*scenario_manage_cb)(void *owner, const struct scenario_managed *managed,
                                   const struct err *err);

/* Calls back exactly once, later, unless it returns an error. What is ordered is copied. */
MUST_CHECK int scenario_manage_begin(struct world *, const struct scenario_order *,
                                     scenario_manage_cb on_done, void *owner, struct err *);

#endif
