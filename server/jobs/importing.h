/* The background work that brings in uploaded files: two at a time, the oldest first, each on the
 * pair of connections that imports have for themselves. What a dead process left unfinished goes on
 * where it stood. Woken by NOTIFY when an upload is complete, with a poll behind it. */
#ifndef DUNLIN_JOBS_IMPORTING_H
#define DUNLIN_JOBS_IMPORTING_H

#include "store/import_store.h"

struct world;
struct importing;

struct importing_options {
    struct world *world;
    struct store *store; /* not the one that others use: its transactions are long; borrowed */
    size_t part_rows;
};

struct importing *importing_new(const struct importing_options *);
/* Looks now. Any number of calls is one look. */
void importing_wake(struct importing *);
/* Gives up what is under way at its last saved part, and begins nothing new. */
void importing_stop(struct importing *);
/* Stopped, before its store goes. */
void importing_free(struct importing *);

#endif
