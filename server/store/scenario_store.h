/* Scenarios as they are kept: versions are added and never changed, one of each scenario's is in
 * force at a time. Each operation follows the promise of io/pg.h. What changes anything begins with
 * scenario_add_lock() in the same transaction. */
#ifndef DUNLIN_STORE_SCENARIO_STORE_H
#define DUNLIN_STORE_SCENARIO_STORE_H

#include "domain/scenario.h"
#include "store/store.h"

enum { SCENARIO_BY_MAX = 80 }; /* who made a version: bytes */

void scenario_add_lock(struct pg_tx *);

/* ---- Versions ---- */

struct scenario_saving {
    const struct scenario *scenario; /* without mistakes */
    struct span source;              /* YAML, as its author wrote it */
    struct span by;
    bool is_first; /* only when there is no scenario at all; it is then in force, for all time */
    struct instant now;
};
void scenario_add_save(struct pg_tx *, const struct scenario_saving *, pg_result_cb on_saved);
struct scenario_saved {
    bool is_there; /* false: is_first, and there are others */
    int32_t version;
    bool is_new; /* else the newest version is the same text, and its time is not over */
};
struct scenario_saved scenario_read_saved(const PGresult *);

/* Points in time that may be missing. */
struct maybe_instant {
    bool is_there;
    struct instant at;
};

enum scenario_activation {
    SCENARIO_ACTIVATED = 1,
    SCENARIO_WAS_IN_FORCE, /* is or was: a version takes over once, save it again as a new one */
    SCENARIO_IN_THE_PAST,  /* the moment asked for */
    SCENARIO_UNKNOWN,      /* no such scenario, or version of it */
};
struct scenario_activating {
    struct span name;
    int32_t version; /* 0: the newest */
    struct instant from, now;
};
void scenario_add_activate(struct pg_tx *, const struct scenario_activating *,
                           pg_result_cb on_activated);
struct scenario_activated {
    enum scenario_activation result;
    int32_t version;
    struct maybe_instant from, until;
};
struct scenario_activated scenario_read_activated(const PGresult *);

/* From `now` on nothing of it is in force, nor will be. */
void scenario_add_off(struct pg_tx *, struct span name, struct instant now, pg_result_cb on_off);
/* -1: there is no such scenario; else how many versions that changed: 0, none was in force. */
int64_t scenario_read_off(const PGresult *);

/* To a place among all, from 1. */
void scenario_add_move(struct pg_tx *, struct span name, int64_t place, pg_result_cb on_moved);
/* False: there is no such scenario. */
bool scenario_read_moved(const PGresult *);

/* ---- Looking. Spans point into the result. ---- */

struct scenario_listed {
    struct span name;
    int64_t place; /* from 1: the first that fits a debt is the debt's own */
    struct instant created_at;
    int32_t newest_version;
    int32_t version; /* in force; 0: none is */
    struct maybe_instant from, until;
    int32_t next_version; /* 0: none is to be */
    struct maybe_instant next_from;
};
MUST_CHECK int scenario_list(struct store *, struct pg_query *, struct instant now, pg_result_cb,
                             void *owner, struct err *);
void scenario_read_listed(const PGresult *, int row, struct scenario_listed *);

struct scenario_version {
    int32_t version;
    struct instant created_at;
    struct span created_by;
    struct maybe_instant from, until; /* in force */
    struct span source;               /* of scenario_show() alone */
};
/* The newest 200, newest first. */
MUST_CHECK int scenario_versions(struct store *, struct pg_query *, struct span name, pg_result_cb,
                                 void *owner, struct err *);
void scenario_read_version(const PGresult *, int row, struct scenario_version *);

/* `version` 0: the one in force, or the newest when none is. */
MUST_CHECK int scenario_show(struct store *, struct pg_query *, struct span name, int32_t version,
                             struct instant now, pg_result_cb, void *owner, struct err *);
/* False: there is no such version. */
bool scenario_read_shown(const PGresult *, struct scenario_version *);

/* Template names that admins keep; those shipped stand beside them. */
MUST_CHECK int scenario_templates(struct store *, struct pg_query *, pg_result_cb, void *owner,
                                  struct err *);
void scenario_read_template(const PGresult *, int row, struct span *name, struct span *tone);

/* ---- For planning ---- */

struct scenario_in_force {
    int64_t scenario_id;
    int32_t version;
    int64_t place; /* 1, 2, … among those of the list; the first that fits a debt is its own */
    struct instant from;
    struct maybe_instant until; /* not included */
    struct scenario *scenario;
};
struct scenario_loaded {
    struct scenario_in_force *items; /* by place, then by time */
    size_t count;
};
/* Every version in force at some time of `from` up to, not including, `before`. On any connection
 * that knows our statements. */
MUST_CHECK int scenario_load(struct pg *, struct pg_query *, struct instant from,
                             struct instant before, pg_result_cb, void *owner, struct err *);
/* To be released. The scenarios have no titles, which nothing is decided by. */
void scenario_read_loaded(const PGresult *, struct scenario_loaded *);
void scenario_loaded_release(struct scenario_loaded *);

#endif
