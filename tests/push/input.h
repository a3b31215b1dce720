/* Pushes to be sent, line by line from standard input. */
#ifndef DUNLIN_PUSH_INPUT_H
#define DUNLIN_PUSH_INPUT_H

#include <stdbool.h>

void input_init(void);
/* Takes what is there without waiting; acts upon "paid" and "withdraw" at once. True when there was
 * something. A line that is no JSON ends the process. */
bool input_read(void);
/* Standard input has ended. */
bool input_is_over(void);
bool input_has_more(void);
/* Sends the next one. */
void input_send_next(void);

#endif
