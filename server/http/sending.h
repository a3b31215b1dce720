/* What stops all sending, for operators and the creditor's systems. */
#ifndef DUNLIN_HTTP_SENDING_H
#define DUNLIN_HTTP_SENDING_H

struct request;

/* GET: {stopped, stopped_at?, stopped_by?, reason?, messages_today, allowed_today (null: no limit),
 * usual_max, feed_as_of (null: nobody ever said)}. */
void sending_show_state(struct request *);
/* POST {stopped: true, reason} or {stopped: false}: 204. In force with the answer, on every node.
 */
void sending_switch(struct request *);
/* POST …/allowance {messages}: today's most, in all: 204. */
void sending_allow_more(struct request *);
/* PUT {as_of}: all payments up to then are booked: 204. A time in the future is refused. */
void sending_take_feed(struct request *);

#endif
