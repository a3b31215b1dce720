/* In order: the place with its certificates, secrets and settings, the sockets of the panes and the
 * push services, the clock; then serve_run, which starts the database, calls prepare (mark,
 * debtors, key), forks and calls on_ready. */
#include "app/demo.h"

#include "app/demo_clock.h"
#include "app/demo_place.h"
#include "app/demo_seed.h"
#include "app/demo_words.h"
#include "app/import_command.h"
#include "app/installation_visit.h"
#include "app/keys.h"
#include "app/panes_role.h"
#include "app/serve.h"
#include "app/sockets.h"
#include "app/supervisor.h"
#include "channel/registry.h"
#include "domain/keyring.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PORT_DEFAULT = 8443, PORT_MAX = 65530 };

struct demo_options {
    const char *dir, *import_file, *providers_file;
    int port;
    bool is_json, keeps_manners;
};

struct demo {
    struct demo_options options;
    struct demo_place place;
    struct panes_place panes;
    struct demo_links links;
    bool *wants_life; /* shared with the children, so that a second start does not do it again */
    FILE *out;        /* where a person or a script reads */
    FILE *said;       /* where complaints go */
};

/* The exit status: asked for, or shown because it was not known. */
static int usage(FILE *out)
{
    fputs("usage: dunlin demo [--dir DIR] [--port N] [--import FILE.csv] [--manners] [--json]\n"
          "                   [--providers FILE.yaml]\n\n"
          "  --dir DIR      keep everything under DIR (otherwise ~/.local/share/dunlin-demo)\n"
          "  --port N       use the ports N to N+5 (otherwise 8443 to 8448)\n"
          "  --import FILE  your own file instead of the 500 fictional debtors\n"
          "  --manners      keep to sending hours and budgets, as a gateway does that is not told\n"
          "                 otherwise; the demo has neither, as a month of it passes in a minute\n"
          "  --providers FILE  where customers pay, instead of the demo's bank: items of the "
          "settings'\n"
          "                 list `providers`, as scripts/demo --provider writes them\n"
          "  --json         one line of JSON when ready, for scripts\n",
          out);
    return out == stdout ? 0 : 2;
}

static bool read_port(const char *text, int *port)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    *port = (int)value;
    return *text != 0 && *end == 0 && value >= 1024 && value <= PORT_MAX;
}

static bool read_options(int argc, char **argv, struct demo_options *options)
{
    *options = (struct demo_options){.port = PORT_DEFAULT};
    for (int i = 1; i < argc; ++i) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            options->is_json = true;
            continue;
        }
        if (strcmp(argv[i], "--manners") == 0) {
            options->keeps_manners = true;
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(argv[i], "--dir") == 0)
            options->dir = value;
        else if (strcmp(argv[i], "--import") == 0)
            options->import_file = value;
        else if (strcmp(argv[i], "--providers") == 0)
            options->providers_file = value;
        else if (strcmp(argv[i], "--port") != 0 || !read_port(value, &options->port))
            return false;
        ++i;
    }
    return true;
}

static int take_clock(const struct demo *demo, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/clock", DEMO_DIR_MAX, demo->place.dir);
    return demo_clock_open(path, err);
}

static int listen_on(int port, struct err *err)
{
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    return socket_listen(address, false, err);
}

static int take_sockets(struct demo *demo, struct err *err)
{
    demo->panes.listen_fd = listen_on(demo->place.port + 3, err);
    demo->panes.apns_fd = listen_on(demo->place.push.apns_port, err);
    demo->panes.fcm_fd = listen_on(demo->place.push.fcm_port, err);
    demo->panes.push = &demo->place.push;
    demo->panes.url = demo->place.panes_url;
    demo->wants_life =
        mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (demo->wants_life == MAP_FAILED)
        return err_system(err, "making a page for the demo's processes");
    demo->panes.wants_life = demo->wants_life;
    panes_role_place(&demo->panes);
    bool is_good =
        demo->panes.listen_fd >= 0 && demo->panes.apns_fd >= 0 && demo->panes.fcm_fd >= 0;
    return is_good ? 0 : err->code;
}

/* On a terminal the log would bury what is said there: it goes to a file, and what is said stays
 * where a person reads. Scripts get it on standard error. */
static int move_log(struct demo *demo, struct err *err)
{
    if (!isatty(STDERR_FILENO))
        return 0;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/dunlin.log", DEMO_DIR_MAX, demo->place.dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || kept < 0 || (demo->said = fdopen(kept, "w")) == NULL)
        return err_system(err, "opening the demo's log");
    dup2(fd, STDERR_FILENO);
    demo->place.has_log_file = true;
    close(fd);
    return 0;
}

/* `progress` is a terminal or null. */
static int import(const struct demo *demo, const char *path, const char *conninfo, FILE *out,
                  FILE *progress)
{
    const struct import_file_options options = {.path = path,
                                                .conninfo = conninfo,
                                                .bytes_max = demo->place.settings.import.bytes_max,
                                                .part_rows =
                                                    (size_t)demo->place.settings.import.part_rows,
                                                .now = demo_clock_now,
                                                .out = out,
                                                .progress = progress};
    return import_file(&options);
}

static int seed(struct demo *demo, const char *conninfo, struct err *err)
{
    char path[PATH_MAX];
    struct buf csv;
    snprintf(path, sizeof(path), "%.*s/debtors.csv", DEMO_DIR_MAX, demo->place.dir);
    buf_init(&csv, 1024 * 1024);
    demo_seed_write((int32_t)(instant_seconds(demo_clock_now()) / 86400), &csv);
    FILE *file = fopen(path, "we");
    bool is_ok = file != NULL &&
                 fwrite(buf_span(&csv).base, 1, buf_span(&csv).len, file) == buf_span(&csv).len;
    if (file != NULL)
        is_ok = fclose(file) == 0 && is_ok;
    buf_release(&csv);
    if (!is_ok)
        return err_system(err, "writing the fictional debtors");
    if (import(demo, path, conninfo, stderr, NULL) != 0)
        return err_set(err, ERR_INPUT, "the fictional debtors could not be imported: see the log");
    return 0;
}

/* Bad rows are told and the good ones are in; a file that brought nothing ends the demo. */
static int import_own_file(const struct demo *demo, const char *conninfo, struct err *err)
{
    bool is_empty = false;
    FILE *terminal = isatty(fileno(demo->said)) ? demo->said : NULL;
    int status = import(demo, demo->options.import_file, conninfo, demo->said, terminal);
    fflush(demo->said);
    int rc = installation_claim_demo(conninfo, &is_empty, err);
    if (rc == 0 && status != 0 && is_empty)
        return err_set(err, ERR_INPUT, "the file brought in nothing");
    return rc;
}

static int read_links(struct demo *demo, const char *conninfo, struct err *err)
{
    struct keyring *keys = NULL;
    int rc = keys_load(demo->place.settings.link_keys_file, &keys, err);
    if (rc != 0)
        return rc;
    rc = installation_demo_links(conninfo, keys, demo_clock_now(), &demo->links, err);
    keyring_free(keys);
    return rc;
}

static int prepare(void *owner, const char *conninfo, struct err *err)
{
    struct demo *demo = owner;
    bool is_empty = false;
    int rc = installation_claim_demo(conninfo, &is_empty, err);
    if (rc == 0 && demo->options.import_file != NULL) {
        rc = import_own_file(demo, conninfo, err);
    } else if (rc == 0 && is_empty) {
        rc = seed(demo, conninfo, err);
        *demo->wants_life = !demo->options.is_json; /* scripts find all debts untouched */
    }
    const struct demo_furniture furniture = {.key_text = demo->place.api_key,
                                             .app = DEMO_PUSH_APP,
                                             .has_past =
                                                 is_empty && demo->options.import_file == NULL};
    if (rc == 0)
        rc = installation_furnish_demo(conninfo, &furniture, demo_clock_now(), err);
    return rc == 0 ? read_links(demo, conninfo, err) : rc;
}

static void on_ready(void *owner)
{
    struct demo *demo = owner;
    if (demo->options.is_json)
        demo_words_json(&demo->place, &demo->links, demo->out);
    else
        demo_words_people(&demo->place, &demo->links, demo->out);
    fflush(demo->out);
}

static int set_up(struct demo *demo, struct err *err)
{
    demo->place.keeps_manners = demo->options.keeps_manners;
    demo->place.providers_file = demo->options.providers_file;
    int rc = demo_place_take(&demo->place, demo->options.dir, demo->options.port, err);
    if (rc == 0)
        rc = take_sockets(demo, err);
    if (rc == 0)
        rc = take_clock(demo, err);
    return rc == 0 ? move_log(demo, err) : rc;
}

int demo_command(int argc, char **argv)
{
    static struct demo demo; /* its settings outlive every process's main */
    struct err err = {0};
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (!read_options(argc, argv, &demo.options))
        return usage(stderr);
    demo.out = stdout;
    demo.said = stderr;
    supervisor_block_signals();
    int rc = set_up(&demo, &err);
    if (rc == 0) {
        if (!demo.options.is_json)
            fputs("Starting (a few seconds the first time) …\n", stdout), fflush(stdout);
        log_init(LOG_INFO, "demo");
        const struct serve_options options = {.settings = &demo.place.settings,
                                              .is_demo = true,
                                              .now = demo_clock_now,
                                              .channels = channel_registry,
                                              .extra_name = "panes",
                                              .extra_role = &panes_role,
                                              .prepare = prepare,
                                              .on_ready = on_ready,
                                              .owner = &demo};
        rc = serve_run(&options, &err);
    }
    if (rc != 0)
        fprintf(demo.said, "dunlin demo: %s\n", err.text);
    settings_release(&demo.place.settings);
    return rc == 0 ? 0 : 1;
}
