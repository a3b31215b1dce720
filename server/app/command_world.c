#include "app/command_world.h"

#include "app/keys.h"
#include "app/private_db.h"
#include "app/settings_identity.h"
#include "app/settings_promises.h"
#include "app/settings_reminders.h"
#include "app/world_build.h"
#include "base/clock.h"
#include "domain/keyring.h"
#include "migrations.h"
#include "store/migrate.h"
#include "store/store.h"

#include <stdio.h>

enum { TIMEOUT_MS = 60000 };

const char *command_settings_file(int *argc, char **argv)
{
    const char *file = NULL;
    int kept = 0;
    for (int i = 0; i < *argc; ++i) {
        if (strcmp(argv[i], "--settings") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (++i == *argc) {
            *argc = 0;
            return NULL;
        }
        file = argv[i];
    }
    *argc = kept;
    return file != NULL ? file : settings_find_file();
}

static int open_database(struct command_world *c, struct err *err)
{
    int applied;
    c->conninfo = c->settings.database.url;
    c->owner_conninfo = c->settings.database.owner_url;
    if (c->conninfo[0] == '\0') {
        if (private_db_attach(&c->private_db_, c->settings.data_dir, err) != 0)
            return err->code;
        c->conninfo = private_db_app_conninfo(c->private_db_);
        c->owner_conninfo = private_db_owner_conninfo(c->private_db_);
    }
    return migrate_run(&(struct migrate_plan){.conninfo = c->owner_conninfo,
                                              .files = migrations_files,
                                              .count = migrations_count},
                       &applied, err);
}

static int open_world(struct command_world *c, struct err *err)
{
    if (keys_make_if_missing(c->settings.link_keys_file, err) != 0 ||
        keys_load(c->settings.link_keys_file, &c->keys_, err) != 0)
        return err->code;
    h2o_loop_t *loop = h2o_evloop_create();
    c->world = (struct world){
        .loop = loop,
        .store = store_new(loop, &(struct store_options){.conninfo = c->conninfo,
                                                         .read_timeout_ms = TIMEOUT_MS,
                                                         .write_timeout_ms = TIMEOUT_MS}),
        .keys = c->keys_,
        .public_url = span_str(c->settings.public_.url),
        .creditor = world_creditor_of(&c->settings),
        .import_bytes_max = c->settings.import.bytes_max,
        .campaigns = world_campaign_rules(&c->settings),
        .promises = settings_promise_policy(&c->settings),
        .reminders = settings_reminder_rules(&c->settings),
        .identity = settings_identity_rules(&c->settings),
        .reach = world_reach_of(&c->settings, NULL),
        .payment_in_flight_seconds = (int)c->settings.payments.in_flight_seconds,
        .now = clock_wall};
    return 0;
}

int command_world_open(struct command_world *c, const char *name, const char *settings_file)
{
    struct err err = {0};
    memset(c, 0, sizeof(*c));
    if (settings_read_or_print(&c->settings, settings_file, stderr) != 0)
        return 1;
    log_init(LOG_WARN, name);
    if (open_database(c, &err) == 0 && open_world(c, &err) == 0)
        return 0;
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

void command_world_close(struct command_world *c)
{
    if (c->world.store != NULL)
        store_free(c->world.store);
    keyring_free(c->keys_);
    private_db_stop(c->private_db_);
    settings_release(&c->settings);
}

int command_world_run(struct command_world *c)
{
    while (!c->is_done_)
        h2o_evloop_run(c->world.loop, INT32_MAX);
    return c->status_;
}

void command_world_finish(struct command_world *c, int status)
{
    c->is_done_ = true;
    c->status_ = status;
}
