/* `dunlin campaign make FILE.csv --name N --text "…" --send-at T`, `approve`, `status`, `stop`,
 * `results`, `list`. */
#ifndef DUNLIN_APP_CAMPAIGN_COMMAND_H
#define DUNLIN_APP_CAMPAIGN_COMMAND_H

/* 0 good (with `make`: every row can be written to), 1 refused, failed or some rows are bad, 2
 * wrong usage. */
int campaign_command(int argc, char **argv);

#endif
