/* One running gateway as all of its processes know it: made before the first fork, read-only after.
 * `dunlin serve` and `dunlin demo` are two ways to fill serve_options; see serve.h. */
#ifndef DUNLIN_APP_GATEWAY_H
#define DUNLIN_APP_GATEWAY_H

#include "app/board.h"
#include "app/settings.h"
#include "flow/world.h"
#include "http/tls.h"

struct private_db;
struct channel;

struct gateway {
    const struct settings *settings;
    const char *conninfo;          /* as the application */
    struct private_db *private_db; /* null when the settings name a database */
    bool is_demo;
    struct instant (*now)(void);
    const struct channel *const *channels; /* ended by null */
    struct board *board;
    int http_count;                          /* processes that share the HTTPS listeners */
    unsigned long descriptors_max;           /* of one process */
    int public_fd, private_fd, operators_fd; /* -1: this machine has not that role */
    int upload_fd;                           /* -1: nor where no files are taken */
    uint8_t ticket_secret[TLS_TICKET_SECRET_LEN];
};

#endif
