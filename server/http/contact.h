/* /{code}/contact: what a customer wishes of how they are reached. Several forms, each of one
 * purpose, all FORM_CONTACT:
 *   purpose=call      when ("2026-12-01.morning"): a call, on the call list
 *   purpose=channel   channel (push, sms, …, or empty): which way they like best
 *   purpose=language  language: in which to write to them; kept, unlike a choice in the head
 *   purpose=refuse    refuse_<channel>: no reminders that way; notices still come
 * No address is shown or changed here: a link can be in anybody's hands. */
#ifndef DUNLIN_HTTP_CONTACT_H
#define DUNLIN_HTTP_CONTACT_H

#include "http/request.h"

void contact_show(struct request *); /* GET */
void contact_take(struct request *); /* POST */

#endif
