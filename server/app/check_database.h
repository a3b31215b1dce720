/* The part of `dunlin check` that asks the database: is it there, does it keep what it promises to
 * keep, is the schema ours, is the role a harmless one. Blocking libpq. */
#ifndef DUNLIN_APP_CHECK_DATABASE_H
#define DUNLIN_APP_CHECK_DATABASE_H

#include "app/check.h"

/* Within a few seconds. */
bool check_answers(const char *conninfo);
void check_database(const char *conninfo, int line, struct check_report *);
/* Whether each step in force has a channel that is set up: `ways` are those, as "{sms,email}". Says
 * nothing where the database does not answer: check_database does. */
void check_steps(const char *conninfo, const char *ways, struct check_report *);
/* The part that `dunlin serve` asks again before it starts: what is answered must be on disk. */
void check_promises(const char *conninfo, int line, struct check_report *);

#endif
