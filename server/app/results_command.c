#include "app/results_command.h"

#include "app/command_world.h"
#include "flow/results_report.h"

#include <stdio.h>

enum { OUT_MAX = 64 * 1024 * 1024 };

enum results_form { RESULTS_WORDS = 0, RESULTS_CSV, RESULTS_JSON };

struct results_run {
    struct command_world room;
    enum results_form form;
    struct results_question question;
    struct pg_query query;
};

static int print_usage(const char *mistake)
{
    if (mistake != NULL)
        fprintf(stderr, "dunlin: %s\n", mistake);
    fputs("usage: dunlin results --from DAY --to DAY [--by segment|scenario|version|step|channel|"
          "month]\n"
          "                      [--csv|--json] [--settings FILE]\n"
          "       of the debts due from the one day to the other, both included\n",
          stderr);
    return 2;
}

static void print_json(const PGresult *result)
{
    json_t *items = results_json(result);
    json_dumpf(items, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(items);
}

static void print_text(const struct results_run *run, const PGresult *result)
{
    struct buf out;
    buf_init(&out, OUT_MAX);
    if (run->form == RESULTS_CSV)
        results_csv(result, &out);
    else
        results_words(result, &out);
    fwrite(buf_span(&out).base, 1, buf_span(&out).len, stdout);
    buf_release(&out);
}

static void on_result(void *owner, const PGresult *result, const struct err *err)
{
    struct results_run *run = owner;
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (run->form == RESULTS_JSON)
        print_json(result);
    else
        print_text(run, result);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

static int ask(struct results_run *run)
{
    const struct world *world = &run->room.world;
    struct err err;
    run->question.now = world->now();
    run->question.holdout_permille = world->reminders.holdout_permille;
    if (results_ask(store_reports(world->store), &run->query, &run->question, on_result, run,
                    &err) == 0)
        return command_world_run(&run->room);
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

static const char *read_arguments(struct results_run *run, int argc, char **argv)
{
    const char *from = "", *to = "", *by = "segment";
    for (int i = 1; i < argc; ++i) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        const char **target = strcmp(argv[i], "--from") == 0 ? &from
                              : strcmp(argv[i], "--to") == 0 ? &to
                              : strcmp(argv[i], "--by") == 0 ? &by
                                                             : NULL;
        if (strcmp(argv[i], "--csv") == 0) {
            run->form = RESULTS_CSV;
        } else if (strcmp(argv[i], "--json") == 0) {
            run->form = RESULTS_JSON;
        } else if (target != NULL) {
            *target = value;
            ++i;
        } else {
            return "there is no such option";
        }
    }
    return results_read_question(span_str(from), span_str(to), span_str(by), &run->question);
}

int results_command(int argc, char **argv)
{
    struct results_run run = {.form = RESULTS_WORDS};
    const char *file = command_settings_file(&argc, argv);
    const char *mistake = argc == 0 ? "--settings names no file" : read_arguments(&run, argc, argv);
    if (mistake != NULL)
        return print_usage(mistake);
    int status = command_world_open(&run.room, "results", file);
    if (status == 0)
        status = ask(&run);
    command_world_close(&run.room);
    return status;
}
