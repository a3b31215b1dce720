/* Reading what providers send, strictly: duplicate keys, deep nesting, numbers with a point, ids
 * with odd bytes and amounts outside of what a payment can be are refused, so that what is stored
 * as genuine can always be read again. */
#ifndef DUNLIN_PROVIDER_READING_H
#define DUNLIN_PROVIDER_READING_H

#include "provider/provider.h"

#include <jansson.h>

/* One JSON object without duplicate keys and at most 16 levels deep; null otherwise. The caller
 * gives it back with json_decref. */
json_t *reading_object(struct span body);
/* The same with each number as the text that it was: an amount with a point never is a float. */
json_t *reading_object_of_texts(struct span body);
/* As reading_object, for an array. */
json_t *reading_array(struct span body);

/* A word of printable ASCII without blanks, NUL behind it, the rest of `out` zero; absent and null
 * are the empty word. False for anything else, and for a word that `room` does not hold. */
bool reading_word(const json_t *object, const char *name, char *out, size_t room);
/* The same from bytes that are no JSON. */
bool reading_word_of(struct span text, char *out, size_t room);

/* An integer that an amount can be: above zero, at most PAYMENT_AMOUNT_MAX_MINOR. */
bool reading_amount(const json_t *value, int64_t *minor);
/* The same from digits alone, without a leading zero. */
bool reading_amount_digits(struct span text, int64_t *minor);
/* The same from "123.45": digits, a point, two digits. */
bool reading_amount_decimal(struct span text, int64_t *minor);
/* The same from a number in JSON, which may leave out zeroes at its end: "123.45", "123.4", "123".
 * Nothing is no amount. */
bool reading_amount_number(struct span text, int64_t *minor);
/* Three capital letters; `is_lower` says that the provider writes them small. */
bool reading_currency(struct span text, bool is_lower, char out[4]);

/* Whether the browser may be sent there: the account's start origin and a slash, no odd bytes. An
 * answer of the provider, or of whoever sits there, cannot send it anywhere else. */
bool reading_redirect(const struct provider_account *account, const json_t *answer,
                      const char *name, char out[1024]);

#endif
