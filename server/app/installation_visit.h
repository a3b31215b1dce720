/* What must be in the demo's database before its processes start: the mark that it is a demo's,
 * debtors, an API key. Each function blocks, on a loop and connections of its own that are gone
 * when it returns. */
#ifndef DUNLIN_APP_DEMO_DATABASE_H
#define DUNLIN_APP_DEMO_DATABASE_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct keyring;

/* Says once for ever that a database belongs to a live installation. ERR_SETTINGS for a demo's. */
MUST_CHECK int installation_claim_live(const char *conninfo, struct err *);

/* Marks a new database as the demo's. ERR_SETTINGS for one that holds or may hold anything real.
 * *is_empty: it has no customers yet. */
MUST_CHECK int installation_claim_demo(const char *conninfo, bool *is_empty, struct err *);

struct demo_furniture {
    const char *key_text; /* the API key that is good from now on */
    const char *app;      /* some people get a telephone with it, so that each way is seen */
    bool has_past;        /* people have paid before, each in their manner */
};
MUST_CHECK int installation_furnish_demo(const char *conninfo, const struct demo_furniture *,
                                         struct instant now, struct err *);

enum { DEMO_LINKS_MAX = 5, DEMO_CODE_MAX = 24 };

struct demo_links {
    char codes[DEMO_LINKS_MAX][DEMO_CODE_MAX];
    int count;
};

/* Codes of debts that can be paid. */
MUST_CHECK int installation_demo_links(const char *conninfo, const struct keyring *,
                                       struct instant now, struct demo_links *, struct err *);

#endif
