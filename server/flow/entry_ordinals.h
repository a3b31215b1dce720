/* Two equal transfers on one day are two. So entries that are equal in all that they are known by
 * are numbered within their statement: the second of them is the second in every file that tells
 * both. Keeps 16 bytes for each different entry. */
#ifndef DUNLIN_FLOW_ENTRY_ORDINALS_H
#define DUNLIN_FLOW_ENTRY_ORDINALS_H

#include "domain/bank_statement.h"

struct entry_ordinals {
    struct entry_ordinals_place_ *places_;
    size_t room_, count_;
};

void entry_ordinals_init(struct entry_ordinals *);
void entry_ordinals_release(struct entry_ordinals *);
/* For the next statement: none has been seen. */
void entry_ordinals_reset(struct entry_ordinals *);
/* 1 for the first entry of this key, 2 for the second, … At most STATEMENT_ENTRIES_MAX calls
 * between two resets. */
int32_t entry_ordinals_next(struct entry_ordinals *, const uint8_t key[BANK_ENTRY_KEY_LEN]);

#endif
