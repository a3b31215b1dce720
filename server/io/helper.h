/* Our own executable as a child process, for work that would hold up the loop: bytes in, bytes out.
 * What goes wrong in it (a fault in a library, too much memory, no end) is its own end alone. */
#ifndef DUNLIN_IO_HELPER_H
#define DUNLIN_IO_HELPER_H

#include "base/err.h"
#include "base/span.h"

#include <h2o.h>

enum { HELPERS_MAX = 2 }; /* at a time, of this process; more are ERR_BUSY */

struct helper_order {
    const char *const *argv; /* argv[0] is shown, our own executable is run; ended by null */
    struct span input;       /* its standard input; copied */
    size_t output_max;
    int timeout_ms;
};

struct helper;

/* `output` is what it wrote, and is borrowed. ERR_SYSTEM when it could not be run, failed (an exit
 * status other than 0), wrote more than output_max or took too long. */
typedef void (*helper_cb)(void *owner, struct span output, const struct err *err);

/* Returns an error and never calls back, or 0 and calls back exactly once, later. It inherits
 * standard error, and no other descriptor. */
MUST_CHECK int helper_start(h2o_loop_t *, const struct helper_order *, helper_cb on_done,
                            void *owner, struct helper **, struct err *);
/* Before it has called back: the process is ended, nobody is told. */
void helper_forget(struct helper *);

#endif
