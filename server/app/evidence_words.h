/* The codes of the tables and events as people read them. */
#ifndef DUNLIN_APP_EVIDENCE_WORDS_H
#define DUNLIN_APP_EVIDENCE_WORDS_H

#include "base/span.h"

#include <stdbool.h>

/* "payment.paid": "wpłata zaksięgowana", "payment booked". A code without words stands for itself.
 */
struct span evidence_word(struct span code, bool is_english);

#endif
