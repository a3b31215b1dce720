/* The exchange with a push service as people read it: what push/ tells on the way (on_trace), with
 * the time since the beginning, pseudo headers made into one line, and the device's token cut short
 * wherever it stands. */
#ifndef DUNLIN_APP_PUSH_EXCHANGE_H
#define DUNLIN_APP_PUSH_EXCHANGE_H

#include "base/clock.h"
#include "base/span.h"

#include <jansson.h>
#include <stdio.h>

struct push_exchange {
    struct span device;     /* its token */
    FILE *out;              /* null: nothing is printed */
    json_t *lines;          /* null: nothing is kept. Objects of "ms" and "line" */
    struct mono started_at; /* first line */
    int64_t last_ms;        /* printed last */
    char method[16], authority[256];
};

void push_exchange_init(struct push_exchange *, struct span device, FILE *out, json_t *lines);
/* push_settings.on_trace, with the exchange as its owner. */
void push_exchange_line(void *exchange, const char *line);
/* "3f2a9c01… (64 characters)" */
void push_exchange_print_device(struct span device, char *out, size_t room);

#endif
