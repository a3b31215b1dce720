/* Where an import's bytes come from: a file on disk, or the stored parts of an upload. */
#ifndef DUNLIN_FLOW_IMPORT_SOURCE_H
#define DUNLIN_FLOW_IMPORT_SOURCE_H

#include "base/err.h"
#include "base/span.h"

#include <h2o.h>

struct pg;
struct import_source;

/* `bytes` are borrowed for the call; empty at the end of the input. err is never null. */
typedef void (*import_bytes_cb)(void *owner, struct span bytes, const struct err *err);

struct import_source_methods {
    /* As many bytes from `offset` as come at once. One read at a time. Calls back once, later; or
     * returns an error and never does. */
    int (*read)(struct import_source *, int64_t offset, import_bytes_cb, void *owner, struct err *);
    /* The callback of a read under way will not run. */
    void (*free)(struct import_source *);
};

struct import_source {
    const struct import_source_methods *methods;
    int64_t size_bytes;
};

/* Null with err when it cannot be opened, is no file or is empty. Reads block: for the command
 * line. */
struct import_source *import_source_file(h2o_loop_t *, const char *path, struct err *);
struct import_source *import_source_upload(struct pg *, const char *import_id, int64_t size_bytes);

static inline void import_source_free(struct import_source *s)
{
    s->methods->free(s);
}

#endif
