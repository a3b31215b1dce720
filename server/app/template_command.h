/* `dunlin template …`: the words of messages from a terminal. */
#ifndef DUNLIN_APP_TEMPLATE_COMMAND_H
#define DUNLIN_APP_TEMPLATE_COMMAND_H

int template_command(int argc, char **argv);

#endif
