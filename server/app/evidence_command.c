#include "app/evidence_command.h"

#include "app/command_world.h"
#include "app/evidence_paper.h"
#include "flow/evidence_check.h"
#include "flow/evidence_export.h"
#include "store/evidence_store.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 64 * 1024, READ_AT_ONCE = 64 * 1024 };

struct evidence_run {
    struct command_world room;
    const char *number, *json_file, *pdf_file, *language, *anchor;
    struct pg_query query;
};

static int print_usage(const char *mistake)
{
    if (mistake != NULL)
        fprintf(stderr, "dunlin: %s\n", mistake);
    fputs("usage: dunlin evidence --invoice NUMBER [--json FILE|--pdf FILE] [--lang pl|en]\n"
          "                       [--settings FILE]\n"
          "           all that is kept of one debt, as JSON on standard output or into a file\n"
          "       dunlin evidence check FILE.json [--anchor HASH]\n"
          "           whether an export holds; HASH is of its anchor, as it was published\n"
          "       dunlin evidence print [--lang pl|en] <FILE.json >FILE.pdf\n",
          stderr);
    return 2;
}

/* ---- files ---- */

static bool read_all(FILE *in, struct buf *out)
{
    for (;;) {
        char bytes[READ_AT_ONCE];
        size_t len = fread(bytes, 1, sizeof(bytes), in);
        buf_add(out, span_of(bytes, len));
        if (len < sizeof(bytes))
            return ferror(in) == 0 && !buf_is_overflowed(out);
    }
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return false;
    bool is_good = read_all(in, out);
    fclose(in);
    return is_good;
}

/* Null: standard output. */
static int write_file(const char *path, struct span bytes)
{
    FILE *out = path == NULL ? stdout : fopen(path, "we");
    bool is_good = out != NULL && fwrite(bytes.base, 1, bytes.len, out) == bytes.len;
    if (out != NULL && (path == NULL ? fflush(out) : fclose(out)) != 0)
        is_good = false;
    if (!is_good)
        perror(path == NULL ? "dunlin: standard output" : path);
    return is_good ? 0 : 1;
}

/* ---- export ---- */

static int write_pdf(const char *path, struct span document, const char *language)
{
    struct buf pdf;
    struct err err = {0};
    buf_init(&pdf, EVIDENCE_MAX);
    int status = 1;
    if (evidence_paper_draw(document, language, &pdf, &err) == 0)
        status = write_file(path, buf_span(&pdf));
    else
        fprintf(stderr, "dunlin: %s\n", err.text);
    buf_release(&pdf);
    return status;
}

static int write_export(const struct evidence_run *run, const PGresult *result)
{
    struct buf document;
    buf_init(&document, EVIDENCE_MAX);
    evidence_export_write(&run->room.world.creditor, result, &document);
    int status = run->pdf_file != NULL
                     ? write_pdf(run->pdf_file, buf_span(&document), run->language)
                     : write_file(run->json_file, buf_span(&document));
    buf_release(&document);
    return status;
}

static void on_collected(void *owner, const PGresult *result, const struct err *err)
{
    struct evidence_run *run = owner;
    int status = 1;
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (PQntuples(result) == 0)
        fprintf(stderr, "dunlin: there is no invoice %s\n", run->number);
    else
        status = write_export(run, result);
    command_world_finish(&run->room, status);
}

static int export(struct evidence_run *run, const char *settings_file)
{
    struct err err;
    int status = command_world_open(&run->room, "evidence", settings_file);
    if (status == 0) {
        const struct world *world = &run->room.world;
        const struct evidence_wish wish = {.number = span_str(run->number), .now = world->now()};
        status = evidence_collect(store_reports(world->store), &run->query, &wish, on_collected,
                                  run, &err);
        if (status == 0)
            status = command_world_run(&run->room);
        else
            fprintf(stderr, "dunlin: %s\n", err.text);
    }
    command_world_close(&run->room);
    return status == 0 ? 0 : 1;
}

/* ---- check ---- */

static int check(const char *path, const char *anchor)
{
    struct buf document, lines;
    struct err err = {0};
    bool holds = false;
    buf_init(&document, EVIDENCE_MAX);
    buf_init(&lines, LINES_MAX);
    if (!read_file(path, &document))
        perror(path);
    else if (evidence_check(buf_span(&document), span_str(anchor), &lines, &holds, &err) != 0)
        fprintf(stderr, "dunlin: %s: %s\n", path, err.text);
    else
        printf("%.*s%s\n", SPAN_ARG(buf_span(&lines)),
               holds ? "The evidence holds." : "THE EVIDENCE DOES NOT HOLD.");
    buf_release(&lines);
    buf_release(&document);
    return holds ? 0 : 1;
}

/* ---- print ---- */

static int print(const char *language)
{
    struct buf document;
    buf_init(&document, EVIDENCE_MAX);
    int status = 1;
    if (read_all(stdin, &document))
        status = write_pdf(NULL, buf_span(&document), language);
    buf_release(&document);
    return status;
}

/* ---- the command line ---- */

/* Options go into `run`; the words that are none into `words`, at most two. */
static const char *read_arguments(struct evidence_run *run, int argc, char **argv,
                                  const char *words[2])
{
    int word_count = 0;
    for (int i = 1; i < argc; ++i) {
        const char **target = strcmp(argv[i], "--invoice") == 0  ? &run->number
                              : strcmp(argv[i], "--json") == 0   ? &run->json_file
                              : strcmp(argv[i], "--pdf") == 0    ? &run->pdf_file
                              : strcmp(argv[i], "--lang") == 0   ? &run->language
                              : strcmp(argv[i], "--anchor") == 0 ? &run->anchor
                                                                 : NULL;
        if (target == NULL && (argv[i][0] == '-' || word_count == 2))
            return "there is no such option";
        if (target == NULL)
            words[word_count++] = argv[i];
        else if (++i == argc)
            return "an option stands without its value";
        else
            *target = argv[i];
    }
    bool is_known = strcmp(run->language, "pl") == 0 || strcmp(run->language, "en") == 0;
    return is_known ? NULL : "the language is pl or en";
}

int evidence_command(int argc, char **argv)
{
    struct evidence_run run = {.language = "pl", .anchor = ""};
    const char *words[2] = {"", NULL};
    const char *file = command_settings_file(&argc, argv);
    const char *mistake =
        argc == 0 ? "--settings names no file" : read_arguments(&run, argc, argv, words);
    if (mistake != NULL)
        return print_usage(mistake);
    if (strcmp(words[0], "check") == 0 && words[1] != NULL)
        return check(words[1], run.anchor);
    if (strcmp(words[0], "print") == 0 && words[1] == NULL)
        return print(run.language);
    if (words[0][0] != '\0' || run.number == NULL || (run.json_file && run.pdf_file))
        return print_usage(NULL);
    return export(&run, file);
}
