/* Lists are read page by page and written as they come. */
#include "app/calls_command.h"

#include "app/command_world.h"
#include "flow/work_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_ROWS = 500, PAGE_MAX = 8 * 1024 * 1024, EXPORT_MAX = 5000, LINE_MAX_ = 64 * 1024 };

struct run {
    struct command_world room;
    bool is_handover;
    const char *id, *queue, *state, *outcome, *until, *note, *by, *exported;
    struct work_item_search search;
    struct pg_query query;
    struct pg_tx tx;
    int64_t count;
    bool is_first;
};

static int print_usage(bool is_handover)
{
    fputs(is_handover
              ? "usage: dunlin handover [--queue QUEUE] [--settings FILE]      the file, as CSV\n"
                "       dunlin handover --exported FILE.csv [--settings FILE]  it has arrived\n"
              : "usage: dunlin calls [--queue QUEUE] [--state open|taken|done] [--settings FILE]\n"
                "       dunlin calls ID --outcome reached|promised|paid|no_answer|wrong_number|\n"
                "           refused [--until DATE] [--note TEXT] [--by NAME] [--settings FILE]\n",
          stderr);
    return 2;
}

static bool read_arguments(struct run *run, int argc, char **argv)
{
    const struct {
        const char *name, **value;
        bool is_for_calls, is_for_handover;
    } options[] = {
        {"--queue", &run->queue, true, true},       {"--state", &run->state, true, false},
        {"--outcome", &run->outcome, true, false},  {"--until", &run->until, true, false},
        {"--note", &run->note, true, false},        {"--by", &run->by, true, false},
        {"--exported", &run->exported, false, true}};
    for (int i = 1; i < argc; ++i) {
        const char **value = NULL;
        for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); ++o)
            if (strcmp(argv[i], options[o].name) == 0 &&
                (run->is_handover ? options[o].is_for_handover : options[o].is_for_calls))
                value = options[o].value;
        if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else if (argv[i][0] != '-' && run->id == NULL && !run->is_handover)
            run->id = argv[i];
        else
            return false;
    }
    return run->id == NULL || run->outcome != NULL || run->by != NULL;
}

static void fail(struct run *run, const char *why)
{
    fprintf(stderr, "dunlin: %s\n", why);
    command_world_finish(&run->room, 1);
}

/* ---- lists ---- */

static void read_page(struct run *run);

static void print_page(struct run *run, const PGresult *result, int count)
{
    struct buf out;
    buf_init(&out, PAGE_MAX);
    int32_t today = (int32_t)(instant_seconds(run->search.now) / 86400);
    if (run->is_first && run->is_handover)
        work_list_handovers_head(&out);
    else if (run->is_first)
        work_list_calls_head(&out);
    run->is_first = false;
    for (int row = 0; row < count; ++row) {
        struct work_item item;
        work_item_read(result, row, &item);
        if (run->is_handover)
            work_list_handovers_row(&item, date_from_days(today), &out);
        else
            work_list_calls_row(&item, &out);
        run->search.after = item.key;
        run->search.after_at = item.created_at;
    }
    fwrite(buf_span(&out).base, 1, buf_span(&out).len, stdout);
    buf_release(&out);
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct run *run = owner;
    if (err->code != 0) {
        fail(run, err->text);
        return;
    }
    int count = PQntuples(result);
    print_page(run, result, count);
    if (count == PAGE_ROWS)
        read_page(run);
    else
        command_world_finish(&run->room, 0);
}

static void read_page(struct run *run)
{
    struct err err;
    if (work_item_list(run->room.world.store, &run->query, &run->search, on_listed, run, &err) != 0)
        fail(run, err.text);
}

static void list(struct run *run)
{
    struct instant now = run->room.world.now();
    int64_t in_flight_s = run->room.settings.payments.in_flight_seconds;
    run->is_first = true;
    run->search = (struct work_item_search){
        .list = run->is_handover ? "handover" : "call",
        .queue = run->queue == NULL ? (struct span){NULL, 0} : span_str(run->queue),
        .states = {run->state == NULL ? "open" : run->state, run->state == NULL ? "taken" : NULL},
        .at_most = PAGE_ROWS,
        .now = now,
        .in_flight_since = {now.us - in_flight_s * 1000000}};
    read_page(run);
}

/* ---- what came of a call ---- */

static void on_row(void *owner, const PGresult *result, const struct err *err)
{
    struct run *run = owner;
    if (err->code == 0)
        run->count = run->is_handover ? pg_get_int(result, 0, 0) : PQntuples(result);
}

static void on_done(void *owner, const struct err *err)
{
    struct run *run = owner;
    if (err->code != 0)
        fail(run, err->text);
    else if (run->is_handover)
        printf("%lld marked as handed over\n", (long long)run->count);
    else if (run->count == 0)
        fprintf(stderr, "dunlin: there is no such call\n");
    command_world_finish(&run->room, err->code != 0 || (!run->is_handover && run->count == 0));
}

static struct span span_or_none(const char *text)
{
    return text == NULL ? (struct span){NULL, 0} : span_str(text);
}

static void settle(struct run *run)
{
    struct work_item_outcome outcome = {.state = {NULL, 0}};
    const struct work_call call = {.outcome = span_or_none(run->outcome),
                                   .taken_by = span_or_none(run->by),
                                   .note = span_or_none(run->note),
                                   .until = span_or_none(run->until)};
    struct err err = {0};
    if (!work_item_read_id(span_str(run->id), &outcome.key))
        fail(run, "this is no id of the call list");
    else if (work_list_judge(&call, &run->room.world.promises, run->room.world.now(), &outcome,
                             &err) != 0 ||
             work_item_settle(run->room.world.store, &run->tx, &outcome, on_row, on_done, run,
                              &err) != 0)
        fail(run, err.text);
}

/* ---- hand-over ---- */

/* The ids stand in the first column; the head and the byte order mark are none. */
static int read_ids(const char *path, struct work_item_key *keys, size_t *count)
{
    char *line = malloc(LINE_MAX_);
    FILE *file = fopen(path, "re");
    *count = 0;
    if (file == NULL || line == NULL) {
        fprintf(stderr, "dunlin: %s: %s\n", path, strerror(errno));
        free(line);
        return 1;
    }
    while (*count < EXPORT_MAX && fgets(line, LINE_MAX_, file) != NULL)
        if (work_item_read_id(span_of(line, strcspn(line, ";\r\n")), &keys[*count]))
            ++*count;
    bool is_cut = !feof(file) && fgets(line, LINE_MAX_, file) != NULL;
    fclose(file);
    free(line);
    if (is_cut)
        fprintf(stderr, "dunlin: %s has more than %d cases: mark it in parts\n", path, EXPORT_MAX);
    return is_cut;
}

static void mark_exported(struct run *run)
{
    struct work_item_key *keys = calloc(EXPORT_MAX, sizeof(*keys));
    struct err err;
    size_t count;
    if (keys == NULL)
        abort();
    if (read_ids(run->exported, keys, &count) != 0)
        command_world_finish(&run->room, 1);
    else if (work_item_export(run->room.world.store, &run->tx, keys, count, run->room.world.now(),
                              on_row, on_done, run, &err) != 0)
        fail(run, err.text);
    free(keys);
}

static int run_command(int argc, char **argv, bool is_handover)
{
    struct run run = {.is_handover = is_handover};
    const char *file = command_settings_file(&argc, argv);
    if (argc == 0 || !read_arguments(&run, argc, argv))
        return print_usage(is_handover);
    int status = command_world_open(&run.room, argv[0], file);
    if (status == 0) {
        if (run.exported != NULL)
            mark_exported(&run);
        else if (run.id != NULL)
            settle(&run);
        else
            list(&run);
        status = command_world_run(&run.room);
    }
    command_world_close(&run.room);
    return status;
}

int calls_command(int argc, char **argv)
{
    return run_command(argc, argv, false);
}

int handover_command(int argc, char **argv)
{
    return run_command(argc, argv, true);
}
