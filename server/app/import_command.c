/* A loop of its own with the two connections an import takes, until it is done. */
#include "app/import_command.h"

#include "app/keys.h"
#include "app/private_db.h"
#include "app/settings.h"
#include "app/settings_identity.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/keyring.h"
#include "flow/import_bad_csv.h"
#include "flow/invoice_import.h"
#include "io/timer.h"
#include "migrations.h"
#include "store/migrate.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMEOUT_MS = 120000, BAD_SHOWN_MAX = 20, BAD_PAGE = 500, BAR_WIDTH = 30 };

struct run {
    const struct import_file_options *options;
    struct world world;
    struct store *store;
    struct metrics metrics;
    bool is_done;
    struct invoice_import_result result;
    struct err err;
    /* the list of bad rows */
    struct pg_query query;
    struct import_bad_csv csv;
    struct buf text;
    FILE *bad_rows;
    int64_t behind_line;
    int shown_count;
    json_t *shown; /* --json */
    int percent_shown;
};

static void run_loop(struct run *run)
{
    run->is_done = false;
    while (!run->is_done)
        h2o_evloop_run(run->world.loop, INT32_MAX);
}

/* ---- progress ---- */

static void on_progress(void *owner, const struct invoice_import_progress *p)
{
    struct run *run = owner;
    int percent = p->size_bytes == 0 ? 0 : (int)(p->bytes_done * 100 / p->size_bytes);
    FILE *terminal = run->options->progress;
    if (terminal == NULL || percent == run->percent_shown)
        return;
    run->percent_shown = percent;
    char bar[BAR_WIDTH + 1] = "";
    for (int i = 0; i < BAR_WIDTH; ++i)
        bar[i] = i * 100 < percent * BAR_WIDTH ? '#' : '.';
    fprintf(terminal, "\r%s [%s] %3d %%", p->is_surveyed ? "importing" : "checking ", bar, percent);
    fflush(terminal);
}

static void clear_progress(const struct run *run)
{
    if (run->options->progress != NULL && run->percent_shown >= 0)
        fprintf(run->options->progress, "\r%*s\r", BAR_WIDTH + 20, "");
}

static void on_imported(void *owner, const struct invoice_import_result *result,
                        const struct err *err)
{
    struct run *run = owner;
    run->result = *result;
    run->err = *err;
    run->is_done = true;
}

/* ---- the bad rows ---- */

static void read_bad_rows(struct run *);

static void show_bad_row(struct run *run, const PGresult *result, int row)
{
    struct span column = pg_get_text(result, row, 1), value = pg_get_text(result, row, 2);
    struct span reason = pg_get_text(result, row, 3);
    long long line = pg_get_int(result, row, 0);
    if (run->shown_count++ >= BAD_SHOWN_MAX)
        return;
    if (run->shown != NULL) {
        json_t *shown = json_pack("{s:I}", "line", (json_int_t)line);
        if (column.len > 0)
            json_object_set_new(shown, "column", json_stringn(column.base, column.len));
        if (value.len > 0)
            json_object_set_new(shown, "value", json_stringn(value.base, value.len));
        json_object_set_new(shown, "reason", json_stringn(reason.base, reason.len));
        json_array_append_new(run->shown, shown);
        return;
    }
    fprintf(run->options->out, "  line %lld: ", line);
    if (column.len > 0)
        fprintf(run->options->out, "%.*s \"%.*s\": ", SPAN_ARG(column), SPAN_ARG(value));
    fprintf(run->options->out, "%.*s\n", SPAN_ARG(reason));
}

static void on_bad_rows(void *owner, const PGresult *result, const struct err *err)
{
    struct run *run = owner;
    run->err = *err;
    run->is_done = true;
    if (err->code != 0)
        return;
    buf_reset(&run->text);
    for (int row = 0; row < PQntuples(result); ++row) {
        run->behind_line = pg_get_int(result, row, 0);
        show_bad_row(run, result, row);
        import_bad_csv_row(&run->csv, run->behind_line, pg_get_text(result, row, 1),
                           pg_get_text(result, row, 3), pg_get_text(result, row, 4), &run->text);
    }
    struct span text = buf_span(&run->text);
    if (run->bad_rows != NULL && fwrite(text.base, 1, text.len, run->bad_rows) != text.len)
        err_system(&run->err, "cannot write the bad rows");
    bool goes_on = run->bad_rows != NULL && PQntuples(result) == BAD_PAGE;
    if (goes_on && run->err.code == 0)
        read_bad_rows(run);
}

static void read_bad_rows(struct run *run)
{
    run->is_done = import_bad_rows(run->store->reads, &run->query, run->result.id, run->behind_line,
                                   BAD_PAGE, on_bad_rows, run, &run->err) != 0;
}

static void on_survey(void *owner, const PGresult *result, const struct err *err)
{
    struct run *run = owner;
    run->err = *err;
    run->is_done = true;
    if (err->code != 0 || PQntuples(result) == 0)
        return;
    struct import_state state = import_state_read(result, 0);
    if (import_bad_csv_begin(&run->csv, state.survey, &run->text, &run->err) != 0)
        return;
    struct span text = buf_span(&run->text);
    if (run->bad_rows != NULL && fwrite(text.base, 1, text.len, run->bad_rows) != text.len)
        err_system(&run->err, "cannot write the bad rows");
    else
        read_bad_rows(run);
}

static void report_bad_rows(struct run *run)
{
    const char *path = run->options->bad_rows_path;
    run->bad_rows = path == NULL ? NULL : fopen(path, "we");
    if (path != NULL && run->bad_rows == NULL) {
        err_system(&run->err, "cannot write the bad rows");
        return;
    }
    buf_init(&run->text, (size_t)64 * 1024 * 1024);
    if (import_get(run->store->reads, &run->query, run->result.id, on_survey, run, &run->err) == 0)
        run_loop(run);
    buf_release(&run->text);
    if (run->bad_rows != NULL && fclose(run->bad_rows) != 0 && run->err.code == 0)
        err_system(&run->err, "cannot write the bad rows");
}

/* ---- the summary ---- */

static void print_json(struct run *run)
{
    const struct invoice_import_result *r = &run->result;
    bool has_failed = run->err.code != 0;
    json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "import", r->id, "state",
                             has_failed           ? "failed"
                             : r->problem != NULL ? "refused"
                                                  : "done",
                             "created", (json_int_t)r->created_count, "changed",
                             (json_int_t)r->changed_count, "same", (json_int_t)r->same_count, "bad",
                             (json_int_t)r->bad_count, "bad_rows", run->shown);
    if (r->problem != NULL || has_failed) {
        json_object_set_new(json, "problem",
                            json_string(r->problem != NULL ? r->problem : err_name(run->err.code)));
        json_object_set_new(json, "detail",
                            json_string(r->problem != NULL ? r->problem_detail : run->err.text));
    }
    json_dumpf(json, run->options->out, JSON_COMPACT);
    fputc('\n', run->options->out);
    json_decref(json);
}

static void print_words(const struct run *run)
{
    const struct invoice_import_result *r = &run->result;
    FILE *out = run->options->out;
    if (run->err.code != 0) {
        fprintf(out, "Not finished: %s.\n", run->err.text);
        if (r->id[0] != '\0')
            fprintf(out, "What went in stays; the same command goes on where it stopped.\n");
        return;
    }
    if (r->problem != NULL) {
        fprintf(out, "Refused, nothing was changed: %s.\n", r->problem_detail);
        return;
    }
    fprintf(out, "%lld new, %lld changed, %lld unchanged, %lld bad.\n", (long long)r->created_count,
            (long long)r->changed_count, (long long)r->same_count, (long long)r->bad_count);
    if (r->bad_count > BAD_SHOWN_MAX)
        fprintf(out, "The first %d bad rows are shown above.\n", BAD_SHOWN_MAX);
    if (r->bad_count > 0 && run->options->bad_rows_path != NULL)
        fprintf(out, "All bad rows with their reasons: %s\n", run->options->bad_rows_path);
    else if (r->bad_count > 0)
        fprintf(out,
                "--bad-rows OUT.csv writes all of them to a file, to be mended and imported.\n");
}

/* ---- in order ---- */

static void import_and_report(struct run *run, struct import_source *source)
{
    const char *slash = strrchr(run->options->path, '/');
    invoice_import_begin(&(struct invoice_import_options){
        .world = &run->world,
        .store = run->store,
        .source = source,
        .name = span_str(slash == NULL ? run->options->path : slash + 1),
        .part_rows = run->options->part_rows,
        .on_progress = on_progress,
        .on_done = on_imported,
        .owner = run});
    run_loop(run);
    clear_progress(run);
    if (run->err.code == 0 && run->result.bad_count > 0)
        report_bad_rows(run);
}

int import_file(const struct import_file_options *options)
{
    struct run run = {.options = options, .percent_shown = -1};
    h2o_loop_t *loop = h2o_evloop_create();
    run.world = (struct world){.loop = loop,
                               .metrics = &run.metrics,
                               .import_bytes_max = options->bytes_max,
                               .keys = options->keys,
                               .identity = options->identity,
                               .now = options->now};
    if (options->has_json)
        run.shown = json_array();
    struct import_source *source = import_source_file(loop, options->path, &run.err);
    if (source != NULL) {
        run.store = store_new(loop, &(struct store_options){.conninfo = options->conninfo,
                                                            .read_timeout_ms = TIMEOUT_MS,
                                                            .write_timeout_ms = TIMEOUT_MS});
        run.world.store = run.store;
        import_and_report(&run, source);
        store_free(run.store);
    }
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
    if (options->has_json)
        print_json(&run);
    else
        print_words(&run);
    return run.err.code != 0 || run.result.problem != NULL || run.result.bad_count > 0;
}

struct arguments {
    const char *path, *bad_rows, *settings;
    bool has_json;
};

static bool parse_arguments(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.settings = settings_find_file()};
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            a->has_json = true;
        else if (strcmp(argv[i], "--bad-rows") == 0 && i + 1 < argc)
            a->bad_rows = argv[++i];
        else if (strcmp(argv[i], "--settings") == 0 && i + 1 < argc)
            a->settings = argv[++i];
        else if (argv[i][0] != '-' && a->path == NULL)
            a->path = argv[i];
        else
            return false;
    }
    return a->path != NULL;
}

/* `db` stays null when the settings name a database. */
static int open_database(const struct settings *s, struct private_db **db, const char **conninfo,
                         struct err *err)
{
    int applied;
    const char *owner = s->database.owner_url[0] != '\0' ? s->database.owner_url : s->database.url;
    *conninfo = s->database.url;
    if (s->database.url[0] == '\0') {
        int bad = private_db_attach(db, s->data_dir, err);
        if (bad != 0)
            return bad;
        *conninfo = private_db_app_conninfo(*db);
        owner = private_db_owner_conninfo(*db);
    }
    return migrate_run(&(struct migrate_plan){.conninfo = owner,
                                              .files = migrations_files,
                                              .count = migrations_count},
                       &applied, err);
}

/* Where nobody is asked who they are, whoever imports need not be allowed to read the keys. */
static int load_keys(const struct settings *s, struct keyring **keys, struct err *err)
{
    if (s->identity.purposes.count == 0)
        return 0;
    int rc = keys_make_if_missing(s->link_keys_file, err);
    return rc != 0 ? rc : keys_load(s->link_keys_file, keys, err);
}

static int import_with(const struct settings *s, const struct arguments *a)
{
    struct err err = {0};
    struct private_db *db = NULL;
    struct keyring *keys = NULL;
    const char *conninfo;
    int status = 1;
    if (load_keys(s, &keys, &err) != 0 || open_database(s, &db, &conninfo, &err) != 0)
        fprintf(stderr, "dunlin: %s\n", err.text);
    else
        status = import_file(&(struct import_file_options){
            .path = a->path,
            .conninfo = conninfo,
            .bad_rows_path = a->bad_rows,
            .bytes_max = s->import.bytes_max,
            .part_rows = (size_t)s->import.part_rows,
            .keys = keys,
            .identity = settings_identity_rules(s),
            .now = clock_wall,
            .out = stdout,
            .has_json = a->has_json,
            .progress = !a->has_json && isatty(STDERR_FILENO) == 1 ? stderr : NULL});
    private_db_stop(db);
    keyring_free(keys);
    return status;
}

int import_command(int argc, char **argv)
{
    struct arguments arguments;
    struct settings settings;
    if (!parse_arguments(argc, argv, &arguments)) {
        fputs("usage: dunlin import FILE.csv [--bad-rows OUT.csv] [--json] [--settings FILE]\n",
              stderr);
        return 2;
    }
    int status = 1;
    if (settings_read_for_database(&settings, arguments.settings, stderr) == 0) {
        log_init(LOG_WARN, "import");
        status = import_with(&settings, &arguments);
    }
    settings_release(&settings);
    return status;
}
