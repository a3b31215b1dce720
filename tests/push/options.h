/* The command line, see USAGE. */
#ifndef DUNLIN_PUSH_OPTIONS_H
#define DUNLIN_PUSH_OPTIONS_H

/* Fills `driver`. Ends the process where the line is wrong, or asks for help. */
void options_take(int argc, char **argv);

#endif
