/* Takes in the files of payouts that are dropped into FOLDER/PROVIDER/ACCOUNT, one by one: into
 * done/ below it, or into bad/ with the reason beside it. Taking one in twice changes nothing, so a
 * node that dies with a file in hand, or two nodes on one folder, do no harm. */
#ifndef DUNLIN_JOBS_PAYOUT_FILES_H
#define DUNLIN_JOBS_PAYOUT_FILES_H

#include <stdbool.h>

struct store;
struct world;
struct payout_files;

/* `folder` is borrowed. `store` has the time that a large file wants. */
struct payout_files *payout_files_new(struct world *, struct store *store, const char *folder);
void payout_files_stop(struct payout_files *);
bool payout_files_is_idle(const struct payout_files *);
/* What is under way is taken in again. */
void payout_files_free(struct payout_files *);

#endif
