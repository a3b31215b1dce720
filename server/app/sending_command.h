/* `dunlin sending`: stops all sending and lets it go on, allows more on a day, says how far the
 * payment feed reaches, and shows how things stand. */
#ifndef DUNLIN_APP_SENDING_COMMAND_H
#define DUNLIN_APP_SENDING_COMMAND_H

int sending_command(int argc, char **argv);

#endif
