/* What the processes of one gateway know of each other: a page shared by the supervisor and all its
 * children, with a slot for each child's life signs and its metrics. */
#ifndef DUNLIN_APP_BOARD_H
#define DUNLIN_APP_BOARD_H

#include "base/metrics.h"

#include <sys/types.h>

struct board_slot {
    pid_t pid;       /* 0: not running */
    bool is_ready;   /* said so itself */
    int64_t beat_ms; /* monotonic, of its last sign of life */
};

struct board {
    struct board_slot slots[METRICS_SLOTS];
    int slot_count; /* of children; the supervisor's own metrics are in the last slot */
    struct metrics *metrics;
};

enum { BOARD_SUPERVISOR_SLOT = METRICS_SLOTS - 1 };

/* Before the first fork. */
struct board *board_new(int slot_count);
/* A child's signs of life; the first makes it ready. Counts the log lines it could not write. */
void board_beat(struct board *, int slot);
/* Whether every child is ready and has given a sign within the last seconds. */
bool board_is_alive(const struct board *);
bool board_is_ready(const struct board *);

#endif
