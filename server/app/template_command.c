/* A file is called <language>/<name>.<tone>.mustache, or <name>.mustache for the neutral tone, as
 * those shipped are: what a text is called is read from its path. Checking, showing and previewing
 * what is shipped or lies in a file need no database. */
#include "app/template_command.h"

#include "app/command_world.h"
#include "flow/message_sample.h"
#include "flow/message_texts.h"
#include "flow/template_check.h"
#include "flow/template_preview.h"
#include "store/template_store.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_LEN_MAX = 4096 };

/* What a text is called, and its words if they come from a file. */
struct named {
    char room[PATH_LEN_MAX];
    struct span name, tone, language, text;
    char *bytes;
};

struct template_run {
    struct command_world room;
    struct named named;
    const char *path; /* of what is to be shown */
    struct pg_query query;
    struct pg_tx tx;
    int32_t version;
};

static int print_usage(void)
{
    fputs(
        "usage: dunlin template list                     every text, and the version in force\n"
        "       dunlin template show [--shipped] NAME    its words: in force, or as they are "
        "shipped\n"
        "       dunlin template check FILE…              every mistake, with its line\n"
        "       dunlin template save FILE                in force at once\n"
        "       dunlin template preview FILE|NAME [CHANNEL]\n"
        "                                                what it becomes; of a NAME what is "
        "shipped\n"
        "list, show and save with [--settings FILE]. A NAME is LANGUAGE/NAME[.TONE], as pl/due or\n"
        "pl/late.firm, and its FILE …/pl/late.firm.mustache\n",
        stderr);
    return 2;
}

/* ---- names and files ---- */

/* The last two parts of a path. */
static bool read_name(struct named *named, const char *path)
{
    *named = (struct named){.bytes = NULL};
    snprintf(named->room, sizeof(named->room), "%s", path);
    char *slash = strrchr(named->room, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    char *folder = strrchr(named->room, '/');
    named->language = span_str(folder == NULL ? named->room : folder + 1);
    char *dot = strchr(slash + 1, '.');
    named->tone = SPAN_LIT("neutral");
    if (dot != NULL) {
        *dot = '\0';
        char *end = strrchr(dot + 1, '.');
        if (end != NULL)
            *end = '\0';
        if (strcmp(dot + 1, "mustache") != 0)
            named->tone = span_str(dot + 1);
    }
    named->name = span_str(slash + 1);
    return true;
}

static bool read_file(struct named *named, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    named->bytes = calloc(1, TEMPLATE_TEXT_MAX + 2);
    if (named->bytes == NULL)
        abort();
    named->text = span_of(named->bytes, fread(named->bytes, 1, TEMPLATE_TEXT_MAX + 1, file));
    fclose(file);
    return true;
}

/* From a file, or else what is shipped under that name. */
static bool find_text(struct named *named, const char *path)
{
    enum message_tone tone;
    enum language language;
    if (!read_name(named, path))
        return false;
    if (read_file(named, path))
        return true;
    if (!message_tone_find(named->tone, &tone) || !language_find(named->language, &language))
        return false;
    named->text = message_shipped_text(named->name, tone, language);
    return named->text.base != NULL;
}

static int no_text(const char *path)
{
    fprintf(stderr,
            "dunlin: %s is no file of a text and no text that is shipped; names are as pl/due or "
            "pl/late.firm, and `dunlin template list` has them all\n",
            path);
    return 1;
}

/* ---- without a database ---- */

static bool check(const struct named *named, const char *path)
{
    struct template_report report;
    template_check(&(struct template_draft){.name = named->name,
                                            .tone = named->tone,
                                            .language = named->language,
                                            .text = named->text,
                                            .is_plain = true},
                   &report);
    for (size_t i = 0; i < report.count; ++i)
        fprintf(stderr, "%s:%d: %s%s\n", path, report.mistakes[i].line,
                report.mistakes[i].is_warning ? "warning: " : "", report.mistakes[i].text);
    return !report.is_refused;
}

static int check_files(int count, char **paths)
{
    int status = 0;
    for (int i = 0; i < count; ++i) {
        struct named named;
        if (!read_name(&named, paths[i]) || !read_file(&named, paths[i])) {
            fprintf(stderr, "dunlin: %s cannot be read, or is not …/LANGUAGE/NAME.mustache\n",
                    paths[i]);
            status = 1;
            continue;
        }
        if (!check(&named, paths[i]))
            status = 1;
        free(named.bytes);
    }
    return status;
}

static int show(const char *path)
{
    struct named named;
    if (!find_text(&named, path))
        return no_text(path);
    fwrite(named.text.base, 1, named.text.len, stdout);
    free(named.bytes);
    return 0;
}

static int preview_channel(const struct named *named, enum message_channel channel,
                           enum language language)
{
    struct template_preview preview;
    const struct message_facts facts = message_sample(MESSAGE_SAMPLE_USUAL);
    const struct message_way way = {.channel = channel, .language = language, .is_plain = true};
    template_preview_write(&preview, named->text, &facts, &way);
    int status = preview.err.code == 0 ? 0 : 1;
    printf("-- %s", message_channel_name(channel));
    if (status == 0 && channel == MESSAGE_SMS)
        printf(": %s, %d characters, %d part%s",
               preview.sms.alphabet == SMS_GSM ? "GSM-7" : "UCS-2", (int)preview.sms.units,
               (int)preview.sms.parts, preview.sms.parts == 1 ? "" : "s");
    putchar('\n');
    if (status != 0)
        printf("%s\n\n", preview.err.text);
    else
        printf("%s%s%s\n\n", buf_span(&preview.title).base,
               buf_span(&preview.title).len > 0 ? "\n\n" : "", buf_span(&preview.body).base);
    template_preview_release(&preview);
    return status;
}

static int no_channel(const char *word)
{
    fprintf(stderr, "dunlin: %s is no channel; there are", word);
    for (int i = 0; i < MESSAGE_CHANNEL_COUNT; ++i)
        fprintf(stderr, " %s", message_channel_name((enum message_channel)i));
    fputc('\n', stderr);
    return 2;
}

static int preview(const char *path, const char *word)
{
    struct named named;
    enum message_channel only = MESSAGE_CHANNEL_COUNT;
    enum language language = LANGUAGE_POLISH;
    if (word != NULL && !message_channel_find(span_str(word), &only))
        return no_channel(word);
    if (!find_text(&named, path))
        return no_text(path);
    (void)language_find(named.language, &language);
    int status = check(&named, path) ? 0 : 1;
    unsigned channels =
        only == MESSAGE_CHANNEL_COUNT ? message_channels_in(named.text) : 1u << only;
    for (int i = 0; i < MESSAGE_CHANNEL_COUNT && status == 0; ++i)
        if ((channels >> i & 1) != 0)
            status = preview_channel(&named, (enum message_channel)i, language);
    free(named.bytes);
    return status;
}

/* ---- with one ---- */

static void finish_by(struct template_run *run, const struct err *err)
{
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

static bool is_key(const struct template_key *key, const struct message_stored *shipped)
{
    return span_is_str(key->language, language_code(shipped->language)) &&
           span_is(key->name, shipped->name) &&
           span_is_str(key->tone, message_tone_name(shipped->tone));
}

/* What is in force instead of it stands in the list already; null: nothing is known. */
static void print_shipped(void *owner, const struct message_stored *shipped)
{
    const PGresult *in_force = owner;
    for (int row = 0; in_force != NULL && row < PQntuples(in_force); ++row) {
        struct template_row read;
        template_read_row(in_force, row, &read);
        if (is_key(&read.key, shipped))
            return;
    }
    printf("%s/%.*s.%s shipped\n", language_code(shipped->language), SPAN_ARG(shipped->name),
           message_tone_name(shipped->tone));
}

static void print_in_force(const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); ++row) {
        struct template_row read;
        char at[21];
        template_read_row(result, row, &read);
        instant_print(read.created_at, at);
        printf("%.*s/%.*s.%.*s version %d of %s by %.*s\n", SPAN_ARG(read.key.language),
               SPAN_ARG(read.key.name), SPAN_ARG(read.key.tone), (int)read.version, at,
               SPAN_ARG(read.created_by));
    }
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct template_run *run = owner;
    if (err->code == 0) {
        print_in_force(result);
        message_shipped_list(print_shipped, (void *)result);
    }
    finish_by(run, err);
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct template_run *run = owner;
    const struct named *named = &run->named;
    struct span text = named->text;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct template_row read;
        template_read_row(result, row, &read);
        if (span_is(read.key.language, named->language) && span_is(read.key.name, named->name) &&
            span_is(read.key.tone, named->tone))
            text = read.text;
    }
    if (err->code == 0 && text.base != NULL)
        fwrite(text.base, 1, text.len, stdout);
    if (err->code != 0 || text.base != NULL)
        finish_by(run, err);
    else
        command_world_finish(&run->room, no_text(run->path));
}

static int start_show(struct template_run *run, struct err *err)
{
    return template_load(run->room.world.store, &run->query, on_shown, run, err);
}

static int start_list(struct template_run *run, struct err *err)
{
    return template_load(run->room.world.store, &run->query, on_listed, run, err);
}

static void on_row_saved(void *owner, const PGresult *result, const struct err *err)
{
    struct template_run *run = owner;
    if (err->code == 0)
        run->version = template_read_saved(result);
}

static void on_saved(void *owner, const struct err *err)
{
    struct template_run *run = owner;
    if (err->code == 0)
        printf("version %d is in force\n", (int)run->version);
    finish_by(run, err);
}

static int start_save(struct template_run *run, struct err *err)
{
    const struct named *named = &run->named;
    const struct template_new new = {.key = {named->name, named->tone, named->language},
                                     .text = named->text,
                                     .is_plain = true,
                                     .now = run->room.world.now(),
                                     .created_by = SPAN_LIT("command line")};
    return template_save(run->room.world.store, &run->tx, &new, on_row_saved, on_saved, run, err);
}

static int run_with_database(struct template_run *run, const char *settings_file,
                             int (*start)(struct template_run *, struct err *))
{
    struct err err;
    int status = command_world_open(&run->room, "template", settings_file);
    if (status == 0 && start(run, &err) == 0) {
        status = command_world_run(&run->room);
    } else if (status == 0) {
        fprintf(stderr, "dunlin: %s\n", err.text);
        status = 1;
    }
    command_world_close(&run->room);
    return status;
}

/* Nobody has said where a database is. */
static bool has_settings(const char *settings_file)
{
    return settings_file[0] != '\0' || getenv("DUNLIN_PUBLIC_URL") != NULL;
}

static int list(struct template_run *run, const char *settings_file)
{
    if (has_settings(settings_file))
        return run_with_database(run, settings_file, start_list);
    message_shipped_list(print_shipped, NULL);
    fputs("dunlin: these are shipped; what is in force instead is known with --settings FILE\n",
          stderr);
    return 0;
}

/* What somebody has saved, else what is shipped. */
static int show_in_force(struct template_run *run, const char *path, const char *settings_file)
{
    if (!has_settings(settings_file))
        return show(path);
    run->path = path;
    if (!find_text(&run->named, path) && !read_name(&run->named, path))
        return no_text(path);
    int status =
        run->named.bytes != NULL ? show(path) : run_with_database(run, settings_file, start_show);
    free(run->named.bytes);
    return status;
}

static int save(struct template_run *run, const char *path, const char *settings_file)
{
    if (!read_name(&run->named, path) || !read_file(&run->named, path))
        return no_text(path);
    int status = check(&run->named, path) ? run_with_database(run, settings_file, start_save) : 1;
    free(run->named.bytes);
    return status;
}

int template_command(int argc, char **argv)
{
    const char *settings_file = command_settings_file(&argc, argv);
    struct template_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        abort();
    const char *verb = argc > 1 ? argv[1] : "";
    int status = -1;
    if (strcmp(verb, "list") == 0 && argc == 2)
        status = list(run, settings_file);
    else if (strcmp(verb, "show") == 0 && argc == 4 && strcmp(argv[2], "--shipped") == 0)
        status = show(argv[3]);
    else if (strcmp(verb, "show") == 0 && argc == 3)
        status = show_in_force(run, argv[2], settings_file);
    else if (strcmp(verb, "check") == 0 && argc > 2)
        status = check_files(argc - 2, argv + 2);
    else if (strcmp(verb, "save") == 0 && argc == 3)
        status = save(run, argv[2], settings_file);
    else if (strcmp(verb, "preview") == 0 && (argc == 3 || argc == 4))
        status = preview(argv[2], argc == 4 ? argv[3] : NULL);
    free(run);
    return status < 0 ? print_usage() : status;
}
