/* The sheet of a debt in parts: /{code}/plan. It is chosen in three steps: how many parts, when the
 * first one is due, yes. (plan.h is the forecast of reminders.)
 *
 * Its query: parts and first ("2026-12-10") show that plan, with its terms; date is a day that was
 * typed in place of one of those offered; done=1 thanks; e says why a form was not taken: other
 * (plan), changed, terms (not accepted), count, small_part, date. All only change what is shown.
 *
 * The form POSTs to /{code}/plan: token (FORM_PLAN), version, parts, first, total (minor units),
 * terms (their version), accept=1, in (the language of the terms that were read), page, lang. */
#ifndef DUNLIN_HTTP_PLAN_SHEET_H
#define DUNLIN_HTTP_PLAN_SHEET_H

struct request;

void plan_sheet_show(struct request *); /* GET */
void plan_sheet_take(struct request *); /* POST */

#endif
