/* POST /app/v1/opened {"push": "<uuid>"}: the app was opened from that push, whose id the message
 * carries. 204, any number of times; 404 when it is none of this customer's. */
#ifndef DUNLIN_HTTP_OPENED_H
#define DUNLIN_HTTP_OPENED_H

struct request;

void opened_take(struct request *);

#endif
