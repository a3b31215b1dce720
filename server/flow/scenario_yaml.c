/* libyaml makes a document of nodes that know their places. Tables of fields are walked over it;
 * what no row claims is unknown, and nothing stops at the first mistake but text that is no YAML at
 * all. Then the domain judges what was read. It names places by path, and the document is asked
 * where that stands; a mistake that only follows from one of reading is left out.
 *
 * Until the end all texts lie in the document; a copy of its own is what the caller gets. */
#include "flow/scenario_yaml.h"

#include "base/buf.h"
#include "domain/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum {
    TIME_DEFAULT = 10 * 3600,
    CATCH_UP_DEFAULT = 7,
};

struct reading {
    yaml_document_t document;
    struct scenario_mistakes *mistakes;
    size_t read_count; /* of them found while reading */
    struct scenario scenario;
    bool is_unread[SCENARIO_STEPS_MAX];
    int32_t at_second; /* of steps that say nothing else */
    /* Of the step that is being read. */
    size_t step_no;
    bool has_days, has_day_off, has_at;
    yaml_node_t *amount;
};

/* Room for more than a path that the domain writes, as an unknown name may be anything. */
struct path {
    char text[SCENARIO_PATH_MAX + 1];
};

struct field {
    const char *name;
    void (*read)(struct reading *, yaml_node_t *, struct path);
    bool is_needed;
};

static void add_mistake_at(struct reading *r, yaml_mark_t mark, const char *path, const char *text)
{
    if (r->mistakes->count == SCENARIO_MISTAKES_MAX)
        return;
    struct scenario_mistake *m = &r->mistakes->items[r->mistakes->count++];
    *m = (struct scenario_mistake){.line = (int)mark.line + 1, .column = (int)mark.column + 1};
    snprintf(m->path, sizeof(m->path), "%s", path);
    snprintf(m->text, sizeof(m->text), "%s", text);
}

__attribute__((format(printf, 4, 5))) static void
add_mistake(struct reading *r, const yaml_node_t *node, struct path path, const char *format, ...)
{
    char text[SCENARIO_TEXT_MAX + 1];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    add_mistake_at(r, node->start_mark, path.text, text);
    if (strncmp(path.text, "steps[", 6) == 0 && r->step_no < SCENARIO_STEPS_MAX)
        r->is_unread[r->step_no] = true;
}

__attribute__((format(printf, 2, 3))) static struct path path_below(struct path top,
                                                                    const char *format, ...)
{
    struct path below;
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

static bool is_null(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static struct span read_text(struct reading *r, const yaml_node_t *node, struct path path)
{
    if (node->type != YAML_SCALAR_NODE)
        add_mistake(r, node, path, "is not a single value");
    else if (is_null(node))
        add_mistake(r, node, path, "has no value: leave the line out instead");
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

static int32_t read_days(struct reading *r, const yaml_node_t *node, struct path path, int32_t min)
{
    struct span text = read_text(r, node, path);
    size_t at = text.len > 0 && (text.base[0] == '-' || text.base[0] == '+');
    int32_t value = take_digits(text, &at);
    if (text.len == 0)
        return 0;
    if (value < 0 || at != text.len) {
        add_mistake(r, node, path, "is not a whole number of days");
        return 0;
    }
    if (text.base[0] == '-')
        value = -value;
    if (value < min)
        add_mistake(r, node, path, "is below %d", (int)min);
    return value;
}

static int32_t read_time(struct reading *r, const yaml_node_t *node, struct path path)
{
    struct span text = read_text(r, node, path);
    size_t at = 0;
    int32_t hour = take_digits(text, &at);
    bool is_good = at == 2 && text.len == 5 && text.base[at++] == ':';
    int32_t minute = is_good ? take_digits(text, &at) : -1;
    if (text.len != 0 && (!is_good || at != 5 || hour > 23 || minute < 0 || minute > 59)) {
        add_mistake(r, node, path, "is no time of a day: \"10:00\", for instance");
        return TIME_DEFAULT;
    }
    return text.len == 0 ? TIME_DEFAULT : hour * 3600 + minute * 60;
}

/* "4h", "30m", "2d". */
static int32_t read_duration(struct reading *r, const yaml_node_t *node, struct path path)
{
    struct span text = read_text(r, node, path);
    size_t at = 0;
    int64_t value = take_digits(text, &at);
    char unit = text.len == at + 1 ? text.base[at] : '\0';
    if (text.len == 0)
        return 0;
    value *= unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86400 : 0;
    if (value <= 0 || value > SCENARIO_WAIT_MAX) {
        add_mistake(r, node, path,
                    value > 0 ? "is more than 30 days"
                              : "is no span of time: 30m, 4h or 2d, for instance");
        return 0;
    }
    return (int32_t)value;
}

/* "200.00", in a currency with so many digits behind the point. */
static int64_t read_amount(struct reading *r, const yaml_node_t *node, struct path path,
                           int exponent)
{
    struct span text = read_text(r, node, path);
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
        add_mistake(r, node, path, "is no amount of this currency: \"200%s\", for instance",
                    exponent == 0   ? ""
                    : exponent == 3 ? ".000"
                                    : ".00");
        return 0;
    }
    return minor;
}

static void read_words(struct reading *r, yaml_node_t *node, struct path path,
                       struct scenario_words *out)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        add_mistake(r, node, path, "is no list: [one, another]");
        return;
    }
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    if (count == 0)
        add_mistake(r, node, path, "is empty: leave it out instead");
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&r->document, items[i]);
        struct path below = path_below(path, "[%zu]", i);
        if (i == SCENARIO_WORDS_MAX) {
            add_mistake(r, item, below, "is more than %d words", SCENARIO_WORDS_MAX);
            return;
        }
        out->items[out->count++] = read_text(r, item, below);
    }
}

/* The index of a word in a list; the first when it is none, which is a mistake. */
static int read_word(struct reading *r, const yaml_node_t *node, struct path path,
                     const char *const *words)
{
    struct span text = read_text(r, node, path);
    struct buf known;
    for (int i = 0; words[i] != NULL; ++i)
        if (span_is_str(text, words[i]))
            return i;
    if (text.base == NULL)
        return 0;
    buf_init(&known, SCENARIO_TEXT_MAX);
    for (int i = 0; words[i] != NULL; ++i)
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", words[i]);
    add_mistake(r, node, path, "is none of %.*s", SPAN_ARG(buf_span(&known)));
    buf_release(&known);
    return 0;
}

/* ---- Maps ---- */

static const struct field *find_field(const struct field *fields, const char *name)
{
    for (; fields->name != NULL; ++fields)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

static void add_unknown(struct reading *r, const yaml_node_t *key, struct path path,
                        const struct field *fields)
{
    struct buf known;
    buf_init(&known, SCENARIO_TEXT_MAX);
    for (const struct field *f = fields; f->name != NULL; ++f)
        buf_printf(&known, "%s%s", f == fields ? "" : ", ", f->name);
    add_mistake(r, key, path, "is not known here: %.*s", SPAN_ARG(buf_span(&known)));
    buf_release(&known);
}

static bool is_key(const yaml_node_t *key, const char *name)
{
    return key->type == YAML_SCALAR_NODE && strlen(name) == key->data.scalar.length &&
           memcmp(name, key->data.scalar.value, key->data.scalar.length) == 0;
}

/* The value of a name in a map, the first one's. */
static yaml_node_t *find_value(yaml_document_t *document, const yaml_node_t *map, const char *name)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         ++p)
        if (is_key(yaml_document_get_node(document, p->key), name))
            return yaml_document_get_node(document, p->value);
    return NULL;
}

/* Not by its value, which an alias can share. */
static bool is_repeated(struct reading *r, const yaml_node_t *map, const yaml_node_pair_t *pair,
                        const char *name)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; ++p)
        if (is_key(yaml_document_get_node(&r->document, p->key), name))
            return true;
    return false;
}

static void read_pair(struct reading *r, const yaml_node_t *map, const yaml_node_pair_t *pair,
                      struct path path, const struct field *fields)
{
    yaml_node_t *key = yaml_document_get_node(&r->document, pair->key);
    yaml_node_t *value = yaml_document_get_node(&r->document, pair->value);
    if (key->type != YAML_SCALAR_NODE ||
        strlen((const char *)key->data.scalar.value) != key->data.scalar.length) {
        add_mistake(r, key, path, "has a name that is no text");
        return;
    }
    const char *name = (const char *)key->data.scalar.value;
    struct path below = path_below(path, "%s", name);
    const struct field *field = find_field(fields, name);
    if (field == NULL)
        add_unknown(r, key, below, fields);
    else if (is_repeated(r, map, pair, name))
        add_mistake(r, key, below, "stands here a second time");
    else
        field->read(r, value, below);
}

static void read_map(struct reading *r, yaml_node_t *map, struct path path,
                     const struct field *fields)
{
    if (map->type != YAML_MAPPING_NODE) {
        add_mistake(r, map, path, "does not hold lines like %s: …", fields->name);
        return;
    }
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         ++p)
        read_pair(r, map, p, path, fields);
    for (const struct field *f = fields; f->name != NULL; ++f)
        if (f->is_needed && find_value(&r->document, map, f->name) == NULL)
            add_mistake(r, map, path_below(path, "%s", f->name), "is missing");
}

/* ---- A step ---- */

static struct scenario_step *step_of(struct reading *r)
{
    return &r->scenario.steps[r->step_no];
}

static void read_step_name(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->name = read_text(r, node, path);
}

static void read_anchor(struct reading *r, yaml_node_t *node, struct path path)
{
    const char *words[SCENARIO_ANCHOR_COUNT + 1] = {NULL};
    for (int i = 0; i < SCENARIO_ANCHOR_COUNT; ++i)
        words[i] = scenario_anchor_name((enum scenario_anchor)i);
    step_of(r)->anchor = (enum scenario_anchor)read_word(r, node, path, words);
}

static void read_offset(struct reading *r, yaml_node_t *node, struct path path, bool is_working)
{
    if (r->has_days)
        add_mistake(r, node, path, "stands beside %s: a step has one of them",
                    is_working ? "days" : "working_days");
    r->has_days = true;
    step_of(r)->offset_days = read_days(r, node, path, -9999);
    step_of(r)->is_working_days = is_working;
}

static void read_step_days(struct reading *r, yaml_node_t *node, struct path path)
{
    read_offset(r, node, path, false);
}

static void read_step_working_days(struct reading *r, yaml_node_t *node, struct path path)
{
    read_offset(r, node, path, true);
}

static void read_step_at(struct reading *r, yaml_node_t *node, struct path path)
{
    r->has_at = true;
    step_of(r)->at_second = read_time(r, node, path);
}

static void read_day_off(struct reading *r, yaml_node_t *node, struct path path)
{
    static const char *const words[] = {"before", "after", "same", NULL};
    r->has_day_off = true;
    step_of(r)->on_day_off = (enum scenario_day_off)read_word(r, node, path, words);
}

static void read_every(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->repeat_days = read_days(r, node, path, 1);
}

static void read_until(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->repeat_until = read_days(r, node, path, -9999);
}

static void read_repeat(struct reading *r, yaml_node_t *node, struct path path)
{
    static const struct field fields[] = {
        {"every", read_every, true}, {"until", read_until, true}, {NULL, NULL, false}};
    read_map(r, node, path, fields);
}

static void read_step_segments(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &step_of(r)->segments);
}

static void read_step_products(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &step_of(r)->products);
}

static void read_step_kinds(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &step_of(r)->kinds);
}

static void read_step_currencies(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &step_of(r)->currencies);
}

/* Read when the step's currency is known. */
static void keep_amount(struct reading *r, yaml_node_t *node, struct path path)
{
    (void)path;
    r->amount = node;
}

/* Without a currency the domain has something to say; until then as most have it. */
static int exponent_of_step(struct reading *r)
{
    int exponent = currency_exponent(scenario_step_currency(&r->scenario, step_of(r)));
    return exponent < 0 ? 2 : exponent;
}

static void read_amount_from(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->has_amount_from = true;
    step_of(r)->amount_from_minor = read_amount(r, node, path, exponent_of_step(r));
}

static void read_amount_to(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->has_amount_to = true;
    step_of(r)->amount_to_minor = read_amount(r, node, path, exponent_of_step(r));
}

static void read_amounts(struct reading *r, struct path path)
{
    static const struct field fields[] = {
        {"from", read_amount_from, false}, {"to", read_amount_to, false}, {NULL, NULL, false}};
    if (r->amount == NULL)
        return;
    read_map(r, r->amount, path, fields);
    if (r->amount->type == YAML_MAPPING_NODE && !step_of(r)->has_amount_from &&
        !step_of(r)->has_amount_to)
        add_mistake(r, r->amount, path, "has neither from nor to");
}

/* The place before the one that is being read. */
static struct scenario_place *place_before(struct reading *r)
{
    return &step_of(r)->places[step_of(r)->place_count - 2];
}

static void read_after(struct reading *r, yaml_node_t *node, struct path path)
{
    place_before(r)->wait_seconds = read_duration(r, node, path);
}

static void read_unless(struct reading *r, yaml_node_t *node, struct path path)
{
    place_before(r)->unless = read_text(r, node, path);
}

/* {sms: {after: 4h, unless: opened}}: when its turn comes is kept at the place before it. */
static void read_turn(struct reading *r, yaml_node_t *node, struct path path)
{
    static const struct field fields[] = {
        {"after", read_after, true}, {"unless", read_unless, true}, {NULL, NULL, false}};
    if (step_of(r)->place_count < 2)
        add_mistake(r, node, path, "is the first: there is nothing it could come after");
    else
        read_map(r, node, path, fields);
}

static void read_place(struct reading *r, yaml_node_t *node, struct path path)
{
    struct scenario_place *place = &step_of(r)->places[step_of(r)->place_count++];
    if (node->type != YAML_MAPPING_NODE) {
        place->channel = read_text(r, node, path);
        return;
    }
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    if (pair == node->data.mapping.pairs.top || pair + 1 != node->data.mapping.pairs.top) {
        add_mistake(r, node, path, "is not one channel: {sms: {after: 4h, unless: opened}}");
        return;
    }
    yaml_node_t *value = yaml_document_get_node(&r->document, pair->value);
    place->channel = read_text(r, yaml_document_get_node(&r->document, pair->key), path);
    if (!is_null(value))
        read_turn(r, value, path);
}

static void read_channels(struct reading *r, yaml_node_t *node, struct path path)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        add_mistake(r, node, path, "is no list: [push, sms]");
        return;
    }
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&r->document, items[i]);
        struct path below = path_below(path, "[%zu]", i);
        if (i == SCENARIO_CHANNELS_MAX) {
            add_mistake(r, item, below, "is more than %d channels", SCENARIO_CHANNELS_MAX);
            return;
        }
        read_place(r, item, below);
    }
}

static void read_template(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->template = read_text(r, node, path);
}

static void read_tone(struct reading *r, yaml_node_t *node, struct path path)
{
    step_of(r)->tone = read_text(r, node, path);
}

static const struct field step_fields[] = {
    {"name", read_step_name, true},
    {"anchor", read_anchor, true},
    {"days", read_step_days, false},
    {"working_days", read_step_working_days, false},
    {"at", read_step_at, false},
    {"on_day_off", read_day_off, false},
    {"repeat", read_repeat, false},
    {"segments", read_step_segments, false},
    {"products", read_step_products, false},
    {"kinds", read_step_kinds, false},
    {"currencies", read_step_currencies, false},
    {"amount", keep_amount, false},
    {"channels", read_channels, true},
    {"template", read_template, true},
    {"tone", read_tone, false},
    {NULL, NULL, false},
};

static void read_step(struct reading *r, yaml_node_t *node, struct path path)
{
    struct scenario_step *step = step_of(r);
    *step = (struct scenario_step){.tone = SPAN_LIT("neutral")};
    r->has_days = r->has_day_off = r->has_at = false;
    r->amount = NULL;
    read_map(r, node, path, step_fields);
    read_amounts(r, path_below(path, "amount"));
    if (node->type == YAML_MAPPING_NODE && !r->has_days)
        add_mistake(r, node, path_below(path, "days"), "is missing, or working_days");
    if (!r->has_day_off)
        step->on_day_off = scenario_day_off_of(step->anchor, step->offset_days);
    if (!r->has_at)
        step->at_second = r->at_second;
}

/* ---- The scenario ---- */

static void read_name(struct reading *r, yaml_node_t *node, struct path path)
{
    r->scenario.name = read_text(r, node, path);
}

static void read_title(struct reading *r, yaml_node_t *node, struct path path)
{
    r->scenario.title = read_text(r, node, path);
}

static void read_products(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &r->scenario.products);
}

static void read_kinds(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &r->scenario.kinds);
}

static void read_currencies(struct reading *r, yaml_node_t *node, struct path path)
{
    read_words(r, node, path, &r->scenario.currencies);
}

static void read_for(struct reading *r, yaml_node_t *node, struct path path)
{
    static const struct field fields[] = {{"products", read_products, false},
                                          {"kinds", read_kinds, false},
                                          {"currencies", read_currencies, false},
                                          {NULL, NULL, false}};
    read_map(r, node, path, fields);
}

static void read_default_time(struct reading *r, yaml_node_t *node, struct path path)
{
    r->at_second = read_time(r, node, path);
}

static void read_catch_up(struct reading *r, yaml_node_t *node, struct path path)
{
    r->scenario.catch_up_days = read_days(r, node, path, 0);
}

/* Read last, as their amounts and times lean on what stands beside them. */
static void keep_steps(struct reading *r, yaml_node_t *node, struct path path)
{
    if (node->type != YAML_SEQUENCE_NODE)
        add_mistake(r, node, path, "is no list: a line with - for each step");
}

static void read_steps(struct reading *r, yaml_node_t *node)
{
    struct path path = {"steps"};
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&r->document, items[i]);
        struct path below = path_below(path, "[%zu]", i);
        r->step_no = i;
        if (i == SCENARIO_STEPS_MAX) {
            add_mistake(r, item, below, "is more than %d steps", SCENARIO_STEPS_MAX);
            return;
        }
        ++r->scenario.step_count;
        read_step(r, item, below);
    }
}

static const struct field scenario_fields[] = {
    {"scenario", read_name, true},
    {"title", read_title, false},
    {"for", read_for, false},
    {"time", read_default_time, false},
    {"catch_up_days", read_catch_up, false},
    {"steps", keep_steps, true},
    {NULL, NULL, false},
};

static void read_scenario(struct reading *r, yaml_node_t *root)
{
    r->scenario.catch_up_days = CATCH_UP_DEFAULT;
    r->at_second = TIME_DEFAULT;
    r->step_no = SCENARIO_STEPS_MAX;
    read_map(r, root, (struct path){""}, scenario_fields);
    yaml_node_t *steps =
        root->type == YAML_MAPPING_NODE ? find_value(&r->document, root, "steps") : NULL;
    if (steps != NULL && steps->type == YAML_SEQUENCE_NODE)
        read_steps(r, steps);
}

/* ---- What the domain says of it ---- */

static bool is_at_or_below(const char *path, const char *top)
{
    size_t len = strlen(top);
    return strncmp(path, top, len) == 0 &&
           (path[len] == '\0' || path[len] == '.' || path[len] == '[');
}

static bool follows_from_reading(const struct reading *r, const char *path)
{
    for (size_t i = 0; i < r->read_count; ++i)
        if (is_at_or_below(path, r->mistakes->items[i].path) ||
            is_at_or_below(r->mistakes->items[i].path, path))
            return true;
    return false;
}

/* The node of a path, or of as much of it as is there. */
static yaml_node_t *find_path(struct reading *r, const char *path)
{
    yaml_node_t *node = yaml_document_get_root_node(&r->document), *next = node;
    while (next != NULL && *path != '\0') {
        node = next;
        next = NULL;
        if (*path == '[') {
            size_t index = strtoul(path + 1, NULL, 10);
            path += strcspn(path, "]") + 1;
            if (node->type == YAML_SEQUENCE_NODE &&
                index < (size_t)(node->data.sequence.items.top - node->data.sequence.items.start))
                next = yaml_document_get_node(&r->document, node->data.sequence.items.start[index]);
        } else {
            char name[SCENARIO_PATH_MAX + 1];
            path += *path == '.';
            size_t len = strcspn(path, ".[");
            snprintf(name, sizeof(name), "%.*s", (int)len, path);
            path += len;
            if (node->type == YAML_MAPPING_NODE)
                next = find_value(&r->document, node, name);
        }
    }
    return next == NULL ? node : next;
}

static void on_mistake(void *owner, const char *path, const char *text)
{
    struct reading *r = owner;
    if (!follows_from_reading(r, path))
        add_mistake_at(r, find_path(r, path)->start_mark, path, text);
}

static int by_place(const void *a, const void *b)
{
    const struct scenario_mistake *one = a, *other = b;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    if (one->column != other->column)
        return one->column < other->column ? -1 : 1;
    return strcmp(one->path, other->path);
}

static void judge(struct reading *r, const struct scenario_templates *templates)
{
    struct scenario_checking checking = {
        .has_template = templates == NULL ? NULL : templates->has,
        .templates = templates == NULL ? NULL : templates->owner,
        .on_mistake = on_mistake,
        .owner = r,
        .is_unread = r->is_unread,
    };
    r->read_count = r->mistakes->count;
    scenario_check(&r->scenario, &checking);
    qsort(r->mistakes->items, r->mistakes->count, sizeof(r->mistakes->items[0]), by_place);
}

/* ---- The text ---- */

static void add_syntax_mistake(struct reading *r, const yaml_parser_t *parser)
{
    char text[SCENARIO_TEXT_MAX + 1];
    bool has_mark = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR ||
                    parser->error == YAML_COMPOSER_ERROR;
    snprintf(text, sizeof(text), "is no YAML: %s",
             parser->problem == NULL ? "out of memory" : parser->problem);
    add_mistake_at(r, has_mark ? parser->problem_mark : parser->mark, "", text);
}

/* A second document would be overlooked. */
static void check_end(struct reading *r, yaml_parser_t *parser)
{
    yaml_document_t more;
    if (!yaml_parser_load(parser, &more)) {
        add_syntax_mistake(r, parser);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&more);
    if (root != NULL)
        add_mistake_at(r, root->start_mark, "", "is more than one scenario: only one goes at once");
    yaml_document_delete(&more);
}

static void read_document(struct reading *r, yaml_parser_t *parser,
                          const struct scenario_templates *templates, struct scenario **out)
{
    if (!yaml_parser_load(parser, &r->document)) {
        add_syntax_mistake(r, parser);
        return;
    }
    yaml_node_t *root = yaml_document_get_root_node(&r->document);
    if (root == NULL) {
        add_mistake_at(r, (yaml_mark_t){0}, "", "is empty");
    } else {
        read_scenario(r, root);
        check_end(r, parser);
        if (root->type == YAML_MAPPING_NODE)
            judge(r, templates);
    }
    if (r->mistakes->count == 0)
        *out = scenario_new_copy(&r->scenario);
    yaml_document_delete(&r->document);
}

struct scenario *scenario_yaml_read(struct span text, const struct scenario_templates *templates,
                                    struct scenario_mistakes *mistakes)
{
    struct scenario *out = NULL;
    struct reading *r = calloc(1, sizeof(*r));
    yaml_parser_t parser;
    if (r == NULL || !yaml_parser_initialize(&parser))
        abort();
    r->mistakes = mistakes;
    mistakes->count = 0;
    if (text.len > SCENARIO_YAML_BYTES_MAX) {
        add_mistake_at(r, (yaml_mark_t){0}, "", "is longer than 64 kB");
    } else {
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text.base, text.len);
        read_document(r, &parser, templates, &out);
    }
    yaml_parser_delete(&parser);
    free(r);
    return out;
}
