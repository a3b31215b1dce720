#include "app/payouts_command.h"

#include "app/command_world.h"
#include "domain/money.h"
#include "flow/payout_import.h"
#include "flow/payout_report.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 64 * 1024 * 1024 };

enum payouts_form { PAYOUTS_WORDS = 0, PAYOUTS_CSV, PAYOUTS_JSON };

struct payouts_run {
    struct command_world room;
    const char *verb, *what; /* what: the file, or a payout */
    const char *provider, *account, *arrived, *currency, *date, *wait_days;
    enum payouts_form form;
    struct payout_question question;
    struct payout_file file;
    struct payout_import import;
    struct payout_report report;
    struct pg_tx tx;
    bool has_payout;
};

static int print_usage(const char *mistake)
{
    if (mistake != NULL)
        fprintf(stderr, "dunlin: %s\n", mistake);
    fputs("usage: dunlin payouts import FILE --provider P [--account A] [--json]\n"
          "       dunlin payouts note PAYOUT --provider P [--account A] --arrived AMOUNT "
          "--currency C\n"
          "       dunlin payouts report --date DAY [--wait-days N] [--csv|--json]\n"
          "       each with [--settings FILE]\n"
          "  import  what the provider has settled, from its file; see docs/payouts.md\n"
          "  note    what of a payout arrived at the bank\n"
          "  report  what of the day's payouts does not agree with the ledger or the bank\n",
          stderr);
    return 2;
}

static int fail(struct payouts_run *run, const struct err *err)
{
    (void)run;
    fprintf(stderr, "dunlin: %s\n", err->text);
    return 1;
}

static void print_json(const json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
}

/* ---- import ---- */

/* Null when it cannot be read. The bytes are the caller's. */
static char *read_file(const char *path, size_t *len)
{
    FILE *in = fopen(path, "re");
    char *bytes = in == NULL ? NULL : malloc(PAYOUT_FILE_BYTES_MAX + 1);
    *len = bytes == NULL ? 0 : fread(bytes, 1, PAYOUT_FILE_BYTES_MAX + 1, in);
    bool is_bad = bytes == NULL || ferror(in) != 0 || *len > PAYOUT_FILE_BYTES_MAX;
    if (in != NULL)
        fclose(in);
    if (!is_bad)
        return bytes;
    free(bytes);
    return NULL;
}

static void print_bad_lines(const struct payouts_run *run)
{
    const struct payout_file *file = &run->file;
    json_t *lines = json_array();
    for (size_t i = 0; i < file->bad_count && i < PAYOUT_FILE_BAD_MAX; ++i) {
        const struct payout_file_bad *bad = &file->bad[i];
        if (run->form != PAYOUTS_JSON)
            printf("line %lld%s%s: %s\n", (long long)bad->line, bad->column[0] == '\0' ? "" : ", ",
                   bad->column, bad->reason);
        json_array_append_new(lines, json_pack("{s:I, s:s, s:s}", "line", (json_int_t)bad->line,
                                               "column", bad->column, "reason", bad->reason));
    }
    json_t *told = json_pack("{s:I, s:o}", "bad", (json_int_t)file->bad_count, "bad_lines", lines);
    if (run->form == PAYOUTS_JSON)
        print_json(told);
    else
        printf("Refused, nothing was taken: %zu bad lines.\n", file->bad_count);
    json_decref(told);
}

static void on_imported(void *owner, int64_t new_count, const struct err *err)
{
    struct payouts_run *run = owner;
    bool is_good = err->code == 0 && run->file.bad_count == 0;
    json_t *told = json_pack("{s:I, s:I}", "lines", (json_int_t)run->file.line_count, "new",
                             (json_int_t)new_count);
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (!is_good)
        print_bad_lines(run);
    else if (run->form == PAYOUTS_JSON)
        print_json(told);
    else
        printf("%zu lines, %lld of them new.\n", run->file.line_count, (long long)new_count);
    json_decref(told);
    command_world_finish(&run->room, is_good ? 0 : 1);
}

static int import(struct payouts_run *run)
{
    const struct payout_account of = {span_str(run->provider), span_str(run->account)};
    struct err err;
    size_t len;
    char *bytes = read_file(run->what, &len);
    if (bytes == NULL) {
        fprintf(stderr, "dunlin: cannot read %s, or it has more than 32 MiB\n", run->what);
        return 1;
    }
    bool is_good = payout_file_read(&run->file, span_of(bytes, len), run->room.world.keys);
    free(bytes);
    if (!is_good) {
        print_bad_lines(run);
        return 1;
    }
    if (payout_import_begin(&run->import, &run->room.world, &of, &run->file, on_imported, run,
                            &err) != 0)
        return fail(run, &err);
    return command_world_run(&run->room);
}

/* ---- note ---- */

static void on_told(void *owner, const PGresult *result, const struct err *err)
{
    struct payouts_run *run = owner;
    run->has_payout = err->code == 0 && PQntuples(result) == 1;
}

static void on_noted(void *owner, const struct err *err)
{
    struct payouts_run *run = owner;
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else
        puts(run->has_payout ? "noted" : "there is no such payout");
    command_world_finish(&run->room, err->code == 0 && run->has_payout ? 0 : 1);
}

static int note(struct payouts_run *run)
{
    const char *who = getenv("USER");
    struct payout_arrival arrival = {
        .of = {span_str(run->provider), span_str(run->account)},
        .payout_id = span_str(run->what),
        .currency = span_str(run->currency),
        .by = span_str(who == NULL ? "command line" : who),
        .now = run->room.world.now(),
    };
    struct err err;
    int exponent = currency_exponent(arrival.currency);
    if (exponent < 0 || payout_amount_read(span_str(run->arrived), exponent,
                                           &arrival.amount_minor) != PAYOUT_AMOUNT_GOOD)
        return print_usage("--arrived and --currency are an amount such as 1234.50 and PLN");
    if (payout_arrive(run->room.world.store, &run->tx, &arrival, on_told, on_noted, run, &err) != 0)
        return fail(run, &err);
    return command_world_run(&run->room);
}

/* ---- report ---- */

static void on_reported(void *owner, json_t *answer, const struct err *err)
{
    struct payouts_run *run = owner;
    struct buf out;
    buf_init(&out, OUT_MAX);
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (run->form == PAYOUTS_JSON)
        print_json(answer);
    else if (run->form == PAYOUTS_CSV)
        payout_report_csv(answer, &out);
    else
        payout_report_words(answer, &out);
    fwrite(buf_span(&out).base, 1, buf_span(&out).len, stdout);
    buf_release(&out);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

static int report(struct payouts_run *run)
{
    struct err err;
    if (payout_report_begin(&run->report, store_reports(run->room.world.store), &run->question,
                            on_reported, run, &err) != 0)
        return fail(run, &err);
    return command_world_run(&run->room);
}

/* ---- the command line ---- */

static bool take_option(struct payouts_run *run, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **target;
    } options[] = {
        {"--provider", &run->provider}, {"--account", &run->account},
        {"--arrived", &run->arrived},   {"--currency", &run->currency},
        {"--date", &run->date},         {"--wait-days", &run->wait_days},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); ++i) {
        if (strcmp(name, options[i].name) != 0)
            continue;
        *options[i].target = value;
        return value != NULL;
    }
    return false;
}

static const char *read_arguments(struct payouts_run *run, int argc, char **argv)
{
    run->verb = argc < 2 ? "" : argv[1];
    bool is_report = strcmp(run->verb, "report") == 0, is_note = strcmp(run->verb, "note") == 0;
    if (!is_report && !is_note && strcmp(run->verb, "import") != 0)
        return "payouts is followed by import, note or report";
    for (int i = 2; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            run->form = PAYOUTS_JSON;
        else if (strcmp(argv[i], "--csv") == 0 && is_report)
            run->form = PAYOUTS_CSV;
        else if (argv[i][0] != '-' && run->what == NULL && !is_report)
            run->what = argv[i];
        else if (!take_option(run, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            return "there is no such option, or nothing behind it";
        else
            ++i;
    }
    if (is_report)
        return payout_read_question(span_str(run->date), span_str(run->wait_days), &run->question);
    if (run->what == NULL || run->provider == NULL)
        return is_note ? "note needs a payout and --provider"
                       : "import needs a file and --provider";
    return is_note && (run->arrived == NULL || run->currency == NULL)
               ? "note needs --arrived and --currency"
               : NULL;
}

/* A name that is mistyped would be another account for ever. */
static bool account_is_ours(const struct payouts_run *run)
{
    const struct settings *s = &run->room.settings;
    for (int i = 0; i < s->provider_count; ++i)
        if (strcmp(s->providers[i].provider, run->provider) == 0 &&
            strcmp(s->providers[i].account, run->account) == 0)
            return true;
    fprintf(stderr, "dunlin: the settings have no account \"%s\" at a provider \"%s\"\n",
            run->account, run->provider);
    return false;
}

int payouts_command(int argc, char **argv)
{
    struct payouts_run run = {.account = "default"};
    const char *file = command_settings_file(&argc, argv);
    const char *mistake = argc == 0 ? "--settings names no file" : read_arguments(&run, argc, argv);
    if (mistake != NULL)
        return print_usage(mistake);
    int status = command_world_open(&run.room, "payouts", file);
    if (status == 0 && strcmp(run.verb, "report") == 0)
        status = report(&run);
    else if (status == 0 && !account_is_ours(&run))
        status = 1;
    else if (status == 0)
        status = strcmp(run.verb, "note") == 0 ? note(&run) : import(&run);
    command_world_close(&run.room);
    payout_file_release(&run.file);
    return status;
}
