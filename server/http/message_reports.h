/* Delivery reports of SMS and voice gateways, at an address with a secret in it. Some send GET: the
 * one place where a GET changes something, and only behind that secret; HEAD changes nothing. What
 * names no message of ours is answered as the rest, so that it does not come for ever. */
#ifndef DUNLIN_HTTP_MESSAGE_REPORTS_H
#define DUNLIN_HTTP_MESSAGE_REPORTS_H

#include "http/request.h"

void message_reports_take_sms(struct request *);
void message_reports_take_voice(struct request *);

#endif
