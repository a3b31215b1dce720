/* Pushes made up, each with a token, an id and a payload of its own. */
#ifndef DUNLIN_PUSH_GENERATED_H
#define DUNLIN_PUSH_GENERATED_H

#include <stdbool.h>

/* Of driver.payload_len octets, 64 at least. */
void generated_init(void);
bool generated_has_more(void);
void generated_send_next(void);

#endif
