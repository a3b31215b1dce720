/* Reads the folder that bounces come to and tells their messages of them. Nothing is ever answered.
 * Harmless on any number of nodes: the same bounce twice is one piece of news. */
#ifndef DUNLIN_JOBS_BOUNCES_H
#define DUNLIN_JOBS_BOUNCES_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct world;
struct bounces;

/* Borrowed for as long as the job lives. */
struct bounces_settings {
    struct span url; /* imaps://host */
    struct span user, password, ca_file;
    struct span folder, done_folder; /* the second may be empty: what was read stays, as seen */
    struct span domain;              /* of the addresses that bounces come back to */
    uint32_t every_ms;
    int timeout_ms;
};

/* Starts looking at once. */
struct bounces *bounces_new(struct world *, const struct bounces_settings *);
/* Begins nothing new; a mail in hand is finished. */
void bounces_stop(struct bounces *);
bool bounces_is_idle(const struct bounces *);
void bounces_free(struct bounces *);

enum { BOUNCES_URL_MAX = 1024 };
/* "imaps://host/My%20Folder" with `more` behind it. */
void bounces_print_url(const struct bounces_settings *, const char *more,
                       char out[BOUNCES_URL_MAX]);

#endif
