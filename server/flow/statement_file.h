/* A bank's file in whichever form it is: camt.053 when it begins as XML does, else MT940. */
#ifndef DUNLIN_FLOW_STATEMENT_FILE_H
#define DUNLIN_FLOW_STATEMENT_FILE_H

#include "domain/bank_text.h"
#include "flow/statement_sink.h"

enum statement_form { STATEMENT_MT940 = 1, STATEMENT_CAMT_053 };

enum statement_form statement_form_of(struct span file);
/* Reads all of it and tells `sink`. The file may be mapped: nothing of it is copied but the entry
 * at hand. `charset` is that of MT940, which says nothing of it itself; AUTO guesses. 0, ERR_INPUT
 * for what is no statement ("line 7: …"), or what the sink returned. */
MUST_CHECK int statement_file_read(struct span file, enum bank_charset charset,
                                   const struct statement_sink *sink, struct err *err);

#endif
