/* The call list and the hand-over file as programs and people read them: JSON, and CSV with `;` and
 * a byte order mark. Amounts in the CSV are decimals with a comma, dates ISO. */
#ifndef DUNLIN_FLOW_WORK_LIST_H
#define DUNLIN_FLOW_WORK_LIST_H

#include "base/buf.h"
#include "base/err.h"
#include "domain/calendar.h"
#include "domain/money.h"
#include "domain/promise.h"
#include "store/work_item_store.h"

#include <jansson.h>

/* A new object. */
json_t *work_list_call_json(const struct work_item *);

void work_list_calls_head(struct buf *out);
void work_list_calls_row(const struct work_item *, struct buf *out);
void work_list_handovers_head(struct buf *out);
/* `today` is for the days late. */
void work_list_handovers_row(const struct work_item *, struct date today, struct buf *out);

/* What a caller says of a call. */
struct work_call {
    struct span outcome; /* null base: only taken, or a note */
    struct span taken_by, note;
    struct span until; /* "2026-12-01", with "promised" */
};

/* What comes of it: reached, refused and wrong_number are done; no_answer stays open; promised is a
 * promise by the same rule as on the page (promise_judge_call); paid holds the debt for four days,
 * as money takes so long. ERR_INPUT with a sentence where it makes no sense. Spans are borrowed. */
MUST_CHECK int work_list_judge(const struct work_call *, const struct promise_policy *,
                               struct instant now, struct work_item_outcome *, struct err *);

#endif
