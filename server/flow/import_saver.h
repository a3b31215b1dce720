/* Saves the batches of an import, one after another, each as one part: what the database knows of
 * its rows is loaded, the desk decides, the part is saved in one transaction. When somebody else
 * has changed a customer meanwhile it is all done again, a little later. */
#ifndef DUNLIN_FLOW_IMPORT_SAVER_H
#define DUNLIN_FLOW_IMPORT_SAVER_H

#include "flow/import_batch.h"
#include "flow/import_desk.h"
#include "flow/world.h"
#include "store/import_store.h"

struct import_saver;

struct import_saver_options {
    struct world *world;
    struct store *store;
    size_t rows_max;                        /* of a batch */
    const struct import_campaign *campaign; /* or null */
    /* The part that is now in the database, until the next begin; null when it failed. ERR_BUSY:
     * another process has taken this import over. */
    void (*on_saved)(void *owner, const struct import_part *part, const struct err *err);
    void *owner;
};

struct import_saver *import_saver_new(const struct import_saver_options *);
/* Nothing is called back any more; what is on its way may still be saved. Harmless when idle. */
void import_saver_cancel(struct import_saver *);
void import_saver_free(struct import_saver *);
/* One at a time. The batch and the import's id are borrowed until on_saved, which is called later
 * and once unless this fails. */
MUST_CHECK int import_saver_begin(struct import_saver *, struct import_batch *, const char *id,
                                  int64_t file_key, struct err *);

#endif
