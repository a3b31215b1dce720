/* The happy path:
 *
 *   begin               what needs no text goes to change at once
 *   on_templates_found  read the text; mistakes: finish
 *   change              one transaction under the lock: save, activate, off or move
 *   on_changed          on disk
 *   finish
 *
 * Nothing is looked up first and changed afterwards: the statements judge by what stands when they
 * hold the lock, and say what came of it. */
#include "flow/scenario_manage.h"

#include "flow/scenario_templates.h"

#include <stdio.h>
#include <stdlib.h>

struct scenario_manage {
    struct world *world;
    struct scenario_order order; /* its texts are copies */
    char *text;
    char name[48], by[SCENARIO_BY_MAX + 1];
    struct pg_query query;
    struct pg_tx tx;
    struct scenario *scenario;
    struct scenario_mistakes mistakes;
    struct scenario_managed managed;
    scenario_manage_cb on_done;
    void *owner;
};

static void on_templates_found(void *owner, const PGresult *result, const struct err *err);
static int change(struct scenario_manage *op, struct err *err);
static void on_saved(void *owner, const PGresult *result, const struct err *err);
static void on_activated(void *owner, const PGresult *result, const struct err *err);
static void on_switched_off(void *owner, const PGresult *result, const struct err *err);
static void on_moved(void *owner, const PGresult *result, const struct err *err);
static void on_changed(void *owner, const struct err *err);
static void finish(struct scenario_manage *op, const struct err *err);

static bool has_text(const struct scenario_manage *op)
{
    return op->order.action <= SCENARIO_USE_FIRST;
}

static struct scenario_manage *op_new(struct world *world, const struct scenario_order *order)
{
    struct scenario_manage *op = calloc(1, sizeof(*op));
    size_t len = order->text.len > SCENARIO_YAML_BYTES_MAX + 1 ? SCENARIO_YAML_BYTES_MAX + 1
                                                               : order->text.len;
    if (op == NULL || (op->text = calloc(1, len + 1)) == NULL)
        abort();
    op->world = world;
    op->order = *order;
    if (len != 0)
        memcpy(op->text, order->text.base, len);
    op->order.text = span_of(op->text, len);
    snprintf(op->name, sizeof(op->name), "%.*s", SPAN_ARG(order->name));
    snprintf(op->by, sizeof(op->by), "%.*s", SPAN_ARG(order->by));
    op->managed.mistakes = &op->mistakes;
    return op;
}

static void op_free(struct scenario_manage *op)
{
    free(op->scenario);
    free(op->text);
    free(op);
}

int scenario_manage_begin(struct world *world, const struct scenario_order *order,
                          scenario_manage_cb on_done, void *owner, struct err *err)
{
    struct scenario_manage *op = op_new(world, order);
    op->on_done = on_done;
    op->owner = owner;
    int code = has_text(op)
                   ? scenario_templates(world->store, &op->query, on_templates_found, op, err)
                   : change(op, err);
    if (code != 0)
        op_free(op);
    return code;
}

static void read_text(struct scenario_manage *op, const PGresult *result)
{
    struct template_set *set = template_set_new(result);
    struct scenario_templates templates = template_set_of(set);
    op->scenario =
        scenario_yaml_read(op->order.text, op->order.is_preset ? NULL : &templates, &op->mistakes);
    template_set_free(set);
    if (op->scenario != NULL)
        snprintf(op->name, sizeof(op->name), "%.*s", SPAN_ARG(op->scenario->name));
}

static void on_templates_found(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_manage *op = owner;
    struct err failed = {0};
    if (result == NULL) {
        finish(op, err);
        return;
    }
    read_text(op, result);
    op->managed.result = op->scenario == NULL ? SCENARIO_WRONG : SCENARIO_DONE;
    bool is_checked = op->scenario == NULL || op->order.action == SCENARIO_CHECK;
    if (is_checked || change(op, &failed) != 0)
        finish(op, &failed);
}

static void add_save(struct scenario_manage *op, struct instant now)
{
    const struct scenario_saving saving = {.scenario = op->scenario,
                                           .source = op->order.text,
                                           .by = span_str(op->by),
                                           .is_first = op->order.action == SCENARIO_USE_FIRST,
                                           .now = now};
    scenario_add_save(&op->tx, &saving, on_saved);
}

static void add_activate(struct scenario_manage *op, struct instant now)
{
    const struct scenario_activating activating = {
        .name = span_str(op->name),
        .version = op->order.version,
        .from = op->order.from.is_there ? op->order.from.at : now,
        .now = now};
    scenario_add_activate(&op->tx, &activating, on_activated);
}

static int change(struct scenario_manage *op, struct err *err)
{
    struct instant now = op->world->now();
    enum scenario_action action = op->order.action;
    if (pg_tx_begin(op->world->store->writes, &op->tx, on_changed, op, err) != 0)
        return err->code;
    scenario_add_lock(&op->tx);
    if (has_text(op))
        add_save(op, now);
    if (action == SCENARIO_USE || action == SCENARIO_ACTIVATE)
        add_activate(op, now);
    else if (action == SCENARIO_OFF)
        scenario_add_off(&op->tx, span_str(op->name), now, on_switched_off);
    else if (action == SCENARIO_MOVE)
        scenario_add_move(&op->tx, span_str(op->name), op->order.place, on_moved);
    pg_tx_commit(&op->tx);
    return 0;
}

static void on_saved(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_manage *op = owner;
    (void)err;
    if (result == NULL)
        return;
    struct scenario_saved saved = scenario_read_saved(result);
    op->managed.result = saved.is_there ? SCENARIO_DONE : SCENARIO_THERE_ALREADY;
    op->managed.version = saved.version;
    op->managed.is_changed = saved.is_new;
}

static enum scenario_result result_of(enum scenario_activation activation)
{
    switch (activation) {
    case SCENARIO_ACTIVATED:
        return SCENARIO_DONE;
    case SCENARIO_WAS_IN_FORCE:
        return SCENARIO_OVER;
    case SCENARIO_IN_THE_PAST:
        return SCENARIO_PAST;
    case SCENARIO_UNKNOWN:
        break;
    }
    return SCENARIO_NOT_KNOWN;
}

static void on_activated(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_manage *op = owner;
    (void)err;
    if (result == NULL)
        return;
    struct scenario_activated activated = scenario_read_activated(result);
    op->managed.result = result_of(activated.result);
    op->managed.version = activated.version;
    op->managed.from = activated.from;
    op->managed.until = activated.until;
    /* Its text is the one asked for, and its time is not over (scenario_save). */
    bool is_used_already =
        op->order.action == SCENARIO_USE && activated.result == SCENARIO_WAS_IN_FORCE;
    if (is_used_already)
        op->managed.result = SCENARIO_DONE;
    op->managed.is_changed = !is_used_already;
}

static void on_switched_off(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_manage *op = owner;
    (void)err;
    if (result == NULL)
        return;
    int64_t count = scenario_read_off(result);
    op->managed.is_changed = count > 0;
    op->managed.result = count < 0    ? SCENARIO_NOT_KNOWN
                         : count == 0 ? SCENARIO_NOT_IN_FORCE
                                      : SCENARIO_DONE;
}

static void on_moved(void *owner, const PGresult *result, const struct err *err)
{
    struct scenario_manage *op = owner;
    (void)err;
    if (result == NULL)
        return;
    op->managed.is_changed = scenario_read_moved(result);
    op->managed.result = op->managed.is_changed ? SCENARIO_DONE : SCENARIO_NOT_KNOWN;
}

static void on_changed(void *owner, const struct err *err)
{
    finish(owner, err);
}

static void finish(struct scenario_manage *op, const struct err *err)
{
    memcpy(op->managed.name, op->name, sizeof(op->managed.name));
    op->on_done(op->owner, err->code == 0 ? &op->managed : NULL, err);
    op_free(op);
}
