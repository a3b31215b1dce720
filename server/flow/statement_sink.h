/* Who is told what stands in a bank's statement, whatever the form of its file: the beginning of a
 * statement, each entry in the file's order, its end. At the end all that must agree has been
 * checked; before it nothing may be believed for good. */
#ifndef DUNLIN_FLOW_STATEMENT_SINK_H
#define DUNLIN_FLOW_STATEMENT_SINK_H

#include "base/err.h"
#include "domain/bank_statement.h"

/* Each returns 0, or a negative ERR_* with its words in `err`, which ends the reading with it. What
 * they are handed is the reader's and lasts as long as the call. */
struct statement_sink {
    void *owner;
    /* Account, currency and opening balance are known; what the file tells later is empty. */
    int (*on_statement_begun)(void *owner, const struct bank_statement *, struct err *);
    int (*on_entry_read)(void *owner, const struct bank_statement *, const struct bank_entry *,
                         struct err *);
    int (*on_statement_ended)(void *owner, const struct bank_statement *, struct err *);
};

enum {
    STATEMENT_ENTRIES_MAX = 1000000
}; /* of one statement; the largest that are known have 100,000 */

#endif
