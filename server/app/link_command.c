#include "app/link_command.h"

#include "app/command_world.h"
#include "flow/paylink_manage.h"

#include <jansson.h>
#include <stdio.h>

struct link_run {
    struct command_world room;
    enum paylink_action action;
    bool has_json;
};

static const struct {
    const char *word, *done, *same;
    enum paylink_action action;
} actions[] = {
    {"show", "", "", PAYLINK_SHOW},
    {"issue", "issued", "was there already", PAYLINK_ISSUE},
    {"revoke", "revoked", "", PAYLINK_REVOKE},
    {"replace", "issued, the old one is revoked", "", PAYLINK_REPLACE},
};

static void print_json(const struct link_run *run, const struct paylink_managed *m)
{
    const char *base = run->room.settings.public_.url;
    json_t *line = json_pack("{s:s, s:s++, s:b, s:b}", "invoice", m->number, "url", base, "/",
                             m->code, "active", m->is_active, "changed", m->is_changed);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void print_words(const struct link_run *run, const struct paylink_managed *m)
{
    const char *words = "";
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); ++i)
        if (actions[i].action == run->action)
            words = m->is_changed ? actions[i].done : actions[i].same;
    printf("%s/%s\n", run->room.settings.public_.url, m->code);
    fprintf(stderr, "%s%s%s\n", m->number, words[0] == '\0' ? "" : ": ", words);
}

static void on_managed(void *owner, const struct paylink_managed *m, const struct err *err)
{
    struct link_run *run = owner;
    bool is_good = m != NULL && m->result == PAYLINK_MANAGED;
    if (m == NULL)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (m->result == PAYLINK_NO_INVOICE)
        fputs("dunlin: there is no such invoice\n", stderr);
    else if (m->result == PAYLINK_NO_LINK)
        fputs("dunlin: this invoice has no active link; `dunlin link issue` makes one\n", stderr);
    else if (run->has_json)
        print_json(run, m);
    else
        print_words(run, m);
    command_world_finish(&run->room, is_good ? 0 : 1);
}

/* A link, with or without what stands before the code, is recognised by its key's signature. */
static struct span code_of(const struct link_run *run, const char *text)
{
    struct paylink_id id;
    const char *slash = strrchr(text, '/');
    struct span code = span_str(slash == NULL ? text : slash + 1);
    return paylink_check_code(run->room.world.keys, code, &id) ? code : (struct span){NULL, 0};
}

static int run_action(struct link_run *run, const char *what)
{
    struct err err;
    struct span code = code_of(run, what);
    struct paylink_manage_options options = {.action = run->action,
                                             .code = code,
                                             .number =
                                                 code.len > 0 ? SPAN_LIT("") : span_str(what)};
    if (paylink_manage_begin(&run->room.world, &options, on_managed, run, NULL, &err) == 0)
        return command_world_run(&run->room);
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

static bool read_arguments(struct link_run *run, int argc, char **argv, const char **what)
{
    *what = NULL;
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else if (i == 1)
            for (size_t a = 0; a < sizeof(actions) / sizeof(actions[0]); ++a)
                run->action =
                    strcmp(argv[1], actions[a].word) == 0 ? actions[a].action : run->action;
        else if (*what == NULL && argv[i][0] != '\0')
            *what = argv[i];
        else
            return false;
    }
    return run->action != 0 && *what != NULL;
}

int link_command(int argc, char **argv)
{
    struct link_run run = {.action = 0};
    const char *file = command_settings_file(&argc, argv), *what;
    if (!read_arguments(&run, argc, argv, &what)) {
        fputs("usage: dunlin link show|issue|revoke|replace INVOICE-NUMBER|LINK [--json] "
              "[--settings FILE]\n",
              stderr);
        return 2;
    }
    int status = command_world_open(&run.room, "link", file);
    if (status == 0)
        status = run_action(&run, what);
    command_world_close(&run.room);
    return status;
}
