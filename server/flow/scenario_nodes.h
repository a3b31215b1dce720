/* The nodes of a scenario's text, as libyaml makes them: values of each kind that a scenario has,
 * maps by tables of their fields, and every mistake at its place. Which fields there are and what
 * they mean is scenario_yaml.c's. A value with a mistake in it is read as nothing, and reading goes
 * on. */
#ifndef DUNLIN_FLOW_SCENARIO_NODES_H
#define DUNLIN_FLOW_SCENARIO_NODES_H

#include "domain/scenario.h"
#include "flow/scenario_yaml.h"

#include <yaml.h>

enum { SCENARIO_TIME_DEFAULT = 10 * 3600 };

struct scenario_nodes {
    yaml_document_t document;
    struct scenario_mistakes *mistakes;
    bool *has_mistake; /* set when one is found; null: nobody asks */
};

/* Where a node stands: "steps[2].channels[1]". Room for more than a path that the domain writes, as
 * an unknown name may be anything. */
struct node_path {
    char text[SCENARIO_PATH_MAX + 1];
};

struct scenario_reading; /* whoever reads has one of its own */

struct node_field {
    const char *name;
    void (*read)(struct scenario_reading *, yaml_node_t *, struct node_path);
    bool is_needed;
};

/* `text` goes on from the path: "is …". What is beyond the room is left out. */
void nodes_add_mistake(struct scenario_nodes *, const yaml_node_t *, struct node_path,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
void nodes_add_mistake_at(struct scenario_nodes *, yaml_mark_t, const char *path, const char *text);
/* Longer names are cut. */
struct node_path nodes_path_below(struct node_path top, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* No value: "~", "null" or nothing. */
bool nodes_is_null(const yaml_node_t *);
/* Texts lie in the document. A null base after a mistake. */
struct span nodes_read_text(struct scenario_nodes *, const yaml_node_t *, struct node_path);
int32_t nodes_read_days(struct scenario_nodes *, const yaml_node_t *, struct node_path,
                        int32_t min);
/* "10:00", as seconds of the day; SCENARIO_TIME_DEFAULT after a mistake. */
int32_t nodes_read_time(struct scenario_nodes *, const yaml_node_t *, struct node_path);
/* "4h", "30m", "2d", in seconds. */
int32_t nodes_read_duration(struct scenario_nodes *, const yaml_node_t *, struct node_path);
/* "200.00", in minor units of a currency with so many digits behind the point. */
int64_t nodes_read_amount(struct scenario_nodes *, const yaml_node_t *, struct node_path,
                          int exponent);
void nodes_read_words(struct scenario_nodes *, yaml_node_t *, struct node_path,
                      struct scenario_words *out);
/* The index of a word in a list ended by null; the first when it is none, which is a mistake. */
int nodes_read_word(struct scenario_nodes *, const yaml_node_t *, struct node_path,
                    const char *const *words);

/* Has each field of a map read; those that are unknown, twice or missing are mistakes. `fields` is
 * ended by a null name. */
void nodes_read_map(struct scenario_nodes *, struct scenario_reading *, yaml_node_t *map,
                    struct node_path, const struct node_field *fields);
/* The value of a name in a map, the first one's; null when it is not there. */
yaml_node_t *nodes_find(yaml_document_t *, const yaml_node_t *map, const char *name);
/* The node of a path, or of as much of it as is there. */
yaml_node_t *nodes_find_path(struct scenario_nodes *, const char *path);

#endif
