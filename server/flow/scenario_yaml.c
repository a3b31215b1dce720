/* libyaml makes a document of nodes that know their places. Tables of fields are walked over it
 * (scenario_nodes); what no row claims is unknown, and nothing stops at the first mistake but text
 * that is no YAML at all. Then the domain judges what was read. It names places by path, and the
 * document is asked where that stands; a mistake that only follows from one of reading is left out.
 *
 * Until the end all texts lie in the document; a copy of its own is what the caller gets. */
#include "flow/scenario_yaml.h"

#include "domain/money.h"
#include "flow/scenario_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum { CATCH_UP_DEFAULT = 7 };

struct scenario_reading {
    struct scenario_nodes nodes;
    size_t read_count; /* mistakes found while reading */
    struct scenario scenario;
    bool is_unread[SCENARIO_STEPS_MAX];
    int32_t at_second; /* of steps that say nothing else */
    /* Of the step that is being read. */
    size_t step_no;
    bool has_days, has_day_off, has_at;
    yaml_node_t *amount;
};

/* ---- A step ---- */

static struct scenario_step *step_of(struct scenario_reading *r)
{
    return &r->scenario.steps[r->step_no];
}

static void read_step_name(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->name = nodes_read_text(&r->nodes, node, path);
}

static void read_anchor(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    const char *words[SCENARIO_ANCHOR_COUNT + 1] = {NULL};
    for (int i = 0; i < SCENARIO_ANCHOR_COUNT; ++i)
        words[i] = scenario_anchor_name((enum scenario_anchor)i);
    step_of(r)->anchor = (enum scenario_anchor)nodes_read_word(&r->nodes, node, path, words);
}

static void read_offset(struct scenario_reading *r, yaml_node_t *node, struct node_path path,
                        bool is_working)
{
    if (r->has_days)
        nodes_add_mistake(&r->nodes, node, path, "stands beside %s: a step has one of them",
                          is_working ? "days" : "working_days");
    r->has_days = true;
    step_of(r)->offset_days = nodes_read_days(&r->nodes, node, path, -9999);
    step_of(r)->is_working_days = is_working;
}

static void read_step_days(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    read_offset(r, node, path, false);
}

static void read_step_working_days(struct scenario_reading *r, yaml_node_t *node,
                                   struct node_path path)
{
    read_offset(r, node, path, true);
}

static void read_step_at(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    r->has_at = true;
    step_of(r)->at_second = nodes_read_time(&r->nodes, node, path);
}

static void read_day_off(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    static const char *const words[] = {"before", "after", "same", NULL};
    r->has_day_off = true;
    step_of(r)->on_day_off = (enum scenario_day_off)nodes_read_word(&r->nodes, node, path, words);
}

static void read_every(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->repeat_days = nodes_read_days(&r->nodes, node, path, 1);
}

static void read_until(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->repeat_until = nodes_read_days(&r->nodes, node, path, -9999);
}

static void read_repeat(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    static const struct node_field fields[] = {
        {"every", read_every, true}, {"until", read_until, true}, {NULL, NULL, false}};
    nodes_read_map(&r->nodes, r, node, path, fields);
}

static void read_step_segments(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &step_of(r)->segments);
}

static void read_step_products(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &step_of(r)->products);
}

static void read_step_kinds(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &step_of(r)->kinds);
}

static void read_step_currencies(struct scenario_reading *r, yaml_node_t *node,
                                 struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &step_of(r)->currencies);
}

/* Read when the step's currency is known. */
static void keep_amount(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    (void)path;
    r->amount = node;
}

/* Without a currency the domain has something to say; until then as most have it. */
static int exponent_of_step(struct scenario_reading *r)
{
    int exponent = currency_exponent(scenario_step_currency(&r->scenario, step_of(r)));
    return exponent < 0 ? 2 : exponent;
}

static void read_amount_from(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->has_amount_from = true;
    step_of(r)->amount_from_minor = nodes_read_amount(&r->nodes, node, path, exponent_of_step(r));
}

static void read_amount_to(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->has_amount_to = true;
    step_of(r)->amount_to_minor = nodes_read_amount(&r->nodes, node, path, exponent_of_step(r));
}

static void read_amounts(struct scenario_reading *r, struct node_path path)
{
    static const struct node_field fields[] = {
        {"from", read_amount_from, false}, {"to", read_amount_to, false}, {NULL, NULL, false}};
    if (r->amount == NULL)
        return;
    nodes_read_map(&r->nodes, r, r->amount, path, fields);
    if (r->amount->type == YAML_MAPPING_NODE && !step_of(r)->has_amount_from &&
        !step_of(r)->has_amount_to)
        nodes_add_mistake(&r->nodes, r->amount, path, "has neither from nor to");
}

/* The place before the one that is being read. */
static struct scenario_place *place_before(struct scenario_reading *r)
{
    return &step_of(r)->places[step_of(r)->place_count - 2];
}

static void read_after(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    place_before(r)->wait_seconds = nodes_read_duration(&r->nodes, node, path);
}

static void read_unless(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    place_before(r)->unless = nodes_read_text(&r->nodes, node, path);
}

/* {sms: {after: 4h, unless: opened}}: when its turn comes is kept at the place before it. */
static void read_turn(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    static const struct node_field fields[] = {
        {"after", read_after, true}, {"unless", read_unless, true}, {NULL, NULL, false}};
    if (step_of(r)->place_count < 2)
        nodes_add_mistake(&r->nodes, node, path,
                          "is the first: there is nothing it could come after");
    else
        nodes_read_map(&r->nodes, r, node, path, fields);
}

static void read_place(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    struct scenario_place *place = &step_of(r)->places[step_of(r)->place_count++];
    if (node->type != YAML_MAPPING_NODE) {
        place->channel = nodes_read_text(&r->nodes, node, path);
        return;
    }
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    if (pair == node->data.mapping.pairs.top || pair + 1 != node->data.mapping.pairs.top) {
        nodes_add_mistake(&r->nodes, node, path,
                          "is not one channel: {sms: {after: 4h, unless: opened}}");
        return;
    }
    yaml_node_t *value = yaml_document_get_node(&r->nodes.document, pair->value);
    place->channel =
        nodes_read_text(&r->nodes, yaml_document_get_node(&r->nodes.document, pair->key), path);
    if (!nodes_is_null(value))
        read_turn(r, value, path);
}

static void read_channels(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        nodes_add_mistake(&r->nodes, node, path, "is no list: [push, sms]");
        return;
    }
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&r->nodes.document, items[i]);
        struct node_path below = nodes_path_below(path, "[%zu]", i);
        if (i == SCENARIO_CHANNELS_MAX) {
            nodes_add_mistake(&r->nodes, item, below, "is more than %d channels",
                              SCENARIO_CHANNELS_MAX);
            return;
        }
        read_place(r, item, below);
    }
}

static void read_template(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->template = nodes_read_text(&r->nodes, node, path);
}

static void read_tone(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    step_of(r)->tone = nodes_read_text(&r->nodes, node, path);
}

static const struct node_field step_fields[] = {
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

static void read_step(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    struct scenario_step *step = step_of(r);
    *step = (struct scenario_step){.tone = SPAN_LIT("neutral")};
    r->has_days = r->has_day_off = r->has_at = false;
    r->amount = NULL;
    nodes_read_map(&r->nodes, r, node, path, step_fields);
    read_amounts(r, nodes_path_below(path, "amount"));
    if (node->type == YAML_MAPPING_NODE && !r->has_days)
        nodes_add_mistake(&r->nodes, node, nodes_path_below(path, "days"),
                          "is missing, or working_days");
    if (!r->has_day_off)
        step->on_day_off = scenario_day_off_of(step->anchor, step->offset_days);
    if (!r->has_at)
        step->at_second = r->at_second;
}

/* ---- The scenario ---- */

static void read_name(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    r->scenario.name = nodes_read_text(&r->nodes, node, path);
}

static void read_title(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    r->scenario.title = nodes_read_text(&r->nodes, node, path);
}

static void read_products(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &r->scenario.products);
}

static void read_kinds(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &r->scenario.kinds);
}

static void read_currencies(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    nodes_read_words(&r->nodes, node, path, &r->scenario.currencies);
}

static void read_for(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    static const struct node_field fields[] = {{"products", read_products, false},
                                               {"kinds", read_kinds, false},
                                               {"currencies", read_currencies, false},
                                               {NULL, NULL, false}};
    nodes_read_map(&r->nodes, r, node, path, fields);
}

static void read_default_time(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    r->at_second = nodes_read_time(&r->nodes, node, path);
}

static void read_catch_up(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    r->scenario.catch_up_days = nodes_read_days(&r->nodes, node, path, 0);
}

/* Read last, as their amounts and times lean on what stands beside them. */
static void keep_steps(struct scenario_reading *r, yaml_node_t *node, struct node_path path)
{
    if (node->type != YAML_SEQUENCE_NODE)
        nodes_add_mistake(&r->nodes, node, path, "is no list: a line with - for each step");
}

static void read_steps(struct scenario_reading *r, yaml_node_t *node)
{
    struct node_path path = {"steps"};
    yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    for (size_t i = 0; i < count; ++i) {
        yaml_node_t *item = yaml_document_get_node(&r->nodes.document, items[i]);
        struct node_path below = nodes_path_below(path, "[%zu]", i);
        r->step_no = i;
        r->nodes.has_mistake = i < SCENARIO_STEPS_MAX ? &r->is_unread[i] : NULL;
        if (i == SCENARIO_STEPS_MAX) {
            nodes_add_mistake(&r->nodes, item, below, "is more than %d steps", SCENARIO_STEPS_MAX);
            return;
        }
        ++r->scenario.step_count;
        read_step(r, item, below);
    }
    r->nodes.has_mistake = NULL;
}

static const struct node_field scenario_fields[] = {
    {"scenario", read_name, true},
    {"title", read_title, false},
    {"for", read_for, false},
    {"time", read_default_time, false},
    {"catch_up_days", read_catch_up, false},
    {"steps", keep_steps, true},
    {NULL, NULL, false},
};

static void read_scenario(struct scenario_reading *r, yaml_node_t *root)
{
    r->scenario.catch_up_days = CATCH_UP_DEFAULT;
    r->at_second = SCENARIO_TIME_DEFAULT;
    nodes_read_map(&r->nodes, r, root, (struct node_path){""}, scenario_fields);
    yaml_node_t *steps =
        root->type == YAML_MAPPING_NODE ? nodes_find(&r->nodes.document, root, "steps") : NULL;
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

static bool follows_from_reading(const struct scenario_reading *r, const char *path)
{
    for (size_t i = 0; i < r->read_count; ++i)
        if (is_at_or_below(path, r->nodes.mistakes->items[i].path) ||
            is_at_or_below(r->nodes.mistakes->items[i].path, path))
            return true;
    return false;
}

static void on_mistake(void *owner, const char *path, const char *text)
{
    struct scenario_reading *r = owner;
    if (!follows_from_reading(r, path))
        nodes_add_mistake_at(&r->nodes, nodes_find_path(&r->nodes, path)->start_mark, path, text);
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

static void judge(struct scenario_reading *r, const struct scenario_templates *templates)
{
    struct scenario_checking checking = {
        .has_template = templates == NULL ? NULL : templates->has,
        .templates = templates == NULL ? NULL : templates->owner,
        .on_mistake = on_mistake,
        .owner = r,
        .is_unread = r->is_unread,
    };
    r->read_count = r->nodes.mistakes->count;
    scenario_check(&r->scenario, &checking);
    qsort(r->nodes.mistakes->items, r->nodes.mistakes->count, sizeof(r->nodes.mistakes->items[0]),
          by_place);
}

/* ---- The text ---- */

static void add_syntax_mistake(struct scenario_reading *r, const yaml_parser_t *parser)
{
    char text[SCENARIO_TEXT_MAX + 1];
    bool has_mark = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR ||
                    parser->error == YAML_COMPOSER_ERROR;
    snprintf(text, sizeof(text), "is no YAML: %s",
             parser->problem == NULL ? "out of memory" : parser->problem);
    nodes_add_mistake_at(&r->nodes, has_mark ? parser->problem_mark : parser->mark, "", text);
}

/* A second document would be overlooked. */
static void check_end(struct scenario_reading *r, yaml_parser_t *parser)
{
    yaml_document_t more;
    if (!yaml_parser_load(parser, &more)) {
        add_syntax_mistake(r, parser);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&more);
    if (root != NULL)
        nodes_add_mistake_at(&r->nodes, root->start_mark, "",
                             "is more than one scenario: only one goes at once");
    yaml_document_delete(&more);
}

static void read_document(struct scenario_reading *r, yaml_parser_t *parser,
                          const struct scenario_templates *templates, struct scenario **out)
{
    if (!yaml_parser_load(parser, &r->nodes.document)) {
        add_syntax_mistake(r, parser);
        return;
    }
    yaml_node_t *root = yaml_document_get_root_node(&r->nodes.document);
    if (root == NULL) {
        nodes_add_mistake_at(&r->nodes, (yaml_mark_t){0}, "", "is empty");
    } else {
        read_scenario(r, root);
        check_end(r, parser);
        if (root->type == YAML_MAPPING_NODE)
            judge(r, templates);
    }
    if (r->nodes.mistakes->count == 0)
        *out = scenario_new_copy(&r->scenario);
    yaml_document_delete(&r->nodes.document);
}

struct scenario *scenario_yaml_read(struct span text, const struct scenario_templates *templates,
                                    struct scenario_mistakes *mistakes)
{
    struct scenario *out = NULL;
    struct scenario_reading *r = calloc(1, sizeof(*r));
    yaml_parser_t parser;
    if (r == NULL || !yaml_parser_initialize(&parser))
        abort();
    r->nodes.mistakes = mistakes;
    mistakes->count = 0;
    if (text.len > SCENARIO_YAML_BYTES_MAX) {
        nodes_add_mistake_at(&r->nodes, (yaml_mark_t){0}, "", "is longer than 64 kB");
    } else {
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)text.base, text.len);
        read_document(r, &parser, templates, &out);
    }
    yaml_parser_delete(&parser);
    free(r);
    return out;
}
