/* `dunlin scenario`: the ladders of reminders, from a command line. See docs/scenarios.md. */
#ifndef DUNLIN_APP_SCENARIO_COMMAND_H
#define DUNLIN_APP_SCENARIO_COMMAND_H

/* Exit status: 0 good, 1 refused or failed, 2 wrong usage. */
int scenario_command(int argc, char **argv);

#endif
