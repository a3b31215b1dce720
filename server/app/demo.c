/* In order: the folder, the certificates, secrets and settings, the clock, the socket of the panes;
 * then serve_run, which starts the database, calls prepare (mark, debtors, key), forks and calls
 * on_ready. */
#include "app/demo.h"

#include "app/demo_certs.h"
#include "app/demo_clock.h"
#include "app/demo_seed.h"
#include "app/import_command.h"
#include "app/installation_visit.h"
#include "app/keys.h"
#include "app/panes_role.h"
#include "app/serve.h"
#include "app/sockets.h"
#include "app/supervisor.h"
#include "base/crypto.h"
#include "channel/registry.h"
#include "domain/keyring.h"
#include "store/api_key_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT_DEFAULT = 8443, PORT_MAX = 65532, YAML_MAX = 16 * 1024, SECRET_TEXT_MAX = 96 };

struct demo_options {
    const char *dir, *import_file;
    int port;
    bool is_json;
};

struct demo {
    struct demo_options options;
    char dir[PATH_MAX];
    struct demo_certs certs;
    char callback_secret[SECRET_TEXT_MAX], bank_key[SECRET_TEXT_MAX], api_key[API_KEY_TEXT_MAX];
    char panes_url[64];
    struct panes_place place;
    struct settings settings;
    struct demo_links links;
    bool *wants_life; /* shared with the children, so that a second start does not do it again */
    FILE *out;        /* where a person or a script reads */
    FILE *said;       /* where complaints go */
};

static int usage(void)
{
    fputs("usage: dunlin demo [--dir DIR] [--port N] [--import FILE.csv] [--json]\n\n"
          "  --dir DIR      keep everything under DIR (otherwise ~/.local/share/dunlin-demo)\n"
          "  --port N       use the ports N to N+3 (otherwise 8443 to 8446)\n"
          "  --import FILE  your own file instead of the 500 fictional debtors\n"
          "  --json         one line of JSON when ready, for scripts\n",
          stderr);
    return 2;
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
        if (value == NULL)
            return false;
        if (strcmp(argv[i], "--dir") == 0)
            options->dir = value;
        else if (strcmp(argv[i], "--import") == 0)
            options->import_file = value;
        else if (strcmp(argv[i], "--port") != 0 || !read_port(value, &options->port))
            return false;
        ++i;
    }
    return true;
}

static int make_folder(const char *path, struct err *err)
{
    char part[PATH_MAX];
    snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return err_system(err, "making the demo's folder");
        *slash = '/';
    }
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
        return err_system(err, "making the demo's folder");
    return 0;
}

/* Root's private database runs as somebody else, who must get through to it: a folder that was made
 * for the demo (mktemp -d) and is empty yet is opened for passing through. A folder with something
 * in it stays as it is; the database then lies elsewhere. */
static void open_empty_folder(const char *path)
{
    struct stat st;
    int entries = 0;
    DIR *folder = geteuid() == 0 ? opendir(path) : NULL;
    if (folder == NULL)
        return;
    while (entries <= 2 && readdir(folder) != NULL)
        ++entries;
    if (entries <= 2 && fstat(dirfd(folder), &st) == 0 && st.st_uid == 0)
        (void)!fchmod(dirfd(folder), (st.st_mode & 07777) | S_IXOTH);
    closedir(folder);
}

static int take_folder(struct demo *demo, struct err *err)
{
    char path[PATH_MAX], inside[PATH_MAX];
    const char *home = getenv("HOME");
    if (demo->options.dir != NULL)
        snprintf(path, sizeof(path), "%s", demo->options.dir);
    else
        snprintf(path, sizeof(path), "%s/.local/share/dunlin-demo", home == NULL ? "/tmp" : home);
    if (make_folder(path, err) != 0)
        return err->code;
    if (realpath(path, demo->dir) == NULL)
        return err_system(err, "finding the demo's folder");
    if (strlen(demo->dir) > 400 || strpbrk(demo->dir, "\"\\\n") != NULL)
        return err_set(err, ERR_SETTINGS, "the demo's folder has too long or too odd a name");
    open_empty_folder(demo->dir);
    static const char *const folders[] = {"certs", "secrets", "data"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); ++i) {
        snprintf(inside, sizeof(inside), "%.*s/%s", 400, demo->dir, folders[i]);
        if (make_folder(inside, err) != 0)
            return err->code;
    }
    return 0;
}

/* The text of a secret file under the folder; made by `make` when it is not there. */
static int take_secret(const struct demo *demo, const char *name, void (*make)(char *text),
                       char *text, size_t room, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/secrets/%s", 400, demo->dir, name);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        bool is_ok = fgets(text, (int)room, file) != NULL;
        fclose(file);
        text[strcspn(text, "\n")] = 0;
        return is_ok ? 0 : err_set(err, ERR_SETTINGS, "the demo's secret %s is empty", name);
    }
    make(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_system(err, "writing a secret of the demo");
    bool is_ok = dprintf(fd, "%s\n", text) > 0;
    if (close(fd) != 0 || !is_ok)
        return err_system(err, "writing a secret of the demo");
    return 0;
}

static void make_callback_secret(char *text)
{
    uint8_t bytes[32];
    random_bytes(bytes, sizeof(bytes));
    strcpy(text, "whsec_");
    base64_print(span_of((char *)bytes, sizeof(bytes)), text + 6);
}

static void make_bank_key(char *text)
{
    uint8_t bytes[24];
    random_bytes(bytes, sizeof(bytes));
    hex_print(bytes, sizeof(bytes), text);
}

static void make_api_key(char *text)
{
    struct api_key key;
    api_key_make("", text, &key);
}

static int take_secrets(struct demo *demo, struct err *err)
{
    int rc = take_secret(demo, "sandbox.secret", make_callback_secret, demo->callback_secret,
                         sizeof(demo->callback_secret), err);
    if (rc == 0)
        rc = take_secret(demo, "sandbox.key", make_bank_key, demo->bank_key, sizeof(demo->bank_key),
                         err);
    if (rc == 0)
        rc = take_secret(demo, "api.key", make_api_key, demo->api_key, sizeof(demo->api_key), err);
    return rc;
}

static void write_settings(const struct demo *demo, struct buf *yaml)
{
    int port = demo->options.port;
    buf_printf(yaml, "data_dir: \"%s/data\"\nworkers: 2\nlog_level: info\n", demo->dir);
    buf_printf(yaml,
               "public:\n  listen: \"127.0.0.1:%d\"\n  url: \"https://localhost:%d\"\n"
               "  certificate: \"%s\"\n  key: \"%s\"\n",
               port, port, demo->certs.certificate, demo->certs.key);
    buf_printf(yaml,
               "private:\n  listen: \"127.0.0.1:%d\"\n  url: \"https://localhost:%d\"\n"
               "  certificate: \"%s\"\n  key: \"%s\"\n",
               port + 1, port + 1, demo->certs.certificate, demo->certs.key);
    buf_printf(yaml, "operators:\n  listen: \"127.0.0.1:%d\"\n", port + 2);
    buf_add_str(yaml, "creditor:\n  name: \"Pożyczki Przykładowe SA\"\n  nip: \"1234563218\"\n"
                      "  phone: \"+48 990 000 000\"\n  email: \"platnosci@example.com\"\n"
                      "  website: \"https://www.example.com\"\n"
                      "  account: \"PL61109010140000071219812874\"\n"
                      "  privacy_url: \"https://www.example.com/privacy\"\n");
    buf_printf(yaml,
               "providers:\n  - provider: sandbox\n    account: default\n"
               "    api_url: \"%s/bank/api\"\n    start_origin: \"%s\"\n"
               "    secret_files: [\"%s/secrets/sandbox.secret\"]\n"
               "    api_key_file: \"%s/secrets/sandbox.key\"\n    ca_file: \"%s\"\n",
               demo->panes_url, demo->panes_url, demo->dir, demo->dir, demo->certs.ca);
}

/* An installed gateway's environment must not reach into the demo: its settings name real things.
 */
static void forget_environment(void)
{
    extern char **environ;
    for (size_t i = 0; environ[i] != NULL;) {
        const char *end = strchr(environ[i], '=');
        char name[128];
        if (strncmp(environ[i], "DUNLIN_", 7) != 0 || end == NULL || end - environ[i] > 127) {
            ++i;
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)(end - environ[i]), environ[i]);
        unsetenv(name);
    }
}

/* For other commands beside the demo: dunlin link show … --settings DIR/dunlin.yaml */
static int keep_settings(const struct demo *demo, struct span yaml, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/dunlin.yaml", 400, demo->dir);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return err_system(err, path);
    bool is_written = fwrite(yaml.base, 1, yaml.len, file) == yaml.len;
    return fclose(file) == 0 && is_written ? 0 : err_system(err, path);
}

static int take_settings(struct demo *demo, struct err *err)
{
    struct buf yaml;
    struct settings_mistakes mistakes;
    buf_init(&yaml, YAML_MAX);
    write_settings(demo, &yaml);
    forget_environment();
    int rc = settings_parse(&demo->settings, buf_span(&yaml), demo->dir, &mistakes);
    int kept = rc == 0 ? keep_settings(demo, buf_span(&yaml), err) : 0;
    buf_release(&yaml);
    if (rc == 0)
        return kept;
    settings_print_mistakes(&mistakes, "demo", stderr);
    return err_set(err, ERR_SETTINGS, "the demo's own settings are not right");
}

static int take_clock(const struct demo *demo, struct err *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/clock", 400, demo->dir);
    return demo_clock_open(path, err);
}

static int take_socket(struct demo *demo, struct err *err)
{
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%d", demo->options.port + 3);
    snprintf(demo->panes_url, sizeof(demo->panes_url), "http://%s", address);
    demo->place.listen_fd = socket_listen(address, false, err);
    demo->place.url = demo->panes_url;
    demo->wants_life =
        mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (demo->wants_life == MAP_FAILED)
        return err_system(err, "making a page for the demo's processes");
    demo->place.wants_life = demo->wants_life;
    panes_role_place(&demo->place);
    return demo->place.listen_fd < 0 ? err->code : 0;
}

/* On a terminal the log would bury what is said there: it goes to a file, and what is said stays
 * where a person reads. Scripts get it on standard error. */
static int move_log(struct demo *demo, struct err *err)
{
    if (!isatty(STDERR_FILENO))
        return 0;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%.*s/dunlin.log", 400, demo->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || kept < 0 || (demo->said = fdopen(kept, "w")) == NULL)
        return err_system(err, "opening the demo's log");
    dup2(fd, STDERR_FILENO);
    close(fd);
    return 0;
}

static int import(const struct demo *demo, const char *path, const char *conninfo, FILE *out)
{
    const struct import_file_options options = {.path = path,
                                                .conninfo = conninfo,
                                                .bytes_max = demo->settings.import.bytes_max,
                                                .part_rows =
                                                    (size_t)demo->settings.import.part_rows,
                                                .now = demo_clock_now,
                                                .out = out};
    return import_file(&options);
}

static int seed(struct demo *demo, const char *conninfo, struct err *err)
{
    char path[PATH_MAX];
    struct buf csv;
    snprintf(path, sizeof(path), "%.*s/debtors.csv", 400, demo->dir);
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
    if (import(demo, path, conninfo, stderr) != 0)
        return err_set(err, ERR_INPUT, "the fictional debtors could not be imported: see the log");
    return 0;
}

/* Bad rows are told and the good ones are in; a file that brought nothing ends the demo. */
static int import_own_file(const struct demo *demo, const char *conninfo, struct err *err)
{
    bool is_empty = false;
    int status = import(demo, demo->options.import_file, conninfo, demo->said);
    fflush(demo->said);
    int rc = installation_claim_demo(conninfo, &is_empty, err);
    if (rc == 0 && status != 0 && is_empty)
        return err_set(err, ERR_INPUT, "the file brought in nothing");
    return rc;
}

static int read_links(struct demo *demo, const char *conninfo, struct err *err)
{
    struct keyring *keys = NULL;
    int rc = keys_load(demo->settings.link_keys_file, &keys, err);
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
    if (rc == 0)
        rc = installation_furnish_demo(conninfo, demo->api_key, demo_clock_now(), err);
    return rc == 0 ? read_links(demo, conninfo, err) : rc;
}

static void print_json(const struct demo *demo)
{
    const struct settings *s = &demo->settings;
    char text[256];
    json_t *links = json_array();
    for (int i = 0; i < demo->links.count; ++i) {
        snprintf(text, sizeof(text), "%s/%s", s->public_.url, demo->links.codes[i]);
        json_array_append_new(links, json_string(text));
    }
    json_t *all = json_object();
    json_object_set_new(all, "url", json_string(s->public_.url));
    json_object_set_new(all, "api", json_string(s->private_.url));
    snprintf(text, sizeof(text), "%s/", s->private_.url);
    json_object_set_new(all, "console", json_string(text));
    json_object_set_new(all, "ca", json_string(demo->certs.ca));
    json_object_set_new(all, "api_key", json_string(demo->api_key));
    snprintf(text, sizeof(text), "%s/phone", demo->panes_url);
    json_object_set_new(all, "phone", json_string(text));
    snprintf(text, sizeof(text), "%s/clock", demo->panes_url);
    json_object_set_new(all, "clock", json_string(text));
    snprintf(text, sizeof(text), "%s/callbacks/sandbox", s->public_.url);
    json_object_set_new(all, "sandbox",
                        json_pack("{s:s, s:s}", "callback", text, "secret", demo->callback_secret));
    json_object_set_new(all, "links", links);
    char *line = json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER);
    fprintf(demo->out, "%s\n", line);
    free(line);
    json_decref(all);
}

/* certs/trust lies beside the build folder this program runs from; an installed one has none. */
static bool find_trust(char out[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0)
        return false;
    self[len] = 0;
    for (int i = 0; i < 2; ++i) {
        char *slash = strrchr(self, '/');
        if (slash == NULL)
            return false;
        *slash = 0;
    }
    snprintf(out, PATH_MAX, "%.*s/certs", 3000, self);
    char trust[PATH_MAX];
    snprintf(trust, sizeof(trust), "%.*s/trust", 3500, out);
    return access(trust, X_OK) == 0;
}

static void print_words(const struct demo *demo)
{
    char certs[PATH_MAX];
    FILE *out = demo->out;
    fprintf(out,
            "\nDunlin's demo is ready. Everything in it is fictional.\n\n"
            "  Start here       %s/\n"
            "  Phone            %s/phone\n"
            "  Mail inbox       %s/inbox\n"
            "  Bank             %s/bank\n"
            "  API              %s/\n",
            demo->panes_url, demo->panes_url, demo->panes_url, demo->panes_url,
            demo->settings.private_.url);
    if (demo->links.count > 0)
        fprintf(out, "  A payment page   %s/%s\n", demo->settings.public_.url,
                demo->links.codes[0]);
    fprintf(out, "  API key          %s\n", demo->api_key);
    if (find_trust(certs))
        fprintf(out,
                "\nThe pages are on HTTPS with a certificate of this demo's own. So that your "
                "browser does not warn:\n"
                "  %s/trust %s\n"
                "and to take that back:\n"
                "  %s/untrust %s\n",
                certs, demo->certs.ca, certs, demo->certs.ca);
    fprintf(out,
            "\nPay an invoice: open the first address, tap a link on the phone, press pay.\n"
            "Everything is kept under %s%s.\n"
            "Ctrl-C ends it; the same command goes on where it stopped.\n\n",
            demo->dir, isatty(STDERR_FILENO) ? "" : ", the log too: dunlin.log");
}

static void on_ready(void *owner)
{
    struct demo *demo = owner;
    if (demo->options.is_json)
        print_json(demo);
    else
        print_words(demo);
    fflush(demo->out);
}

static int set_up(struct demo *demo, struct err *err)
{
    int rc = take_folder(demo, err);
    if (rc == 0)
        rc = take_socket(demo, err);
    if (rc == 0) {
        char certs[PATH_MAX];
        snprintf(certs, sizeof(certs), "%.*s/certs", 400, demo->dir);
        rc = demo_certs_make(certs, &demo->certs, err);
    }
    if (rc == 0)
        rc = take_secrets(demo, err);
    if (rc == 0)
        rc = take_settings(demo, err);
    if (rc == 0)
        rc = take_clock(demo, err);
    return rc == 0 ? move_log(demo, err) : rc;
}

int demo_command(int argc, char **argv)
{
    static struct demo demo; /* its settings outlive every process's main */
    struct err err = {0};
    if (!read_options(argc, argv, &demo.options))
        return usage();
    demo.out = stdout;
    demo.said = stderr;
    supervisor_block_signals();
    int rc = set_up(&demo, &err);
    if (rc == 0) {
        if (!demo.options.is_json)
            fputs("Starting (a few seconds the first time) …\n", stdout), fflush(stdout);
        log_init(LOG_INFO, "demo");
        const struct serve_options options = {.settings = &demo.settings,
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
    settings_release(&demo.settings);
    return rc == 0 ? 0 : 1;
}
