/* dunlin evidence --invoice NUMBER [--json FILE|--pdf FILE]: all that is kept of one debt.
 * dunlin evidence check FILE.json: whether such an export holds, without a database.
 * dunlin evidence print: the export on standard input as PDF on standard output; what the gateway
 * runs for each PDF (io/helper.h). docs/evidence.md says what is in it. */
#ifndef DUNLIN_APP_EVIDENCE_COMMAND_H
#define DUNLIN_APP_EVIDENCE_COMMAND_H

int evidence_command(int argc, char **argv);

#endif
