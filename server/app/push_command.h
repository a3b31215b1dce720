/* `dunlin push`: sends one push to one device and prints the whole exchange with the service,
 * without secrets, and what its answer means. */
#ifndef DUNLIN_APP_PUSH_COMMAND_H
#define DUNLIN_APP_PUSH_COMMAND_H

/* 0 the service took it, 1 it did not or could not be asked, 2 wrong usage. */
int push_command(int argc, char **argv);

#endif
