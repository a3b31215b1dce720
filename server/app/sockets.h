/* Listening sockets, opened by the supervisor before it forks. */
#ifndef DUNLIN_APP_SOCKETS_H
#define DUNLIN_APP_SOCKETS_H

#include "base/err.h"

/* Listens on "127.0.0.1:8443" or "[::1]:8443" (numbers only). Returns the descriptor, or an ERR_*.
 * When `is_shared` a second gateway may listen on the same port beside this one: that is how a new
 * version takes over without refusing anybody. */
MUST_CHECK int socket_listen(const char *address, bool is_shared, struct err *);

/* Before the last process stops accepting on `fd`: asks the kernel to hand new connections to the
 * other gateway that listens on this port, if there is one. Those already queued here stay. */
void socket_hand_over(int fd);

/* With fewer descriptors a process has too few for connections, the database and all else. */
enum { SOCKETS_DESCRIPTORS_MIN = 256 };

/* Raises the limit of open descriptors as far as this user may; returns it. */
unsigned long sockets_raise_limit(void);

#endif
