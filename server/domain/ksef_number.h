/* Numbers of the Polish national e-invoice system (KSeF): an invoice's, and the collective one that
 * stands for several. Both have 35 characters and end in a CRC-8 of what stands before it. */
#ifndef DUNLIN_DOMAIN_KSEF_NUMBER_H
#define DUNLIN_DOMAIN_KSEF_NUMBER_H

#include "base/span.h"

enum { KSEF_NUMBER_LEN = 35 };

enum ksef_number_kind {
    KSEF_NUMBER_NONE = 0,
    KSEF_NUMBER_INVOICE,    /* NNNNNNNNNN-YYYYMMDD-FFFFFFFFFFFF-CC */
    KSEF_NUMBER_COLLECTIVE, /* NNNNNNNNNN-IZYYYYMM-FFFFFFFFFFFF-CC */
};

/* What `text`, the whole of it, is. Small letters, blanks and lost hyphens are forgiven, as titles
 * of transfers are cut in pieces; a wrong CRC is not. `out` is the number as it is written, filled
 * when it is one. */
enum ksef_number_kind ksef_number_read(struct span text, char out[KSEF_NUMBER_LEN + 1]);
/* The first in a text of capitals and digits alone (a title without all else), from `*at` on;
 * `*at` is then behind it. */
enum ksef_number_kind ksef_number_find(struct span bare, size_t *at, char out[KSEF_NUMBER_LEN + 1]);

#endif
