#include "flow/scenario_nodes.h"

#include "base/buf.h"
#include "domain/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nodes_add_mistake_at(struct scenario_nodes *n, yaml_mark_t mark, const char *path,
                          const char *text)
{
    if (n->mistakes->count == SCENARIO_MISTAKES_MAX)
        return;
    struct scenario_mistake *m = &n->mistakes->items[n->mistakes->count++];
    *m = (struct scenario_mistake){.line = (int)mark.line + 1, .column = (int)mark.column + 1};
    snprintf(m->path, sizeof(m->path), "%s", path);
    snprintf(m->text, sizeof(m->text), "%s", text);
}

void nodes_add_mistake(struct scenario_nodes *n, const yaml_node_t *node, struct node_path path,
                       const char *format, ...)
{
    char text[SCENARIO_TEXT_MAX + 1];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    nodes_add_mistake_at(n, node->start_mark, path.text, text);
    if (n->has_mistake != NULL)
        *n->has_mistake = true;
}

struct node_path nodes_path_below(struct node_path top, const char *format, ...)
{
    struct node_path below;
    char part[48]; /* longer names are cut */
    va_list list;
    va_start(list, format);
    vsnprintf(part, sizeof(part), format, list);
    va_end(list);
    for (char *c = part; *c != '\0'; ++c) /* a strange name may be cut within a letter */
        if (*c < ' ' || *c == 0x7f)
            *c = '?';
    const char *dot = top.text[0] == '\0' || part[0] == '[' ? "" : ".";
    snprintf(below.text, sizeof(below.text), "%.40s%s%s", top.text, dot, part);
    return below;
}

/* ---- Values ---- */

bool nodes_is_null(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

struct span nodes_read_text(struct scenario_nodes *n, const yaml_node_t *node,
                            struct node_path path)
{
    if (node->type != YAML_SCALAR_NODE)
        nodes_add_mistake(n, node, path, "is not a single value");
    else if (nodes_is_null(node))
        nodes_add_mistake(n, node, path, "has no value: leave the line out instead");
    else
        return span_of((const char *)node->data.scalar.value, node->data.scalar.length);
    return (struct span){NULL, 0};
}

/* Digits from `*at` on, at most nine; -1 when there is none. */
static int32_t take_digits(struct span text, size_t *at)
{
    int32_t value = 0;
    size_t from = *at;
    while (*at < text.len && *at - from < 9 && text.base[*at] >= '0' && text.base[*at] <= '9')
        value = 10 * value + (text.base[(*at)++] - '0');
    return *at == from ? -1 : value;
}

int32_t nodes_read_days(struct scenario_nodes *n, const yaml_node_t *node, struct node_path path,
                        int32_t min)
{
    struct span text = nodes_read_text(n, node, path);
    size_t at = text.len > 0 && (text.base[0] == '-' || text.base[0] == '+');
    int32_t value = take_digits(text, &at);
    if (text.len == 0)
        return 0;
    if (value < 0 || at != text.len) {
        nodes_add_mistake(n, node, path, "is not a whole number of days");
        return 0;
    }
    if (text.base[0] == '-')
        value = -value;
    if (value < min)
        nodes_add_mistake(n, node, path, "is below %d", (int)min);
    return value;
}

int32_t nodes_read_time(struct scenario_nodes *n, const yaml_node_t *node, struct node_path path)
{
    struct span text = nodes_read_text(n, node, path);
    size_t at = 0;
    int32_t hour = take_digits(text, &at);
    bool is_good = at == 2 && text.len == 5 && text.base[at++] == ':';
    int32_t minute = is_good ? take_digits(text, &at) : -1;
    if (text.len != 0 && (!is_good || at != 5 || hour > 23 || minute < 0 || minute > 59)) {
        nodes_add_mistake(n, node, path, "is no time of a day: \"10:00\", for instance");
        return SCENARIO_TIME_DEFAULT;
    }
    return text.len == 0 ? SCENARIO_TIME_DEFAULT : hour * 3600 + minute * 60;
}

/* "4h", "30m", "2d". */
int32_t nodes_read_duration(struct scenario_nodes *n, const yaml_node_t *node,
                            struct node_path path)
{
    struct span text = nodes_read_text(n, node, path);
    size_t at = 0;
    int64_t value = take_digits(text, &at);
    char unit = text.len == at + 1 ? text.base[at] : '\0';
    if (text.len == 0)
        return 0;
    value *= unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
    if (value <= 0 || value > SCENARIO_WAIT_MAX) {
        nodes_add_mistake(n, node, path,
                          value > 0 ? "is more than 30 days"
                                    : "is no span of time: 30m, 4h or 2d, for instance");
        return 0;
    }
    return (int32_t)value;
}

/* "200.00", in a currency with so many digits behind the point. */
int64_t nodes_read_amount(struct scenario_nodes *n, const yaml_node_t *node, struct node_path path,
                          int exponent)
{
    struct span text = nodes_read_text(n, node, path);
    int64_t minor = 0;
    int digits = 0, behind = -1; /* behind the point; -1: none yet */
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[i];
        if (c == '.' && behind < 0 && digits > 0)
            behind = 0;
        else if (c < '0' || c > '9' || ++digits > 15)
            digits = 1000;
        else {
            minor = 10 * minor + (c - '0');
            behind += behind >= 0;
        }
        if (digits == 1000)
            break;
    }
    for (int i = behind < 0 ? 0 : behind; i < exponent && minor <= MONEY_MINOR_MAX; ++i)
        minor *= 10;
    if (text.len != 0 && (digits == 0 || digits == 1000 || behind == 0 || behind > exponent ||
                          minor > MONEY_MINOR_MAX)) {
        nodes_add_mistake(n, node, path, "is no amount of this currency: \"200%s\", for instance",
                          exponent == 0   ? ""
                          : exponent == 3 ? ".000"
                                          : ".00");
        return 0;
    }
    return minor;
}

void nodes_read_words(struct scenario_nodes *n, yaml_node_t *node, struct node_path path,
                      struct scenario_words *out)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        nodes_add_mistake(n, node, path, "is no list: [one, another]");
        return;
    }
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    if (count == 0)
        nodes_add_mistake(n, node, path, "is empty: leave it out instead");
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&n->document, items[i]);
        struct node_path below = nodes_path_below(path, "[%zu]", i);
        if (i == SCENARIO_WORDS_MAX) {
            nodes_add_mistake(n, item, below, "is more than %d words", SCENARIO_WORDS_MAX);
            return;
        }
        out->items[out->count++] = nodes_read_text(n, item, below);
    }
}

/* The index of a word in a list; the first when it is none, which is a mistake. */
int nodes_read_word(struct scenario_nodes *n, const yaml_node_t *node, struct node_path path,
                    const char *const *words)
{
    struct span text = nodes_read_text(n, node, path);
    struct buf known;
    for (int i = 0; words[i] != NULL; ++i)
        if (span_is_str(text, words[i]))
            return i;
    if (text.base == NULL)
        return 0;
    buf_init(&known, SCENARIO_TEXT_MAX);
    for (int i = 0; words[i] != NULL; ++i)
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", words[i]);
    nodes_add_mistake(n, node, path, "is none of %.*s", SPAN_ARG(buf_span(&known)));
    buf_release(&known);
    return 0;
}

/* ---- Maps ---- */

static const struct node_field *find_field(const struct node_field *fields, const char *name)
{
    for (; fields->name != NULL; ++fields)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static void add_unknown(struct scenario_nodes *n, const yaml_node_t *key, struct node_path path,
                        const struct node_field *fields)
{
    struct buf known;
    buf_init(&known, SCENARIO_TEXT_MAX);
    for (const struct node_field *f = fields; f->name != NULL; ++f)
        buf_printf(&known, "%s%s", f == fields ? "" : ", ", f->name);
    nodes_add_mistake(n, key, path, "is not known here: %.*s", SPAN_ARG(buf_span(&known)));
    buf_release(&known);
}

static bool is_key(const yaml_node_t *key, const char *name)
{
    return key->type == YAML_SCALAR_NODE && strlen(name) == key->data.scalar.length &&
           memcmp(name, key->data.scalar.value, key->data.scalar.length) == 0;
}

/* The value of a name in a map, the first one's. */
yaml_node_t *nodes_find(yaml_document_t *document, const yaml_node_t *map, const char *name)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         ++p)
        if (is_key(yaml_document_get_node(document, p->key), name))
            return yaml_document_get_node(document, p->value);
    return NULL;
}

/* Not by its value, which an alias can share. */
static bool is_repeated(struct scenario_nodes *n, const yaml_node_t *map,
                        const yaml_node_pair_t *pair, const char *name)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; ++p)
        if (is_key(yaml_document_get_node(&n->document, p->key), name))
            return true;
    return false;
}

static void read_pair(struct scenario_nodes *n, struct scenario_reading *reading,
                      const yaml_node_t *map, const yaml_node_pair_t *pair, struct node_path path,
                      const struct node_field *fields)
{
    yaml_node_t *key = yaml_document_get_node(&n->document, pair->key);
    yaml_node_t *value = yaml_document_get_node(&n->document, pair->value);
    if (key->type != YAML_SCALAR_NODE ||
        strlen((const char *)key->data.scalar.value) != key->data.scalar.length) {
        nodes_add_mistake(n, key, path, "has a name that is no text");
        return;
    }
    const char *name = (const char *)key->data.scalar.value;
    struct node_path below = nodes_path_below(path, "%s", name);
    const struct node_field *field = find_field(fields, name);
    if (field == NULL)
        add_unknown(n, key, below, fields);
    else if (is_repeated(n, map, pair, name))
        nodes_add_mistake(n, key, below, "stands here a second time");
    else
        field->read(reading, value, below);
}

void nodes_read_map(struct scenario_nodes *n, struct scenario_reading *reading, yaml_node_t *map,
                    struct node_path path, const struct node_field *fields)
{
    if (map->type != YAML_MAPPING_NODE) {
        nodes_add_mistake(n, map, path, "does not hold lines like %s: …", fields->name);
        return;
    }
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         ++p)
        read_pair(n, reading, map, p, path, fields);
    for (const struct node_field *f = fields; f->name != NULL; ++f)
        if (f->is_needed && nodes_find(&n->document, map, f->name) == NULL)
            nodes_add_mistake(n, map, nodes_path_below(path, "%s", f->name), "is missing");
}

/* ---- Places ---- */

/* The node of a path, or of as much of it as is there. */
yaml_node_t *nodes_find_path(struct scenario_nodes *n, const char *path)
{
    yaml_node_t *node = yaml_document_get_root_node(&n->document), *next = node;
    while (next != NULL && *path != '\0') {
        node = next;
        next = NULL;
        if (*path == '[') {
            size_t index = strtoul(path + 1, NULL, 10);
            path += strcspn(path, "]") + 1;
            if (node->type == YAML_SEQUENCE_NODE &&
                index < (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
                next = yaml_document_get_node(&n->document, node->data.sequence.items.start[index]);
        } else {
            char name[SCENARIO_PATH_MAX + 1];
            path += *path == '.';
            size_t len = strcspn(path, ".[");
            snprintf(name, sizeof(name), "%.*s", (int)len, path);
            path += len;
            if (node->type == YAML_MAPPING_NODE)
                next = nodes_find(&n->document, node, name);
        }
    }
    return next == NULL ? node : next;
}
