/* The table of method, path, who may call, and handler. One table per listener; what is on one
 * listener is not on the other. A path segment in braces matches one non-empty segment. Fixed
 * segments win over braces. Each resource file (pages.c, callbacks.c, imports.c, …) exports its
 * handlers; the tables stand in routes.c. */
#ifndef DUNLIN_HTTP_ROUTES_H
#define DUNLIN_HTTP_ROUTES_H

#include "http/request.h"

enum route_auth {
    ROUTE_OPEN,    /* anyone; the handler proves what needs proving */
    ROUTE_API_KEY, /* Authorization: Bearer …, scope named in the row */
};

struct route {
    const char *method; /* GET routes answer HEAD too */
    const char *path;
    enum route_auth auth;
    const char *scope; /* for ROUTE_API_KEY */
    handler_fn handle;
};

extern const struct route public_routes[];   /* ended by a null method */
extern const struct route private_routes[];
extern const struct route operator_routes[];

#endif
