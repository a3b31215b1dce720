/* What the elements of camt.053 mean: a statement is told when its first entry begins, as account
 * and balances stand before; an entry when it ends, as its own text stands behind its parts, and
 * the parts must be its sum. Knows no XML: it is told which element begins and ends, with its text.
 */
#ifndef DUNLIN_FLOW_CAMT_STATEMENT_H
#define DUNLIN_FLOW_CAMT_STATEMENT_H

#include "base/span.h"
#include "flow/camt_nodes.h"
#include "flow/statement_sink.h"

struct camt_statement;

struct camt_statement *camt_statement_new(const struct statement_sink *sink);
void camt_statement_free(struct camt_statement *);
/* An element begins on `line`, with its attribute Ccy or "". 0, ERR_INPUT for what is no statement,
 * or what the sink returned: then nothing more may be told but free. */
MUST_CHECK int camt_statement_begin(struct camt_statement *, enum camt_node, int64_t line,
                                    const char *currency, struct err *);
/* It ends, and this was its text, without blanks around it. The same results. */
MUST_CHECK int camt_statement_end(struct camt_statement *, enum camt_node, int64_t line,
                                  struct span text, struct err *);
/* Whether one has ended well. */
bool camt_statement_is_there(const struct camt_statement *);

#endif
