/* What operators ask, on a listener of their own: /healthz (this process turns), /readyz (the
 * database answers with a schema this program knows, and all processes give signs of life),
 * /metrics (Prometheus text, the sum over all processes). */
#ifndef DUNLIN_HTTP_HEALTH_H
#define DUNLIN_HTTP_HEALTH_H

#include "http/request.h"

struct buf;
struct metrics;

/* What the handlers need from app; world->health in the process that answers operators. */
struct health {
    const struct metrics *metrics; /* all slots */
    bool (*is_alive)(void *owner);
    /* Appends what only this process can tell, as Prometheus text; may be null. */
    void (*print_more)(void *owner, struct buf *);
    void *owner;
};

void health_live(struct request *);
void health_ready(struct request *);
void health_metrics(struct request *);

#endif
