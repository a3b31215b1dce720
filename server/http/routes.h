/* The table of method, path, who may call, and handler. One table per listener; what is on one
 * listener is not on the other. A path segment in braces matches one non-empty segment. Fixed
 * segments win over braces. Each resource file (pages.c, callbacks.c, imports.c, …) exports its
 * handlers; the tables stand in routes.c. */
#ifndef DUNLIN_HTTP_ROUTES_H
#define DUNLIN_HTTP_ROUTES_H

#include "http/request.h"

enum route_auth {
    ROUTE_OPEN = 0, /* anyone; the handler proves what needs proving */
    ROUTE_APP,      /* Authorization: Bearer and a token of the bank's: see app_auth.h */
    ROUTE_API_KEY,  /* Authorization: Bearer …, scope named in the row */
};

struct route {
    const char *method; /* GET routes answer HEAD too */
    const char *path;
    enum route_auth auth;
    const char *scope; /* for ROUTE_API_KEY */
    handler_fn handle;
};

extern const struct route public_routes[]; /* ended by a null method */
extern const struct route app_routes[];    /* the public ones and those of apps */
extern const struct route upload_routes[];
extern const struct route private_routes[];
extern const struct route operator_routes[];

struct route_match {
    const struct route *route; /* null: see status */
    int status;                /* 200, 404 unknown path, 405 unknown method */
    struct span params[REQUEST_PARAMS_MAX];
    char allow[64]; /* for 405: what the path takes, or what any path here takes */
};

/* Whether resumable uploads (tus) are spoken at this path: those that answer OPTIONS. */
bool route_is_upload(const struct route *table, struct span path);

/* Matches the raw bytes: nothing is decoded or normalised, so "%2e", ".." and "//" are themselves
 * and lead nowhere a table does not say. */
void route_find(const struct route *table, struct span method, struct span path,
                struct route_match *);

#endif
