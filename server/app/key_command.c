#include "app/key_command.h"

#include "app/command_world.h"
#include "app/keys.h"
#include "store/api_key_store.h"
#include "store/store.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What a key may be allowed to do. */
static const char *const scopes[] = {
    "imports",   "invoices",  "paylinks",  "callbacks", "devices",  "scenarios", "customers",
    "templates", "sending",   "campaigns", "calls",     "results",  "refunds",   "refund_approvals",
    "payouts",   "providers", "disputes",  "plans",     "evidence", "offers",    "offer_approvals",
};
enum { SCOPE_COUNT = sizeof(scopes) / sizeof(scopes[0]) };

struct key_run {
    struct command_world room;
    bool has_json;
    int argc; /* what stands behind the verb */
    char **argv;
    char text[API_KEY_TEXT_MAX];
    struct api_key key;
    bool is_revoked;
    struct pg_query query;
    struct pg_tx tx;
};

static int print_usage(void)
{
    fputs("usage: dunlin key api make NAME SCOPE…\n"
          "           SCOPE is imports, invoices, paylinks, callbacks, devices, scenarios, "
          "customers,\n"
          "           templates, sending, campaigns, calls, results, refunds, refund_approvals,\n"
          "           payouts, providers, disputes, plans or evidence\n"
          "       dunlin key api list\n"
          "       dunlin key api revoke ID\n"
          "       dunlin key link list\n"
          "       dunlin key link rotate\n"
          "       dunlin key link retire NUMBER\n"
          "       each with [--json] [--settings FILE]\n",
          stderr);
    return 2;
}

static void print_json(json_t *taken)
{
    json_dumpf(taken, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(taken);
}

/* Keys of the API: rows of the database. */

static void finish_by(struct key_run *run, const struct err *err)
{
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

static void on_api_key_saved(void *owner, const struct err *err)
{
    struct key_run *run = owner;
    if (err->code == 0 && run->has_json)
        print_json(json_pack("{s:s, s:s, s:s}", "id", run->key.id, "key", run->text, "scopes",
                             run->key.scopes));
    else if (err->code == 0) {
        printf("%s\n", run->text);
        fputs("This is the only time it is shown; the database keeps a hash of it.\n", stderr);
    }
    secret_wipe(run->text, sizeof(run->text));
    finish_by(run, err);
}

static bool is_scope(const char *word)
{
    for (int i = 0; i < SCOPE_COUNT; ++i)
        if (strcmp(word, scopes[i]) == 0)
            return true;
    return false;
}

/* All of them when none is named. */
static bool join_scopes(const struct key_run *run, char out[API_KEY_SCOPES_MAX])
{
    bool has_some = run->argc > 1;
    int count = has_some ? run->argc - 1 : SCOPE_COUNT;
    size_t len = 0;
    for (int i = 0; i < count; ++i) {
        const char *word = has_some ? run->argv[i + 1] : scopes[i];
        if (!is_scope(word) || len + strlen(word) + 2 > API_KEY_SCOPES_MAX)
            return false;
        len += (size_t)sprintf(out + len, "%s%s", i == 0 ? "" : " ", word);
    }
    return true;
}

static int make_api_key(struct key_run *run, struct err *err)
{
    char joined[API_KEY_SCOPES_MAX];
    if (run->argc < 1 || !join_scopes(run, joined))
        return err_set(err, ERR_INPUT,
                       "a key needs a name, and scopes out of those that `dunlin key` names");
    api_key_make(joined, run->text, &run->key);
    if (pg_tx_begin(run->room.world.store->writes, &run->tx, on_api_key_saved, run, err) != 0)
        return err->code;
    api_key_add(&run->tx, &run->key, span_str(run->argv[0]), run->room.world.now());
    pg_tx_commit(&run->tx);
    return 0;
}

static void on_api_key_revoked(void *owner, const PGresult *result, const struct err *err)
{
    (void)err;
    ((struct key_run *)owner)->is_revoked = result != NULL && PQntuples(result) == 1;
}

static void on_revocation_saved(void *owner, const struct err *err)
{
    struct key_run *run = owner;
    struct err none = {.code = ERR_INPUT, .text = "there is no live key of that id"};
    if (err->code == 0 && run->is_revoked)
        fprintf(stderr, "%s is revoked; within a second nobody is let in with it\n", run->argv[0]);
    finish_by(run, err->code != 0 || run->is_revoked ? err : &none);
}

static int revoke_api_key(struct key_run *run, struct err *err)
{
    if (run->argc != 1)
        return err_set(err, ERR_INPUT, "revoke wants the id of a key: dunlin key api list");
    if (pg_tx_begin(run->room.world.store->writes, &run->tx, on_revocation_saved, run, err) != 0)
        return err->code;
    api_key_revoke(&run->tx, span_str(run->argv[0]), run->room.world.now(), on_api_key_revoked);
    pg_tx_commit(&run->tx);
    return 0;
}

static json_t *listed_json(const struct api_key_listed *key, const char *created_at)
{
    return json_pack("{s:s%, s:s%, s:s%, s:s, s:b}", "id", key->id.base, key->id.len, "name",
                     key->name.base, key->name.len, "scopes", key->scopes.base, key->scopes.len,
                     "created_at", created_at, "revoked", key->is_revoked);
}

static void on_api_keys_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct key_run *run = owner;
    json_t *all = json_array();
    for (int row = 0; result != NULL && row < PQntuples(result); ++row) {
        struct api_key_listed key;
        char at[21];
        api_key_read_listed(result, row, &key);
        instant_print(key.created_at, at);
        if (run->has_json)
            json_array_append_new(all, listed_json(&key, at));
        else
            printf("%-12.*s %s %-8s %.*s (%.*s)\n", SPAN_ARG(key.id), at,
                   key.is_revoked ? "revoked" : "live", SPAN_ARG(key.name), SPAN_ARG(key.scopes));
    }
    if (result != NULL && run->has_json)
        print_json(all);
    else
        json_decref(all);
    finish_by(run, err);
}

static int list_api_keys(struct key_run *run, struct err *err)
{
    return api_key_list(run->room.world.store, &run->query, on_api_keys_listed, run, err);
}

static const struct {
    const char *verb;
    int (*start)(struct key_run *, struct err *);
} api_verbs[] = {{"make", make_api_key}, {"list", list_api_keys}, {"revoke", revoke_api_key}};

static int run_api_verb(struct key_run *run, const char *verb, const char *settings_file)
{
    struct err err;
    int status = 2;
    for (size_t i = 0; i < sizeof(api_verbs) / sizeof(api_verbs[0]); ++i) {
        if (strcmp(api_verbs[i].verb, verb) != 0)
            continue;
        status = command_world_open(&run->room, "key", settings_file);
        if (status == 0 && api_verbs[i].start(run, &err) == 0) {
            status = command_world_run(&run->room);
        } else if (status == 0) {
            fprintf(stderr, "dunlin: %s\n", err.text);
            status = 1;
        }
        command_world_close(&run->room);
        return status;
    }
    return print_usage();
}

/* Keys of links: lines of a file; no database is needed. */

static void on_link_key(void *owner, int number, bool is_active, bool is_signer)
{
    json_t *all = owner;
    const char *state = is_signer ? "signs" : is_active ? "active" : "retired";
    if (all != NULL)
        json_array_append_new(all, json_pack("{s:i, s:s}", "number", number, "state", state));
    else
        printf("%2d %s\n", number, state);
}

static int list_link_keys(const struct key_run *run, const char *file, struct err *err)
{
    json_t *all = run->has_json ? json_array() : NULL;
    int bad = keys_list(file, on_link_key, all, err);
    if (bad == 0 && all != NULL)
        print_json(json_incref(all));
    json_decref(all);
    return bad;
}

static void tell_link_change(const struct key_run *run, const struct keys_change *change)
{
    if (run->has_json)
        print_json(
            json_pack("{s:i, s:i}", "number", change->number, "active", change->active_count));
    else
        printf("key %d; %d active. Send SIGHUP to every running dunlin, and copy the file to the "
               "other machines first.\n",
               change->number, change->active_count);
}

static int rotate_link_keys(const struct key_run *run, const char *file, struct err *err)
{
    struct keys_change change;
    if (keys_make_if_missing(file, err) != 0 || keys_rotate(file, &change, err) != 0)
        return err->code;
    tell_link_change(run, &change);
    return 0;
}

static int retire_link_key(const struct key_run *run, const char *file, struct err *err)
{
    struct keys_change change;
    char *end = NULL;
    long number = run->argc == 1 && isdigit((unsigned char)run->argv[0][0])
                      ? strtol(run->argv[0], &end, 10)
                      : -1;
    if (number < 0 || number > 15 || *end != '\0')
        return err_set(err, ERR_INPUT, "retire wants the number of a key: dunlin key link list");
    if (keys_retire(file, (int)number, &change, err) != 0)
        return err->code;
    tell_link_change(run, &change);
    return 0;
}

static const struct {
    const char *verb;
    int (*run)(const struct key_run *, const char *file, struct err *);
} link_verbs[] = {
    {"list", list_link_keys}, {"rotate", rotate_link_keys}, {"retire", retire_link_key}};

static int run_link_verb(const struct key_run *run, const char *verb, const char *settings_file)
{
    struct settings settings;
    struct err err = {0};
    for (size_t i = 0; i < sizeof(link_verbs) / sizeof(link_verbs[0]); ++i) {
        if (strcmp(link_verbs[i].verb, verb) != 0)
            continue;
        int bad = settings_read_or_print(&settings, settings_file, stderr);
        if (bad == 0 && (bad = link_verbs[i].run(run, settings.link_keys_file, &err)) != 0)
            fprintf(stderr, "dunlin: %s\n", err.text);
        settings_release(&settings);
        return bad == 0 ? 0 : 1;
    }
    return print_usage();
}

static bool take_word(int *argc, char **argv, const char *word)
{
    for (int i = 1; i < *argc; ++i)
        if (strcmp(argv[i], word) == 0) {
            memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i - 1) * sizeof(*argv));
            --*argc;
            return true;
        }
    return false;
}

int key_command(int argc, char **argv)
{
    const char *file = command_settings_file(&argc, argv);
    struct key_run run = {.has_json = take_word(&argc, argv, "--json")};
    if (file == NULL || argc < 3)
        return print_usage();
    run.argc = argc - 3;
    run.argv = argv + 3;
    if (strcmp(argv[1], "api") == 0)
        return run_api_verb(&run, argv[2], file);
    if (strcmp(argv[1], "link") == 0)
        return run_link_verb(&run, argv[2], file);
    return print_usage();
}
