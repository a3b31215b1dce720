/* Telephone numbers as they go over the wire: E.164. Reading a person's writing is csv_value.h. */
#ifndef DUNLIN_DOMAIN_PHONE_H
#define DUNLIN_DOMAIN_PHONE_H

#include "base/span.h"

enum { PHONE_LEN_MIN = 8, PHONE_LEN_MAX = 16 }; /* with the plus */

/* "+48501234567": a plus, then 7 to 15 digits of which the first is no zero. */
bool phone_is_e164(struct span text);
bool phone_is_polish(struct span e164);

#endif
