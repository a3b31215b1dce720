/* POST /{code}/rating: how the customer was treated, 1 to 5 stars and a word, after paying. Fields:
 * token (FORM_RATING), stars, word (up to 500 characters). One answer a debt; for a day it may be
 * changed. */
#ifndef DUNLIN_HTTP_RATING_H
#define DUNLIN_HTTP_RATING_H

#include "http/request.h"

void rating_take(struct request *);

#endif
