/* The command line: `dunlin <command> …`. Each command stands in a file of its own and has a row in
 * the table in command.c. */
#ifndef DUNLIN_APP_COMMAND_H
#define DUNLIN_APP_COMMAND_H

/* 0 good, 1 refused or failed, 2 wrong usage: what each command returns, too. A command is given
 * its own name as argv[0]. */
int command_run(int argc, char **argv);

#endif
