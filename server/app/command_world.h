/* What a command that works on the installation's data needs: settings, the database brought up to
 * date (the private one is used if it runs, or run meanwhile), a loop and a world on it. */
#ifndef DUNLIN_APP_COMMAND_WORLD_H
#define DUNLIN_APP_COMMAND_WORLD_H

#include "app/settings.h"
#include "flow/world.h"

struct private_db;

struct command_world {
    struct settings settings;
    struct world
        world; /* store, keys, public_url and the clock; what commands have no use for is null */
    const char *conninfo, *owner_conninfo;
    struct private_db *private_db_;
    struct keyring *keys_;
    bool is_done_;
    int status_;
};

/* The `--settings FILE` of a command line is taken out of argc and argv; otherwise the file that
 * settings_find_file finds. Null and *argc 0 when the option stands without a file. */
const char *command_settings_file(int *argc, char **argv);

/* Reads the settings and opens all of it, saying on standard error what is wrong. `name` is the
 * command's, for the log. Returns 0, or 1 as exit status; close in either case. */
MUST_CHECK int command_world_open(struct command_world *, const char *name,
                                  const char *settings_file);
void command_world_close(struct command_world *);

/* Runs the loop until command_world_finish has been called and returns its status. */
int command_world_run(struct command_world *);
void command_world_finish(struct command_world *, int status);

#endif
