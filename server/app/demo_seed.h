/* The demo's 500 fictional debtors, as the CSV that an accounting system would export. The same for
 * everybody on a given day: nothing is drawn by chance. Phone numbers lie in ranges that Poland has
 * not given out, addresses end in @example.com. */
#ifndef DUNLIN_APP_DEMO_SEED_H
#define DUNLIN_APP_DEMO_SEED_H

#include "base/buf.h"

enum { DEMO_SEED_COUNT = 500 };

/* `today` is days since 1970-01-01: due dates lie around it. */
void demo_seed_write(int32_t today, struct buf *csv);

#endif
