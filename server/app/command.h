/* The command line: `dunlin <command> …`. */
#ifndef DUNLIN_APP_COMMAND_H
#define DUNLIN_APP_COMMAND_H

/* 0 good, 1 refused or failed, 2 wrong usage. */
int command_run(int argc, char **argv);

#endif
