/* dunlin payouts: the provider's settlement file in, what arrived at the bank, and the report. */
#ifndef DUNLIN_APP_PAYOUTS_COMMAND_H
#define DUNLIN_APP_PAYOUTS_COMMAND_H

int payouts_command(int argc, char **argv);

#endif
