/* GET /api/v1/reminders?state=: what somebody should look at. */
#ifndef DUNLIN_HTTP_REMINDERS_H
#define DUNLIN_HTTP_REMINDERS_H

#include "http/request.h"

void reminders_list(struct request *);

#endif
