/* /api/v1/calls and /api/v1/handovers: work for people. */
#ifndef DUNLIN_HTTP_WORK_ITEMS_H
#define DUNLIN_HTTP_WORK_ITEMS_H

#include "http/request.h"

void work_items_calls(struct request *);
void work_items_calls_csv(struct request *);
void work_items_call_settle(struct request *);
void work_items_handovers_csv(struct request *);
void work_items_handovers_export(struct request *);

#endif
