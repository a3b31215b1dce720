/* dunlin results --from DAY --to DAY --by WHAT [--csv|--json]: what reminding brought for the debts
 * due in a period. docs/results.md says what each number is. */
#ifndef DUNLIN_APP_RESULTS_COMMAND_H
#define DUNLIN_APP_RESULTS_COMMAND_H

int results_command(int argc, char **argv);

#endif
