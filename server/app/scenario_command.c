#include "app/scenario_command.h"

#include "app/command_world.h"
#include "domain/instant_text.h"
#include "flow/scenario_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct scenario_run {
    struct command_world room;
    struct pg_query query;
    const char *what; /* a name or a file */
    bool has_json;
    int32_t version;           /* 0: not said */
    struct maybe_instant from; /* --from */
    int64_t place;
    char *text; /* of the file */
    enum scenario_action action;
};

static int print_usage(void)
{
    fputs("usage: dunlin scenario presets\n"
          "       dunlin scenario list\n"
          "       dunlin scenario show NAME [--version N]\n"
          "       dunlin scenario check FILE\n"
          "       dunlin scenario save FILE\n"
          "       dunlin scenario activate NAME [--version N] [--from 2026-12-01T10:00:00Z]\n"
          "       dunlin scenario off NAME\n"
          "       dunlin scenario move NAME --position N\n"
          "       dunlin scenario use PRESET [--from 2026-12-01T10:00:00Z]\n"
          "       each with [--json] [--settings FILE]; FILE may be - for standard input\n",
          stderr);
    return 2;
}

static void print_json(json_t *taken)
{
    json_dumpf(taken, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(taken);
}

static void print_maybe(struct maybe_instant at, const char *otherwise)
{
    char text[21];
    if (at.is_there)
        instant_print(at.at, text);
    fputs(at.is_there ? text : otherwise, stdout);
}

static void finish(struct scenario_run *run, const struct err *err)
{
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

/* ---- Presets: nothing but the program is needed ---- */

static int print_presets(bool has_json)
{
    json_t *all = json_array();
    for (size_t i = 0; i < scenario_preset_count(); ++i) {
        struct scenario_preset preset = scenario_preset_at(i);
        json_array_append_new(all, scenario_json_preset(&preset));
    }
    if (has_json) {
        print_json(all);
        return 0;
    }
    for (size_t i = 0; i < json_array_size(all); ++i)
        printf("%-16s %s\n", json_string_value(json_object_get(json_array_get(all, i), "name")),
               json_string_value(json_object_get(json_array_get(all, i), "title")));
    json_decref(all);
    return 0;
}

/* ---- Looking ---- */

static void print_listed(const struct scenario_listed *s)
{
    printf("%2d. %-24.*s ", (int)s->place, SPAN_ARG(s->name));
    if (s->version == 0 && s->next_version == 0)
        printf("not in force; newest version %d", (int)s->newest_version);
    if (s->version != 0) {
        printf("version %d in force since ", (int)s->version);
        print_maybe(s->from, "");
    }
    if (s->next_version != 0) {
        printf("%sversion %d from ", s->version == 0 ? "" : ", ", (int)s->next_version);
        print_maybe(s->next_from, "");
    } else if (s->version != 0 && s->until.is_there) {
        fputs(", until ", stdout);
        print_maybe(s->until, "");
    }
    putchar('\n');
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_run *run = owner;
    json_t *all = json_array();
    for (int row = 0; result != NULL && row < PQntuples(result); ++row) {
        struct scenario_listed listed;
        scenario_read_listed(result, row, &listed);
        if (run->has_json)
            json_array_append_new(all, scenario_json_listed(&listed));
        else
            print_listed(&listed);
    }
    if (result != NULL && run->has_json)
        print_json(json_incref(all));
    if (result != NULL && !run->has_json && PQntuples(result) == 0)
        fputs("There is no scenario yet; `dunlin serve` puts the standard one in force.\n", stderr);
    json_decref(all);
    finish(run, err);
}

static int list(struct scenario_run *run, struct err *err)
{
    return scenario_list(run->room.world.store, &run->query, run->room.world.now(), on_listed, run,
                         err);
}

static void print_shown(struct scenario_run *run, const struct scenario_version *version)
{
    if (run->has_json) {
        json_t *json = scenario_json_version(version, run->room.world.now());
        json_object_set_new(json, "name", json_string(run->what));
        json_object_set_new(json, "source",
                            json_stringn(version->source.base, version->source.len));
        print_json(json);
        return;
    }
    fwrite(version->source.base, 1, version->source.len, stdout);
    fflush(stdout);
    /* Beside the text, so that it can be kept in a file as it is. */
    fprintf(stderr, "%s, version %d, saved by %.*s\n", run->what, (int)version->version,
            SPAN_ARG(version->created_by));
}

static void on_shown(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_run *run = owner;
    struct scenario_version version;
    struct err failed = *err;
    if (result != NULL && scenario_read_shown(result, &version))
        print_shown(run, &version);
    else if (result != NULL)
        err_set(&failed, ERR_INPUT, "there is no scenario %s%s: dunlin scenario list", run->what,
                run->version == 0 ? "" : " of that version");
    finish(run, &failed);
}

static int show(struct scenario_run *run, struct err *err)
{
    return scenario_show(run->room.world.store, &run->query, span_str(run->what), run->version,
                         run->room.world.now(), on_shown, run, err);
}

/* ---- Changing ---- */

static void print_mistakes(const struct scenario_run *run, const struct scenario_managed *managed)
{
    for (size_t i = 0; i < managed->mistakes->count && !run->has_json; ++i) {
        const struct scenario_mistake *m = &managed->mistakes->items[i];
        fprintf(stderr, "%s:%d:%d: %s%s%s\n", run->what, m->line, m->column, m->path,
                m->path[0] == '\0' ? "" : " ", m->text);
    }
    if (run->has_json)
        print_json(json_pack("{s:o}", "mistakes", scenario_json_mistakes(managed->mistakes)));
}

static void print_words(const struct scenario_run *run, const struct scenario_managed *m)
{
    switch (run->action) {
    case SCENARIO_CHECK:
        printf("%s is good\n", m->name);
        return;
    case SCENARIO_SAVE:
        printf(m->is_changed ? "%s is saved as version %d; to put it in force: dunlin scenario "
                               "activate %s\n"
                             : "%s is the same as version %d already\n",
               m->name, (int)m->version, m->name);
        return;
    case SCENARIO_OFF:
        printf("%s is switched off\n", m->name);
        return;
    case SCENARIO_MOVE:
        printf("%s is moved\n", m->name);
        return;
    case SCENARIO_USE:
    case SCENARIO_USE_FIRST:
    case SCENARIO_ACTIVATE:
        break;
    }
    printf("%s, version %d, is %sin force from ", m->name, (int)m->version,
           m->is_changed ? "" : "already ");
    print_maybe(m->from, "now");
    if (m->until.is_there) {
        fputs(" until ", stdout);
        print_maybe(m->until, "");
    }
    putchar('\n');
}

static void on_managed(void *owner, const struct scenario_managed *managed, const struct err *err)
{
    struct scenario_run *run = owner;
    bool is_done = managed != NULL && managed->result == SCENARIO_DONE;
    if (managed == NULL)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (managed->result == SCENARIO_WRONG)
        print_mistakes(run, managed);
    else if (!is_done)
        fprintf(stderr, "dunlin: %s: %s\n", run->what, scenario_result_text(managed->result));
    else if (run->has_json)
        print_json(scenario_json_managed(managed));
    else
        print_words(run, managed);
    command_world_finish(&run->room, is_done ? 0 : 1);
}

static int order(struct scenario_run *run, enum scenario_action action, struct span text,
                 struct err *err)
{
    const struct scenario_order order = {.action = action,
                                         .text = text,
                                         .name = span_str(run->what),
                                         .is_preset = action == SCENARIO_USE,
                                         .version = run->version,
                                         .from = run->from,
                                         .place = run->place,
                                         .by = SPAN_LIT("command line")};
    run->action = action;
    return scenario_manage_begin(&run->room.world, &order, on_managed, run, err);
}

/* One byte more than is taken tells that a file is too long. */
static int read_file(struct scenario_run *run, struct span *text, struct err *err)
{
    bool is_input = strcmp(run->what, "-") == 0;
    FILE *file = is_input ? stdin : fopen(run->what, "rb");
    if (file == NULL)
        return err_set(err, ERR_SYSTEM, "%s: %s", run->what, strerror(errno));
    run->text = malloc(SCENARIO_YAML_BYTES_MAX + 1);
    if (run->text == NULL)
        abort();
    size_t len = fread(run->text, 1, SCENARIO_YAML_BYTES_MAX + 1, file);
    int failed = ferror(file) ? err_set(err, ERR_SYSTEM, "%s cannot be read", run->what) : 0;
    if (!is_input)
        fclose(file);
    *text = span_of(run->text, len);
    return failed;
}

static int order_with_file(struct scenario_run *run, enum scenario_action action, struct err *err)
{
    struct span text = {NULL, 0};
    int failed = read_file(run, &text, err);
    return failed != 0 ? failed : order(run, action, text, err);
}

static int check(struct scenario_run *run, struct err *err)
{
    return order_with_file(run, SCENARIO_CHECK, err);
}

static int save(struct scenario_run *run, struct err *err)
{
    return order_with_file(run, SCENARIO_SAVE, err);
}

static int activate(struct scenario_run *run, struct err *err)
{
    return order(run, SCENARIO_ACTIVATE, span_str(""), err);
}

static int switch_off(struct scenario_run *run, struct err *err)
{
    return order(run, SCENARIO_OFF, SPAN_LIT(""), err);
}

static int move(struct scenario_run *run, struct err *err)
{
    if (run->place == 0)
        return err_set(err, ERR_INPUT, "move wants --position N");
    return order(run, SCENARIO_MOVE, SPAN_LIT(""), err);
}

static int use(struct scenario_run *run, struct err *err)
{
    struct scenario_preset preset;
    if (!scenario_preset_find(span_str(run->what), &preset))
        return err_set(err, ERR_INPUT, "there is no preset %s: dunlin scenario presets", run->what);
    return order(run, SCENARIO_USE, preset.text, err);
}

/* ---- The command line ---- */

static const struct verb {
    const char *word;
    int (*start)(struct scenario_run *, struct err *);
    bool wants_what, takes_version, takes_from, takes_place;
} verbs[] = {
    {"list", list, false, false, false, false},      {"show", show, true, true, false, false},
    {"check", check, true, false, false, false},     {"save", save, true, false, false, false},
    {"activate", activate, true, true, true, false}, {"off", switch_off, true, false, false, false},
    {"move", move, true, false, false, true},        {"use", use, true, false, true, false},
};

static const struct verb *find_verb(const char *word)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); ++i)
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    return NULL;
}

static bool read_number(const char *text, int64_t *value)
{
    char *end;
    *value = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *value >= 1 && *value <= 1000000;
}

/* An option with its value; false when it is none that the verb takes. */
static bool read_option(struct scenario_run *run, const struct verb *verb, const char *name,
                        const char *value)
{
    int64_t number = 0;
    if (strcmp(name, "--from") == 0 && verb->takes_from) {
        run->from.is_there = true;
        return instant_read(span_str(value), &run->from.at);
    }
    if (!read_number(value, &number))
        return false;
    if (strcmp(name, "--version") == 0 && verb->takes_version)
        run->version = (int32_t)number;
    else if (strcmp(name, "--position") == 0 && verb->takes_place)
        run->place = number;
    else
        return false;
    return true;
}

static bool read_arguments(struct scenario_run *run, const struct verb *verb, int argc, char **argv)
{
    for (int i = 2; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !read_option(run, verb, argv[i], argv[i + 1]))
                return false;
            ++i;
        } else if (run->what == NULL && verb->wants_what && argv[i][0] != '\0') {
            run->what = argv[i];
        } else {
            return false;
        }
    }
    return (run->what != NULL) == verb->wants_what;
}

static int run_verb(struct scenario_run *run, const struct verb *verb)
{
    struct err err = {0};
    if (verb->start(run, &err) == 0)
        return command_world_run(&run->room);
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

int scenario_command(int argc, char **argv)
{
    static struct scenario_run run;
    const char *file = command_settings_file(&argc, argv);
    const struct verb *verb = argc < 2 ? NULL : find_verb(argv[1]);
    if (argc >= 2 && strcmp(argv[1], "presets") == 0 &&
        (argc == 2 || (argc == 3 && strcmp(argv[2], "--json") == 0)))
        return print_presets(argc == 3);
    run = (struct scenario_run){.what = NULL};
    if (verb == NULL || !read_arguments(&run, verb, argc, argv))
        return print_usage();
    int status = command_world_open(&run.room, "scenario", file);
    if (status == 0)
        status = run_verb(&run, verb);
    command_world_close(&run.room);
    free(run.text);
    return status;
}
