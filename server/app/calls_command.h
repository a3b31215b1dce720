/* `dunlin calls`: the call list as CSV, and what came of a call. `dunlin handover`: the file for
 * external collection as CSV, and the mark that it has arrived. */
#ifndef DUNLIN_APP_CALLS_COMMAND_H
#define DUNLIN_APP_CALLS_COMMAND_H

int calls_command(int argc, char **argv);
int handover_command(int argc, char **argv);

#endif
