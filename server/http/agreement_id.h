/* How what was agreed on a debt (a promise, a dispute) is called in the API: "12-34-1", customer,
 * debt and number, and where a list of them goes on. */
#ifndef DUNLIN_HTTP_AGREEMENT_ID_H
#define DUNLIN_HTTP_AGREEMENT_ID_H

#include "base/clock.h"
#include "base/span.h"

#include <jansson.h>
#include <stdint.h>

struct agreement_id {
    int64_t customer_id, invoice_id, no;
};

bool agreement_read_id(struct span text, struct agreement_id *);
json_t *agreement_id_json(struct agreement_id);
/* "12-34": of its debt. */
json_t *agreement_id_debt_json(struct agreement_id);

/* Lists are in the order of a day and then of ids. */
enum { AGREEMENT_DAY_MIN = -719162 /* 0001-01-01 */, AGREEMENT_LIMIT_MAX = 200 };
json_t *agreement_cursor_json(int32_t day, struct agreement_id);
/* An absent cursor is fine, and changes nothing. */
bool agreement_read_cursor(struct span text, int32_t *day, struct agreement_id *);
/* Absent: 50. */
bool agreement_read_limit(struct span text, int64_t *limit);

/* "2026-05-12"; "2026-05-12T09:40:00Z", or null where there is none. */
json_t *agreement_day_json(int32_t day);
json_t *agreement_instant_json(bool is_there, struct instant at);

#endif
