/* `dunlin check`: everything that would keep the gateway from starting or from keeping its
 * promises, all at once: settings by line, files and their modes, certificates, host names, the
 * database and its durability, the schema, the link keys, the credentials of push services, payment
 * providers, gateways and mail servers. Changes nothing. */
#ifndef DUNLIN_APP_CHECK_H
#define DUNLIN_APP_CHECK_H

#include "app/settings.h"

enum check_level {
    CHECK_REFUSAL = 1, /* serve would not start, or would break a promise */
    CHECK_WARNING,     /* serve starts; somebody should look */
    CHECK_PROOF,       /* something that was asked of others, and is good */
};

struct check_finding {
    enum check_level level;
    int line; /* of the settings file; 0: none */
    char setting[80];
    char text[300];
};

enum { CHECK_FINDINGS_MAX = 120 };

struct check_report {
    struct check_finding items[CHECK_FINDINGS_MAX];
    int count;
};

/* Settings mistakes become findings; what hangs on settings that could not be read is left out. */
void check_run(const char *settings_file, struct check_report *report);

/* The parts of it. */
void check_files(const struct settings *, struct check_report *);
void check_hosts(const struct settings *, struct check_report *);
void check_add(struct check_report *, enum check_level, int line, const char *setting,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/* `dunlin check [--json] [--settings FILE]`: 0 nothing found but warnings, 1 a refusal, 2 usage. */
int check_command(int argc, char **argv);

#endif
