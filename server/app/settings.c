/* Reading goes in three steps: libyaml makes a document of nodes that know their lines; the table
 * is walked over it, each value checked and stored; what no row of the table claimed is unknown.
 * Nothing stops at the first mistake but text that is no YAML at all. */
#include "app/settings.h"

#include "app/setting_value.h"
#include "app/settings_app.h"
#include "app/settings_database.h"
#include "app/settings_gateway.h"
#include "app/settings_identity.h"
#include "app/settings_mail.h"
#include "app/settings_offers.h"
#include "app/settings_plans.h"
#include "app/settings_reminders.h"
#include "app/settings_segments.h"
#include "base/buf.h"
#include "base/crypto.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include <yaml.h>

enum {
    FILE_BYTES_MAX = 1 << 20,
    DEPTH_MAX = 4,
};

static const char *scalar_text(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool is_null_scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static void store_scalar_node(struct settings_reading *r, struct setting_target *t,
                              const yaml_node_t *node)
{
    t->line = line_of(node);
    if (node->type != YAML_SCALAR_NODE)
        setting_add_mistake(r->mistakes, t->line, t->name, "must be a single value");
    else if (is_null_scalar(node))
        setting_add_mistake(r->mistakes, t->line, t->name,
                            "has no value: leave the line out instead");
    else if (scalar_text(node) == NULL)
        setting_add_mistake(r->mistakes, t->line, t->name, "holds a NUL");
    else
        setting_store(r, t, scalar_text(node));
}

static void note_line(struct settings *s, const char *name, int line)
{
    struct settings_line *lines =
        realloc(s->lines_, (size_t)(s->line_count_ + 1) * sizeof(*s->lines_));
    if (lines == NULL)
        abort();
    s->lines_ = lines;
    lines[s->line_count_] = (struct settings_line){.line = line};
    snprintf(lines[s->line_count_++].name, sizeof(lines->name), "%s", name);
}

int settings_line_of(const struct settings *s, const char *name)
{
    for (int i = 0; i < s->line_count_; ++i)
        if (strcmp(s->lines_[i].name, name) == 0)
            return s->lines_[i].line;
    return 0;
}

static void store_node(struct settings_reading *r, struct setting_target *t, yaml_node_t *node)
{
    note_line(r->settings, t->name, line_of(node));
    if (!setting_is_list(t->row)) {
        store_scalar_node(r, t, node);
        return;
    }
    t->line = line_of(node);
    if (t->row->type == SETTING_ROLES)
        r->settings->has_role_http = r->settings->has_role_work = false;
    else /* what stands in the file stands in place of the default */
        ((struct settings_list *)(t->base + t->row->offset))->count = 0;
    if (node->type != YAML_SEQUENCE_NODE) {
        setting_add_mistake(r->mistakes, t->line, t->name, "must be a list: [one, another]");
        return;
    }
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
         ++i)
        store_scalar_node(r, t, yaml_document_get_node(r->document, *i));
    if (t->row->type == SETTING_ROLES &&
        node->data.sequence.items.start == node->data.sequence.items.top)
        setting_add_mistake(r->mistakes, t->line, t->name, "must name at least one role");
}

/* The environment wins over the file, so it is stored after it; a secret so given is the value. */
static void store_environment(struct settings_reading *r, const struct setting *row)
{
    const char *value = setting_environment_of(row->name);
    if (value == NULL || row->type == SETTING_SECTION || row->type == SETTING_TABLES ||
        row->type == SETTING_TEXT_FILE || row->type == SETTING_SECRET_FILE)
        return;
    struct setting_target t = {.row = row, .base = (char *)r->settings, .line = 0};
    snprintf(t.name, sizeof(t.name), "%s", row->name);
    if (row->type == SETTING_ROLES)
        r->settings->has_role_http = r->settings->has_role_work = false;
    if (row->type == SETTING_TEXTS || row->type == SETTING_PATHS)
        ((struct settings_list *)(t.base + row->offset))->count = 0;
    if (setting_is_list(row))
        setting_store_words(r, &t, value);
    else
        setting_store(r, &t, value);
}

static void store_defaults(struct settings_reading *r, const struct setting *const *table,
                           char *base)
{
    for (; *table != NULL; ++table)
        for (const struct setting *row = *table; row->name != NULL; ++row) {
            struct setting_target t = {.row = row, .base = base, .line = 0};
            if (row->type == SETTING_TEXT || row->type == SETTING_PATH ||
                row->type == SETTING_TEXT_FILE || row->type == SETTING_SECRET_FILE)
                *(const char **)(base + row->offset) = "";
            if (row->default_ == NULL || row->type == SETTING_SECTION)
                continue;
            snprintf(t.name, sizeof(t.name), "%s", row->name);
            if (setting_is_list(row))
                setting_store_words(r, &t, row->default_);
            else
                setting_store(r, &t, row->default_);
        }
}

static const struct setting *find_row(const struct setting *const *table, const char *name)
{
    for (; *table != NULL; ++table)
        for (const struct setting *row = *table; row->name != NULL; ++row)
            if (strcmp(row->name, name) == 0)
                return row;
    return NULL;
}

/* The names that stand directly under `prefix`, for the words of a mistake. */
static void print_known(const struct setting *const *table, const char *prefix, struct buf *out)
{
    size_t len = strlen(prefix);
    const char *before = "";
    for (; *table != NULL; ++table)
        for (const struct setting *row = *table; row->name != NULL; ++row) {
            if (strncmp(row->name, prefix, len) != 0 || strchr(row->name + len, '.') != NULL)
                continue;
            buf_printf(out, "%s%s", before, row->name + len);
            before = ", ";
        }
}

static void add_unknown(struct settings_reading *r, const struct setting *const *table,
                        const char *prefix, const char *name, int line)
{
    struct buf known;
    buf_init(&known, 4096);
    print_known(table, prefix, &known);
    setting_add_mistake(r->mistakes, line, name, "is no setting; here stand: %.*s",
                        SPAN_ARG(buf_span(&known)));
    buf_release(&known);
}

static bool is_repeated(struct settings_reading *r, const yaml_node_t *map,
                        const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; ++p) {
        const yaml_node_t *other = yaml_document_get_node(r->document, p->key);
        if (other->type == YAML_SCALAR_NODE && strcmp((const char *)other->data.scalar.value,
                                                      (const char *)key->data.scalar.value) == 0)
            return true;
    }
    return false;
}

static void read_tables(struct settings_reading *r, const struct setting *row, yaml_node_t *list);

/* One key and its value. `table` as settings_table; `prefix` is "" or "public." */
static void read_pair(struct settings_reading *r, const struct setting *const *table, char *base,
                      const char *prefix, const char *shown, yaml_node_t *map,
                      yaml_node_pair_t *pair, int depth);

static void read_map(struct settings_reading *r, const struct setting *const *table, char *base,
                     const char *prefix, const char *shown, yaml_node_t *map, int depth)
{
    if (is_null_scalar(map))
        return; /* a heading whose settings are all commented out */
    if (map->type != YAML_MAPPING_NODE || depth > DEPTH_MAX) {
        setting_add_mistake(r->mistakes, line_of(map), shown, "must hold settings: name: value");
        return;
    }
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; ++p)
        read_pair(r, table, base, prefix, shown, map, p, depth);
}

static void read_pair(struct settings_reading *r, const struct setting *const *table, char *base,
                      const char *prefix, const char *shown, yaml_node_t *map,
                      yaml_node_pair_t *pair, int depth)
{
    yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
    yaml_node_t *value = yaml_document_get_node(r->document, pair->value);
    char name[SETTING_NAME_ROOM], below[SETTING_NAME_ROOM + 1];
    struct setting_target t = {.base = base};
    if (key->type != YAML_SCALAR_NODE || scalar_text(key) == NULL) {
        setting_add_mistake(r->mistakes, line_of(key), shown, "has a name that is no text");
        return;
    }
    snprintf(name, sizeof(name), "%s%.60s", prefix, scalar_text(key));
    snprintf(t.name, sizeof(t.name), "%.20s%.59s", table == settings_table ? "" : shown, name);
    t.row = strchr(scalar_text(key), '.') == NULL ? find_row(table, name) : NULL;
    if (is_repeated(r, map, pair))
        setting_add_mistake(r->mistakes, line_of(key), t.name, "stands here a second time");
    else if (t.row == NULL)
        add_unknown(r, table, prefix, t.name, line_of(key));
    else if (t.row->type == SETTING_TABLES)
        read_tables(r, t.row, value);
    else if (t.row->type != SETTING_SECTION)
        store_node(r, &t, value);
    else {
        snprintf(below, sizeof(below), "%s.", name);
        read_map(r, table, base, below, name, value, depth + 1);
    }
}

static void check_required(struct settings_reading *r, const struct setting *const *table,
                           const char *base, const char *prefix, int line)
{
    char name[SETTING_NAME_ROOM];
    for (; *table != NULL; ++table)
        for (const struct setting *row = *table; row->name != NULL; ++row) {
            if (!row->is_required || (*(const char *const *)(base + row->offset))[0] != '\0')
                continue;
            snprintf(name, sizeof(name), "%s%s", prefix, row->name);
            if (setting_is_said(r, name) || r->mistakes->count == SETTINGS_MISTAKES_MAX)
                continue;
            setting_add_mistake(r->mistakes, line, name, "is needed%s%s",
                                row->example == NULL ? "" : ", for instance ",
                                row->example == NULL ? "" : row->example);
            r->mistakes->items[r->mistakes->count - 1].is_missing = prefix[0] == '\0';
        }
}

static void read_table(struct settings_reading *r, const struct setting *row, yaml_node_t *node,
                       int index)
{
    const struct setting_tables *tables = row->tables;
    char *base = (char *)r->settings + tables->first + (size_t)index * tables->item_size;
    const struct setting *const rows[] = {tables->rows, NULL};
    char shown[32];
    snprintf(shown, sizeof(shown), "%.20s[%d].", row->name, index);
    store_defaults(r, rows, base);
    *(int *)(void *)((char *)r->settings + tables->count) = index + 1;
    read_map(r, rows, base, "", shown, node, 1);
    tables->finish(r, index, line_of(node));
    check_required(r, rows, base, shown, line_of(node));
}

static void read_tables(struct settings_reading *r, const struct setting *row, yaml_node_t *list)
{
    if (is_null_scalar(list))
        return;
    if (list->type != YAML_SEQUENCE_NODE) {
        setting_add_mistake(r->mistakes, line_of(list), row->name,
                            "must be a list: a line with - for each");
        return;
    }
    int count = (int)(list->data.sequence.items.top - list->data.sequence.items.start);
    if (count > row->tables->max)
        setting_add_mistake(r->mistakes, line_of(list), row->name, "has more than %d items",
                            row->tables->max);
    for (int i = 0; i < count && i < row->tables->max; ++i)
        read_table(r, row, yaml_document_get_node(r->document, list->data.sequence.items.start[i]),
                   i);
}

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* What depends on several settings at once, after all of them stand. */
static void finish(struct settings_reading *r)
{
    struct settings *s = r->settings;
    struct settings_reading in_data = *r;
    in_data.folder = s->data_dir;
    if (s->link_keys_file[0] == '\0')
        s->link_keys_file = setting_keep_path(&in_data, "link.keys");
    if (s->ticket_keys_file[0] == '\0')
        s->ticket_keys_file = setting_keep_path(&in_data, "ticket.keys");
    if (s->workers == 0)
        s->workers = cores() > 32 ? 32 : cores();
    settings_finish_database(r);
    settings_finish_app(r);
    settings_finish_reminders(r);
    settings_finish_gateways(r);
    settings_finish_mail(r);
    settings_finish_segments(r);
    settings_finish_plans(r);
    settings_finish_identity(r);
    settings_finish_offers(r);
    check_required(r, settings_table, (const char *)s, "", 0);
}

static int by_line(const void *a, const void *b)
{
    const struct settings_mistake *one = a, *other = b;
    return one->line < other->line ? -1 : one->line > other->line;
}

static int read_document(struct settings_reading *r)
{
    yaml_node_t *root = r->document == NULL ? NULL : yaml_document_get_root_node(r->document);
    store_defaults(r, settings_table, (char *)r->settings);
    if (root != NULL)
        read_map(r, settings_table, (char *)r->settings, "", "", root, 0);
    for (const struct setting *const *part = settings_table; *part != NULL; ++part)
        for (const struct setting *row = *part; row->name != NULL; ++row)
            store_environment(r, row);
    finish(r);
    qsort(r->mistakes->items, (size_t)r->mistakes->count, sizeof(r->mistakes->items[0]), by_line);
    return r->mistakes->count == 0 ? 0 : ERR_SETTINGS;
}

static void add_syntax_mistake(struct settings_reading *r, const yaml_parser_t *parser)
{
    setting_add_mistake(r->mistakes, (int)parser->problem_mark.line + 1, "", "is no YAML: %s%s%s",
                        parser->problem == NULL ? "unreadable" : parser->problem,
                        parser->context == NULL ? "" : " ",
                        parser->context == NULL ? "" : parser->context);
}

int settings_parse(struct settings *s, struct span yaml, const char *folder,
                   struct settings_mistakes *mistakes)
{
    yaml_parser_t parser;
    yaml_document_t document;
    struct settings_reading r = {.settings = s, .mistakes = mistakes, .folder = folder};
    memset(s, 0, sizeof(*s));
    s->file = "";
    mistakes->count = 0;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.base, yaml.len);
    bool is_yaml = yaml_parser_load(&parser, &document);
    if (!is_yaml)
        add_syntax_mistake(&r, &parser);
    else
        r.document = &document;
    int result = read_document(&r);
    if (is_yaml)
        yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return result;
}

int settings_read(struct settings *s, const char *file, struct settings_mistakes *mistakes)
{
    char folder[4096];
    size_t len = 0;
    if (file[0] == '\0')
        return settings_parse(s, SPAN_LIT(""), ".", mistakes);
    char *bytes = setting_read_file(file, FILE_BYTES_MAX, &len);
    if (bytes == NULL) {
        memset(s, 0, sizeof(*s));
        s->file = "";
        mistakes->count = 0;
        setting_add_mistake(mistakes, 0, "", "cannot be read: %s", strerror(errno));
        return ERR_SETTINGS;
    }
    char *real = realpath(file, NULL);
    snprintf(folder, sizeof(folder), "%s", real == NULL ? file : real);
    free(real);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *(slash == folder ? slash + 1 : slash) = '\0';
    int result = settings_parse(s, span_of(bytes, len), slash == NULL ? "." : folder, mistakes);
    s->file = setting_keep(s, file, strlen(file));
    free(bytes);
    return result;
}

void settings_release(struct settings *s)
{
    struct settings_memory *next;
    for (struct settings_memory *m = s->memory_; m != NULL; m = next) {
        next = m->next;
        secret_wipe(m->bytes, m->len);
        free(m);
    }
    free(s->lines_);
    memset(s, 0, sizeof(*s));
}

const char *settings_find_file(void)
{
    const char *named = getenv("DUNLIN_SETTINGS");
    if (named != NULL)
        return named;
    if (access("dunlin.yaml", F_OK) == 0)
        return "dunlin.yaml";
    return access("/etc/dunlin/dunlin.yaml", F_OK) == 0 ? "/etc/dunlin/dunlin.yaml" : "";
}

void settings_print_mistakes(const struct settings_mistakes *mistakes, const char *file, FILE *out)
{
    const char *where = file[0] == '\0' ? "settings" : file;
    for (int i = 0; i < mistakes->count; ++i) {
        const struct settings_mistake *m = &mistakes->items[i];
        fprintf(out, "%s:", where);
        if (m->line > 0)
            fprintf(out, "%d:", m->line);
        fprintf(out, " %s%s%s\n", m->setting, m->setting[0] == '\0' ? "" : " ", m->text);
    }
}

int settings_read_or_print(struct settings *s, const char *file, FILE *out)
{
    struct settings_mistakes mistakes;
    int result = settings_read(s, file, &mistakes);
    settings_print_mistakes(&mistakes, file, out);
    return result;
}

int settings_read_for_database(struct settings *s, const char *file, FILE *out)
{
    struct settings_mistakes mistakes;
    int kept = 0;
    int result = settings_read(s, file, &mistakes);
    for (int i = 0; i < mistakes.count; ++i)
        if (!mistakes.items[i].is_missing)
            mistakes.items[kept++] = mistakes.items[i];
    mistakes.count = kept;
    settings_print_mistakes(&mistakes, file, out);
    return kept == 0 ? 0 : result;
}

int settings_command(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "usage: dunlin settings > dunlin.yaml\n");
        return 2;
    }
    settings_print_example(stdout);
    return ferror(stdout) ? 1 : 0;
}
