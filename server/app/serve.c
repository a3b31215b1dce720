/* In order: certificates and push credentials tried (a mistake there should be said at once, by
 * name), database, schema,
 * sockets, processes. Torn down the other way round. */
#include "app/serve.h"

#include "app/check_database.h"
#include "app/demo_clock.h"
#include "app/installation_visit.h"
#include "app/keys.h"
#include "app/private_db.h"
#include "app/push_build.h"
#include "app/sockets.h"
#include "app/supervisor.h"
#include "app/title.h"
#include "base/log.h"
#include "channel/push_apps.h"
#include "channel/registry.h"
#include "domain/keyring.h"
#include "io/timer.h"
#include "migrations.h"
#include "store/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_MS = WORKER_DRAIN_MS + 1000, NAME_MAX_LEN = 16 };

struct serve {
    const struct serve_options *options;
    struct gateway gateway;
    const char *owner_conninfo;
    char names[SUPERVISOR_CHILDREN_MAX][NAME_MAX_LEN];
    struct part {
        struct serve *serve;
        const struct worker_role *role;
    } parts[SUPERVISOR_CHILDREN_MAX];
    struct supervisor_child children[SUPERVISOR_CHILDREN_MAX];
    int child_count;
};

static int check_descriptors(const struct gateway *g, struct err *e)
{
    if (g->descriptors_max >= SOCKETS_DESCRIPTORS_MIN)
        return 0;
    return err_set(e, ERR_SETTINGS,
                   "a process may open %lu files, %d are needed (LimitNOFILE=, ulimit -n)",
                   g->descriptors_max, SOCKETS_DESCRIPTORS_MIN);
}

static int try_certificate(const struct settings_listener *s, const char *name, struct err *e)
{
    struct tls_options options = {
        .name = name, .certificate_file = s->certificate, .key_file = s->key};
    struct tls *tls = tls_new(&options, e);
    if (tls == NULL)
        return err_wrap(e, "the %s listener", name);
    tls_free(tls);
    return 0;
}

static int try_certificates(const struct settings *settings, struct err *e)
{
    if (!settings->has_role_http)
        return 0;
    int bad = try_certificate(&settings->public_, "public", e);
    if (bad == 0)
        bad = try_certificate(&settings->private_, "private", e);
    if (bad == 0 && settings->upload.listen[0] != '\0' && settings->upload.url[0] == '\0')
        bad = err_set(e, ERR_SETTINGS, "upload.listen is set, but upload.url is not");
    if (bad == 0 && settings->upload.listen[0] != '\0')
        bad = try_certificate(&settings->upload, "upload", e);
    return bad;
}

/* The processes make them again: a mistake should be said here. Nothing is connected to. */
static int try_push(const struct settings *settings, struct err *e)
{
    struct push_apps *apps = NULL;
    h2o_loop_t *loop = h2o_evloop_create();
    int bad = push_build_apps(&(struct push_build){.settings = settings, .loop = loop}, &apps, e);
    if (apps != NULL)
        push_apps_free(apps);
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
    return bad;
}

static int open_secrets(struct serve *s, struct err *e)
{
    const struct settings *settings = s->options->settings;
    if (mkdir(settings->data_dir, 0700) != 0 && errno != EEXIST)
        return err_system(e, settings->data_dir);
    int bad = keys_make_if_missing(settings->link_keys_file, e);
    if (bad != 0)
        return bad;
    struct keyring *keys = NULL; /* the processes read it again: a mistake should be said here */
    bad = keys_load(settings->link_keys_file, &keys, e);
    if (bad != 0)
        return bad;
    keyring_free(keys);
    return tls_ticket_secret(settings->ticket_keys_file, s->gateway.ticket_secret, e);
}

static int open_database(struct serve *s, struct err *e)
{
    const struct settings *settings = s->options->settings;
    if (settings->database.url[0] != '\0') {
        s->gateway.conninfo = settings->database.url;
        s->owner_conninfo = settings->database.owner_url[0] == '\0' ? settings->database.url
                                                                    : settings->database.owner_url;
        return 0;
    }
    int bad = private_db_start(&s->gateway.private_db, settings->data_dir, e);
    if (bad != 0)
        return err_wrap(e, "the private database");
    s->gateway.conninfo = private_db_app_conninfo(s->gateway.private_db);
    s->owner_conninfo = private_db_owner_conninfo(s->gateway.private_db);
    return 0;
}

static pid_t restart_database(void *owner)
{
    struct private_db *db = owner;
    struct err e;
    private_db_exited(db);
    if (private_db_respawn(db, &e) != 0)
        log_line(LOG_ERROR, "private database not started", "error=\"%s\"", e.text);
    return private_db_pid(db);
}

static void on_applied(void *owner, const char *name)
{
    (void)owner;
    log_line(LOG_INFO, "migration applied", "name=%s", name);
}

static int migrate(struct serve *s, struct err *e)
{
    int applied = 0;
    struct migrate_plan plan = {.conninfo = s->owner_conninfo,
                                .files = migrations_files,
                                .count = migrations_count,
                                .on_applied = on_applied};
    int bad = migrate_run(&plan, &applied, e);
    if (bad == 0 && !s->options->is_demo)
        bad = installation_claim_live(s->gateway.conninfo, e);
    if (bad == 0 && s->options->prepare != NULL)
        bad = s->options->prepare(s->options->owner, s->gateway.conninfo, e);
    return bad;
}

/* A callback answered with success is on disk: not by a database that is set up to forget. */
static int check_database_promises(const struct serve *s, struct err *e)
{
    static struct check_report report;
    const struct check_finding *refusal = NULL;
    report.count = 0;
    check_promises(s->gateway.conninfo, 0, &report);
    for (int i = 0; i != report.count; ++i) {
        const struct check_finding *f = &report.items[i];
        if (f->level == CHECK_REFUSAL && refusal == NULL)
            refusal = f;
        log_line(f->level == CHECK_REFUSAL ? LOG_ERROR : LOG_WARN, "database judged", "%s",
                 f->text);
    }
    return refusal == NULL ? 0 : err_set(e, ERR_SETTINGS, "the database: %.200s", refusal->text);
}

static int open_socket(int *fd, const char *address, bool is_shared, struct err *e)
{
    int opened = socket_listen(address, is_shared, e);
    if (opened < 0 && e->code != 0)
        return e->code;
    *fd = opened;
    return 0;
}

/* The demo does not share its ports: a second one on the same port should say so. */
static int open_sockets(struct serve *s, struct err *e)
{
    const struct settings *settings = s->options->settings;
    bool is_shared = !s->options->is_demo;
    struct gateway *g = &s->gateway;
    int bad = 0;
    if (settings->has_role_http)
        bad = open_socket(&g->public_fd, settings->public_.listen, is_shared, e);
    if (bad == 0 && settings->has_role_http)
        bad = open_socket(&g->private_fd, settings->private_.listen, is_shared, e);
    if (bad == 0 && settings->has_role_http && settings->upload.listen[0] != '\0')
        bad = open_socket(&g->upload_fd, settings->upload.listen, is_shared, e);
    if (bad == 0 && settings->has_role_work)
        bad = open_socket(&g->operators_fd, settings->operators_listen, is_shared, e);
    return bad;
}

static void close_sockets(struct gateway *g)
{
    int *fds[] = {&g->public_fd, &g->private_fd, &g->upload_fd, &g->operators_fd};
    for (size_t i = 0; i != sizeof(fds) / sizeof(fds[0]); ++i) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static int run_part(void *owner, int slot)
{
    struct part *part = owner;
    return worker_run(&part->serve->gateway, part->role, part->serve->children[slot].name, slot);
}

static void add_part(struct serve *s, const char *name, int number, const struct worker_role *role)
{
    int i = s->child_count++;
    snprintf(s->names[i], NAME_MAX_LEN, number < 0 ? "%s" : "%s%d", name, number);
    s->parts[i] = (struct part){s, role};
    s->children[i] =
        (struct supervisor_child){.name = s->names[i], .run = run_part, .owner = &s->parts[i]};
}

static void plan_processes(struct serve *s)
{
    const struct settings *settings = s->options->settings;
    s->gateway.http_count = (int)settings->workers;
    for (int i = 0; settings->has_role_http && i != s->gateway.http_count; ++i)
        add_part(s, "http", i, &http_role);
    if (settings->has_role_work)
        add_part(s, "work", -1, &work_role);
    if (s->options->extra_role != NULL)
        add_part(s, s->options->extra_name, -1, s->options->extra_role);
    s->gateway.board = board_new(s->child_count);
}

/* New connections go to a gateway that started beside us, if there is one; what is queued here is
 * still taken by the workers, which keep accepting for a moment. */
static void on_stopping(void *owner)
{
    struct gateway *g = &((struct serve *)owner)->gateway;
    int fds[] = {g->public_fd, g->private_fd, g->upload_fd, g->operators_fd};
    for (size_t i = 0; i != sizeof(fds) / sizeof(fds[0]); ++i)
        if (fds[i] >= 0)
            socket_hand_over(fds[i]);
    close_sockets(g);
}

static void on_ready(void *owner)
{
    struct serve *s = owner;
    if (s->options->on_ready != NULL)
        s->options->on_ready(s->options->owner);
}

/* Last, without a slot of the board: it is no process of ours. */
static int plan_database(struct serve *s)
{
    struct private_db *db = s->gateway.private_db;
    if (db == NULL)
        return s->child_count;
    s->children[s->child_count] = (struct supervisor_child){.name = "database",
                                                            .owner = db,
                                                            .foreign_pid = private_db_pid(db),
                                                            .restart = restart_database};
    return s->child_count + 1;
}

static int supervise(struct serve *s, struct err *e)
{
    plan_processes(s);
    int count = plan_database(s);
    title_set("supervisor");
    struct supervisor_options options = {.children = s->children,
                                         .count = count,
                                         .board = s->gateway.board,
                                         .stop_ms = STOP_MS,
                                         .on_ready = on_ready,
                                         .on_stopping = on_stopping,
                                         .owner = s};
    return supervisor_run(&options, e);
}

int serve_run(const struct serve_options *options, struct err *e)
{
    struct serve *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->options = options;
    s->gateway = (struct gateway){.settings = options->settings,
                                  .is_demo = options->is_demo,
                                  .now = options->now,
                                  .channels = options->channels,
                                  .descriptors_max = sockets_raise_limit(),
                                  .public_fd = -1,
                                  .private_fd = -1,
                                  .upload_fd = -1,
                                  .operators_fd = -1};
    int bad = check_descriptors(&s->gateway, e);
    if (bad == 0)
        bad = try_certificates(options->settings, e);
    if (bad == 0 && options->settings->has_role_work)
        bad = try_push(options->settings, e);
    if (bad == 0)
        bad = open_database(s, e);
    if (bad == 0)
        bad = open_secrets(s, e);
    if (bad == 0)
        bad = migrate(s, e);
    if (bad == 0)
        bad = check_database_promises(s, e);
    if (bad == 0)
        bad = open_sockets(s, e);
    if (bad == 0)
        bad = supervise(s, e);
    close_sockets(&s->gateway);
    private_db_stop(s->gateway.private_db);
    secret_wipe(s->gateway.ticket_secret, sizeof(s->gateway.ticket_secret));
    free(s);
    return bad;
}

static const char *settings_file_of(int argc, char **argv)
{
    if (argc == 1)
        return settings_find_file();
    if (argc == 3 && strcmp(argv[1], "--settings") == 0)
        return argv[2];
    return NULL;
}

/* Tests have reminders go out by SMS and e-mail, too; built only where they run. */
static const struct channel *const *test_channels(void)
{
#ifdef DUNLIN_CRASH_POINTS
    const char *name = getenv("TEST_CHANNELS");
    if (name != NULL && strcmp(name, "sandbox") == 0)
        return channel_registry;
#endif
    return NULL;
}

/* Tests move business time: they write the page of a clock as the demo has it, and several gateways
 * may go by one. */
static int take_test_clock(struct serve_options *options, struct err *e)
{
    (void)options, (void)e;
#ifdef DUNLIN_CRASH_POINTS
    const char *path = getenv("TEST_CLOCK");
    if (path != NULL && demo_clock_open(path, e) != 0)
        return e->code;
    if (path != NULL)
        options->now = demo_clock_now;
#endif
    return 0;
}

int serve_command(int argc, char **argv)
{
    const char *file = settings_file_of(argc, argv);
    if (file == NULL) {
        fputs("usage: dunlin serve [--settings FILE]\n", stderr);
        return 2;
    }
    struct settings settings;
    if (settings_read_or_print(&settings, file, stderr) != 0) {
        settings_release(&settings);
        return 1;
    }
    log_init((enum log_level)settings.log_level, "serve");
    struct err e = {0};
    struct serve_options options = {.settings = &settings, .channels = test_channels()};
    supervisor_block_signals();
    int bad = take_test_clock(&options, &e);
    if (bad == 0)
        bad = serve_run(&options, &e);
    if (bad != 0)
        fprintf(stderr, "dunlin: %s\n", e.text);
    settings_release(&settings);
    return bad == 0 ? 0 : 1;
}
