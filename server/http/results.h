/* GET /api/v1/results?from=2028-01-01&to=2028-12-31&by=segment: {from, to, by, items}, what
 * reminding brought for the debts due in the period; docs/results.md says what each number is.
 *
 * Over many debts it takes seconds: it is asked on a connection of its own, one question at a time,
 * so that no page waits behind it. */
#ifndef DUNLIN_HTTP_RESULTS_H
#define DUNLIN_HTTP_RESULTS_H

struct request;

void results_show(struct request *);

#endif
