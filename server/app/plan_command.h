/* `dunlin plan --date D [--invoice NUMBER] [--json]`: what would be sent on a day, and why a debt
 * is or is not reminded. Sends nothing, changes nothing. Exit status 0; 1 when it failed or there
 * is no such invoice; 2 wrong usage. */
#ifndef DUNLIN_APP_PLAN_COMMAND_H
#define DUNLIN_APP_PLAN_COMMAND_H

int plan_command(int argc, char **argv);

#endif
