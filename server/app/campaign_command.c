/* `make` checks the file on connections and a loop of its own, as `dunlin import` does; the rest
 * are a question or a decision each. Long waits have a bar on a terminal. */
#include "app/campaign_command.h"

#include "app/command_world.h"
#include "base/metrics.h"
#include "flow/campaign_decide.h"
#include "flow/campaign_status.h"
#include "flow/campaign_text.h"
#include "flow/import_bad_csv.h"
#include "flow/invoice_import.h"
#include "store/store.h"

#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BAD_SHOWN_MAX = 20, BAR_WIDTH = 30, BY_MAX = 120, CALL_HOURS_DEFAULT = 48 };

struct campaign_run {
    struct command_world room;
    bool has_json, is_plain, is_stop;
    const char *what; /* the file, or a campaign's name or id */
    const char *name, *text, *send_at, *queue, *hours;
    char by[BY_MAX + 1];
    int64_t id; /* of the one that is made, or shown */
    struct campaign_new new;
    struct metrics metrics; /* nobody reads them */
    struct err err;
    struct pg_query query;
    struct pg_tx tx;
    int percent_shown, shown_count;
    bool has_bad;
    json_t *json, *bad; /* the answer so far; the first bad rows */
};

/* ---- endings ---- */

static void fail(struct campaign_run *run, const char *text)
{
    fprintf(stderr, "dunlin: %s\n", text);
    command_world_finish(&run->room, 1);
}

static void print_json(json_t *taken)
{
    json_dumpf(taken, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(taken);
}

/* Who types: behind sudo still the person. */
static void find_who(char by[BY_MAX + 1])
{
    const char *before_sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());
    snprintf(by, BY_MAX + 1, "user:%s",
             before_sudo != NULL && before_sudo[0] != '\0' ? before_sudo
             : user != NULL                                ? user->pw_name
                                                           : "unknown");
}

/* A name or an id. */
static int64_t id_of(const char *what)
{
    char *end = NULL;
    errno = 0;
    long long id = strtoll(what, &end, 10);
    return *end == '\0' && errno == 0 && id > 0 ? id : 0;
}

static int find(struct campaign_run *run, const char *what, pg_result_cb on_found)
{
    return campaign_find(run->room.world.store->writes, &run->query, id_of(what), span_str(what),
                         on_found, run, &run->err);
}

/* ---- showing ---- */

static void print_when(const char *label, struct instant at)
{
    char text[21];
    instant_print(at, text);
    printf("%s %s\n", label, text);
}

static void print_price(const struct campaign_row *c)
{
    struct buf price;
    buf_init(&price, 64);
    campaign_print_price(&price, c->price_micro);
    printf("%lld messages, %lld parts, price %.*s\n", (long long)c->row_count,
           (long long)c->part_count, SPAN_ARG(buf_span(&price)));
    buf_release(&price);
}

static void print_status(const struct campaign_row *c)
{
    printf("campaign %lld, %.*s: %s\n", (long long)c->id, SPAN_ARG(c->name),
           campaign_state_word(c->state));
    if (c->state == CAMPAIGN_CHECKING)
        printf("%d %% of its file, %lld rows, %lld bad\n", (int)(campaign_progress(c) * 100),
               (long long)c->read_count, (long long)c->bad_so_far);
    else if (c->problem.base != NULL)
        printf("refused: %.*s\n", SPAN_ARG(c->problem_detail));
    else
        print_price(c);
    if (c->state != CAMPAIGN_CHECKING && c->bad_count > 0)
        printf("%lld rows are bad and get no message\n", (long long)c->bad_count);
    print_when("goes out at", c->send_at);
    if (c->approved_by.base != NULL)
        printf("approved by %.*s\n", SPAN_ARG(c->approved_by));
    if (c->stopped_by.base != NULL)
        printf("stopped by %.*s\n", SPAN_ARG(c->stopped_by));
}

static void print_samples(const json_t *samples)
{
    size_t i;
    json_t *sample;
    json_array_foreach(samples, i, sample)
        printf("\n%s (line %lld, %lld %s, %s):\n  %s\n",
               json_string_value(json_object_get(sample, "which")),
               (long long)json_integer_value(json_object_get(sample, "line")),
               (long long)json_integer_value(json_object_get(sample, "parts")),
               json_integer_value(json_object_get(sample, "parts")) == 1 ? "part" : "parts",
               json_string_value(json_object_get(sample, "alphabet")),
               json_string_value(json_object_get(sample, "text")));
}

static void print_warnings(const json_t *warnings)
{
    size_t i;
    json_t *warning;
    json_array_foreach(warnings, i, warning)
        printf("look again at the text: %s\n", json_string_value(warning));
}

static void on_samples(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0) {
        fail(run, err->text);
        return;
    }
    json_t *samples = campaign_samples_json(&run->room.world, result);
    json_object_set_new(run->json, "samples", samples);
    const char *state = json_string_value(json_object_get(run->json, "state"));
    const char *name = json_string_value(json_object_get(run->json, "name"));
    if (!run->has_json) {
        print_samples(samples);
        print_warnings(json_object_get(run->json, "warnings"));
        if (strcmp(state, "checked") == 0)
            printf("\napprove with: dunlin campaign approve \"%s\"\n", name);
    } else {
        if (json_array_size(run->bad) > 0)
            json_object_set(run->json, "bad_rows", run->bad);
        print_json(json_incref(run->json));
    }
    command_world_finish(&run->room, strcmp(state, "refused") == 0 || run->has_bad ? 1 : 0);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0 || PQntuples(result) == 0) {
        fail(run, err->code != 0 ? err->text : "there is no such campaign");
        return;
    }
    struct campaign_row c = campaign_read(result, 0);
    json_decref(run->json);
    run->json = campaign_status_json(&c);
    if (!run->has_json)
        print_status(&c);
    if (campaign_samples(run->room.world.store->reads, &run->query, c.id, on_samples, run,
                         &run->err) != 0)
        fail(run, run->err.text);
}

static void show(struct campaign_run *run)
{
    int rc = run->id != 0 ? campaign_find(run->room.world.store->writes, &run->query, run->id,
                                          (struct span){NULL, 0}, on_shown, run, &run->err)
                          : find(run, run->what, on_shown);
    if (rc != 0)
        fail(run, run->err.text);
}

/* ---- the list ---- */

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0) {
        fail(run, err->text);
        return;
    }
    json_t *items = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct campaign_row c = campaign_read(result, row);
        if (run->has_json)
            json_array_append_new(items, campaign_status_json(&c));
        else
            printf("%6lld  %-9s  %8lld rows  %.*s\n", (long long)c.id, campaign_state_word(c.state),
                   (long long)c.row_count, SPAN_ARG(c.name));
    }
    if (run->has_json)
        print_json(items);
    else
        json_decref(items);
    command_world_finish(&run->room, 0);
}

static void list(struct campaign_run *run)
{
    if (campaign_list(run->room.world.store->reads, &run->query, INT64_MAX, 100, on_listed, run,
                      &run->err) != 0)
        fail(run, run->err.text);
}

/* ---- deciding ---- */

static void on_decided(void *owner, const struct campaign_decision *decision, const struct err *err)
{
    struct campaign_run *run = owner;
    const char *why = err->code != 0        ? err->text
                      : !decision->is_known ? "there is no such campaign"
                                            : campaign_verdict_text(decision->verdict);
    if (why != NULL) {
        fail(run, why);
        return;
    }
    if (run->has_json)
        print_json(json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)decision->id, "state",
                             run->is_stop ? "stopped" : "approved", "by", run->by, "cancelled",
                             (json_int_t)decision->cancelled_count));
    else if (run->is_stop)
        printf("%s is stopped; %lld messages do not go any more\n", decision->name,
               (long long)decision->cancelled_count);
    else
        printf("%s is approved by %s; stop with: dunlin campaign stop \"%s\"\n", decision->name,
               run->by, decision->name);
    command_world_finish(&run->room, 0);
}

static void decide(struct campaign_run *run)
{
    const struct campaign_order order = {.is_stop = run->is_stop,
                                         .id = id_of(run->what),
                                         .name = span_str(run->what),
                                         .by = span_str(run->by)};
    if (campaign_decide_begin(&run->room.world, &order, on_decided, run, &run->err) != 0)
        fail(run, run->err.text);
}

/* ---- results ---- */

static void print_results(const json_t *json)
{
    static const char *const rows[][2] = {{"rows", "messages"},
                                          {"waiting", "still to go"},
                                          {"sent", "sent"},
                                          {"delivered", "delivered"},
                                          {"opened", "opened"},
                                          {"paid_within_48h", "paid within 48 hours"},
                                          {"settled_within_48h", "of them in full"},
                                          {"cancelled", "not sent: paid before, or stopped"},
                                          {"held_out", "held out, for comparison"},
                                          {"not_reached", "not reached"},
                                          {"call_list", "on the call list"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        printf("%8lld  %s\n", (long long)json_integer_value(json_object_get(json, rows[i][0])),
               rows[i][1]);
    struct buf cost;
    buf_init(&cost, 64);
    campaign_print_price(&cost, json_integer_value(json_object_get(json, "cost_micro")));
    printf("%8.*s  cost\n", SPAN_ARG(buf_span(&cost)));
    buf_release(&cost);
    size_t i;
    json_t *money;
    json_array_foreach(json_object_get(json, "money"), i, money)
    {
        json_int_t paid = json_integer_value(json_object_get(money, "paid_within_48h_minor"));
        printf("%5lld.%02d  %s paid within 48 hours\n", (long long)(paid / 100), (int)(paid % 100),
               json_string_value(json_object_get(money, "currency")));
    }
}

static void on_results(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0) {
        fail(run, err->text);
        return;
    }
    json_t *json = campaign_results_json(result);
    if (run->has_json) {
        print_json(json);
    } else {
        print_results(json);
        json_decref(json);
    }
    command_world_finish(&run->room, 0);
}

static void on_found_for_results(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0 || PQntuples(result) == 0)
        fail(run, err->code != 0 ? err->text : "there is no such campaign");
    else if (campaign_results(run->room.world.store->reads, &run->query, pg_get_int(result, 0, 0),
                              on_results, run, &run->err) != 0)
        fail(run, run->err.text);
}

static void results(struct campaign_run *run)
{
    if (find(run, run->what, on_found_for_results) != 0)
        fail(run, run->err.text);
}

/* ---- making one: the row, the file, the preview ---- */

static void on_progress(void *owner, const struct invoice_import_progress *p)
{
    struct campaign_run *run = owner;
    int percent = p->size_bytes == 0 ? 0 : (int)(p->bytes_done * 100 / p->size_bytes);
    char bar[BAR_WIDTH + 1] = "";
    if (run->has_json || isatty(STDERR_FILENO) != 1 || percent == run->percent_shown)
        return;
    run->percent_shown = percent;
    for (int i = 0; i < BAR_WIDTH; ++i)
        bar[i] = i * 100 < percent * BAR_WIDTH ? '#' : '.';
    fprintf(stderr, "\r%s [%s] %3d %%", p->is_surveyed ? "checking" : "reading ", bar, percent);
}

static void on_bad_rows(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct span column = pg_get_text(result, row, 1), reason = pg_get_text(result, row, 3);
        long long line = pg_get_int(result, row, 0);
        if (!run->has_json)
            printf("  line %lld: %.*s%s%.*s\n", line, SPAN_ARG(column), column.len > 0 ? ": " : "",
                   SPAN_ARG(reason));
        json_array_append_new(run->bad, json_pack("{s:I, s:s%, s:s%}", "line", (json_int_t)line,
                                                  "column", column.len > 0 ? column.base : "",
                                                  column.len, "reason", reason.base, reason.len));
    }
    show(run);
}

static void on_checked(void *owner, const struct invoice_import_result *result,
                       const struct err *err)
{
    struct campaign_run *run = owner;
    struct err failed;
    if (run->percent_shown >= 0)
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 20, "");
    if (err->code != 0) {
        if (!run->has_json)
            fputs("What was read stays; the same command goes on where it stopped.\n", stderr);
        fail(run, err->text);
        return;
    }
    run->has_bad = result->bad_count > 0;
    if (result->problem != NULL || !run->has_bad ||
        import_bad_rows(run->room.world.store->reads, &run->query, result->id, 0, BAD_SHOWN_MAX,
                        on_bad_rows, run, &failed) != 0)
        show(run);
}

static void check_file(struct campaign_run *run)
{
    const char *slash = strrchr(run->what, '/');
    struct import_source *source = import_source_file(run->room.world.loop, run->what, &run->err);
    if (source == NULL) {
        fail(run, run->err.text);
        return;
    }
    invoice_import_begin(
        &(struct invoice_import_options){.world = &run->room.world,
                                         .store = run->room.world.store,
                                         .source = source,
                                         .name = span_str(slash == NULL ? run->what : slash + 1),
                                         .campaign = {.id = run->id,
                                                      .name = run->new.name,
                                                      .template = run->new.template,
                                                      .is_plain = run->new.is_plain},
                                         .part_rows = (size_t)run->room.settings.import.part_rows,
                                         .on_progress = on_progress,
                                         .on_done = on_checked,
                                         .owner = run});
}

static void on_made_row(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code == 0 && PQntuples(result) == 1)
        run->id = pg_get_int(result, 0, 0);
}

static void on_made(void *owner, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0 || run->id == 0)
        fail(run, err->code != 0 ? err->text : "there is a campaign of that name");
    else
        check_file(run);
}

/* One of that name whose making was cut off goes on, when it says the same. */
static void on_namesake(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_run *run = owner;
    if (err->code != 0) {
        fail(run, err->text);
        return;
    }
    if (PQntuples(result) == 1) {
        struct campaign_row c = campaign_read(result, 0);
        bool is_same = c.state == CAMPAIGN_CHECKING && span_is(c.template, run->new.template) &&
                       c.is_plain == run->new.is_plain &&span_is(c.queue, run->new.queue);
        if (is_same) {
            run->id = c.id;
            check_file(run);
            return;
        }
    }
    if (pg_tx_begin(run->room.world.store->writes, &run->tx, on_made, run, &run->err) != 0) {
        fail(run, run->err.text);
        return;
    }
    campaign_add_create(&run->tx, &run->new, on_made_row);
    pg_tx_commit(&run->tx);
}

static void make(struct campaign_run *run)
{
    run->new = (struct campaign_new){.name = span_str(run->name),
                                     .template = span_str(run->text),
                                     .channel = SPAN_LIT("sms"),
                                     .queue = span_str(run->queue != NULL ? run->queue : "calls"),
                                     .created_by = span_str(run->by),
                                     .now = run->room.world.now(),
                                     .call_after_hours = run->hours != NULL ? id_of(run->hours)
                                                                            : CALL_HOURS_DEFAULT,
                                     .is_plain = run->is_plain};
    /* The file first: a campaign without one would take the name. */
    if (access(run->what, R_OK) != 0) {
        err_system(&run->err, "cannot read the file");
        fail(run, run->err.text);
        return;
    }
    if (campaign_new_check(&run->new, span_str(run->send_at), &run->err) != 0 ||
        campaign_find(run->room.world.store->writes, &run->query, 0, run->new.name, on_namesake,
                      run, &run->err) != 0)
        fail(run, run->err.text);
}

/* ---- the command line ---- */

static const struct {
    const char *word;
    bool wants_one, is_stop;
    void (*run)(struct campaign_run *);
} verbs[] = {
    {"make", true, false, make},   {"approve", true, false, decide},  {"stop", true, true, decide},
    {"status", true, false, show}, {"results", true, false, results}, {"list", false, false, list},
};
enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static int find_verb(const char *word)
{
    int i = 0;
    while (i < VERB_COUNT && strcmp(verbs[i].word, word) != 0)
        ++i;
    return i;
}

static bool read_arguments(struct campaign_run *run, int argc, char **argv, int *verb)
{
    const struct {
        const char *option, **value;
    } options[] = {{"--name", &run->name},
                   {"--text", &run->text},
                   {"--send-at", &run->send_at},
                   {"--queue", &run->queue},
                   {"--call-after-hours", &run->hours}};
    *verb = argc < 2 ? VERB_COUNT : find_verb(argv[1]);
    bool is_make = *verb == 0;
    for (int i = 2; i < argc; ++i) {
        size_t o = 0;
        while (o < sizeof options / sizeof *options && strcmp(argv[i], options[o].option) != 0)
            ++o;
        if (o < sizeof options / sizeof *options && is_make && i + 1 < argc)
            *options[o].value = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else if (strcmp(argv[i], "--keep-letters") == 0 && is_make)
            run->is_plain = false;
        else if (argv[i][0] != '-' && argv[i][0] != '\0' && run->what == NULL)
            run->what = argv[i];
        else
            return false;
    }
    if (*verb == VERB_COUNT || verbs[*verb].wants_one != (run->what != NULL))
        return false;
    return !is_make || (run->name != NULL && run->text != NULL && run->send_at != NULL);
}

int campaign_command(int argc, char **argv)
{
    struct campaign_run run = {.is_plain = true, .percent_shown = -1};
    const char *file = command_settings_file(&argc, argv);
    int verb;
    if (!read_arguments(&run, argc, argv, &verb)) {
        fputs("usage: dunlin campaign make FILE.csv --name NAME --text TEXT --send-at TIME\n"
              "                            [--queue QUEUE] [--call-after-hours N] "
              "[--keep-letters]\n"
              "       dunlin campaign list\n"
              "       dunlin campaign status|approve|stop|results NAME|ID\n"
              "       each with [--json] [--settings FILE]\n",
              stderr);
        return 2;
    }
    run.bad = json_array();
    run.is_stop = verbs[verb].is_stop;
    find_who(run.by);
    int status = command_world_open(&run.room, "campaign", file);
    run.room.world.metrics = &run.metrics;
    if (status == 0) {
        verbs[verb].run(&run);
        status = command_world_run(&run.room);
    }
    json_decref(run.json);
    json_decref(run.bad);
    command_world_close(&run.room);
    return status;
}
