/* Choosing: the preset is put in force by the flow that the API uses -> which are in force -> those
 * that are not it are switched off, one after the other -> answered. Nothing is without a scenario
 * in between. */
#include "app/pane_scenarios.h"

#include "app/pane_http.h"
#include "app/pane_input.h"
#include "app/panes.h"
#include "flow/scenario_json.h"
#include "flow/scenario_manage.h"
#include "flow/scenario_presets.h"

#include <stdio.h>
#include <stdlib.h>

enum { OTHERS_MAX = 32, NAME_ROOM = 48 };

struct choosing {
    struct pane_request *request; /* null when gone */
    struct world *world;
    struct pg_query query;
    struct scenario_preset preset;
    json_t *answer;
    char others[OTHERS_MAX][NAME_ROOM];
    size_t other_count, done_count;
};

/* ---- looking ---- */

struct looking {
    struct pane_request *request; /* null when gone */
    struct pg_query query;
};

static bool is_in_force(const json_t *in_force, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach(in_force, i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "name")), name) == 0)
            return true;
    }
    return false;
}

static json_t *preset_json(struct scenario_preset preset, const json_t *in_force)
{
    struct scenario_mistakes *mistakes = malloc(sizeof(*mistakes));
    if (mistakes == NULL)
        abort();
    struct scenario *scenario = scenario_yaml_read(preset.text, NULL, mistakes);
    free(mistakes);
    if (scenario == NULL)
        abort(); /* what is shipped is read by the tests */
    json_t *json = scenario_json(scenario);
    free(scenario);
    const char *name = json_string_value(json_object_get(json, "scenario"));
    json_object_set_new(json, "in_force", json_boolean(is_in_force(in_force, name)));
    return json;
}

static json_t *in_force_json(const PGresult *result)
{
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct scenario_listed listed;
        scenario_read_listed(result, row, &listed);
        if (listed.version != 0)
            json_array_append_new(list, scenario_json_listed(&listed));
    }
    return list;
}

static void on_listed(void *owner, const PGresult *result, const struct err *err)
{
    struct looking *looking = owner;
    if (looking->request != NULL && err->code != 0) {
        pane_reply_problem(looking->request, 503, "database");
    } else if (looking->request != NULL) {
        json_t *in_force = in_force_json(result), *presets = json_array();
        for (size_t i = 0; i < scenario_preset_count(); ++i)
            json_array_append_new(presets, preset_json(scenario_preset_at(i), in_force));
        pane_reply_json(looking->request, 200,
                        json_pack("{s:o, s:o}", "presets", presets, "in_force", in_force));
    }
    free(looking);
}

void pane_list_scenarios(struct pane_request *request)
{
    const struct panes *panes = request->owner;
    struct err err;
    struct looking *looking = calloc(1, sizeof(*looking));
    if (looking == NULL)
        abort();
    pane_hold(request, &looking->request);
    if (scenario_list(panes->world->store, &looking->query, panes->world->now(), on_listed, looking,
                      &err) == 0)
        return;
    pane_reply_problem(looking->request, 503, "busy");
    free(looking);
}

/* ---- choosing ---- */

/* `reason` null: done. */
static void finish(struct choosing *choosing, int status, const char *reason)
{
    if (choosing->request != NULL && reason != NULL)
        pane_reply_problem(choosing->request, status, reason);
    else if (choosing->request != NULL)
        pane_reply_json(choosing->request, status, json_incref(choosing->answer));
    json_decref(choosing->answer);
    free(choosing);
}

static void switch_off_next(struct choosing *choosing);

static void on_switched_off(void *owner, const struct scenario_managed *managed,
                            const struct err *err)
{
    struct choosing *choosing = owner;
    (void)err;
    if (managed == NULL)
        finish(choosing, 503, "database");
    else
        switch_off_next(choosing);
}

static void switch_off_next(struct choosing *choosing)
{
    struct err err;
    if (choosing->done_count == choosing->other_count) {
        finish(choosing, 200, NULL);
        return;
    }
    const struct scenario_order order = {
        .action = SCENARIO_OFF, .name = span_str(choosing->others[choosing->done_count++])};
    if (scenario_manage_begin(choosing->world, &order, on_switched_off, choosing, &err) != 0)
        finish(choosing, 503, "busy");
}

static void on_others(void *owner, const PGresult *result, const struct err *err)
{
    struct choosing *choosing = owner;
    if (err->code != 0) {
        finish(choosing, 503, "database");
        return;
    }
    for (int row = 0; row < PQntuples(result) && choosing->other_count < OTHERS_MAX; ++row) {
        struct scenario_listed listed;
        scenario_read_listed(result, row, &listed);
        bool is_other = listed.version != 0 && !span_is(listed.name, choosing->preset.name);
        if (is_other)
            snprintf(choosing->others[choosing->other_count++], NAME_ROOM, "%.*s",
                     SPAN_ARG(listed.name));
    }
    switch_off_next(choosing);
}

static void on_used(void *owner, const struct scenario_managed *managed, const struct err *err)
{
    struct choosing *choosing = owner;
    struct err failed;
    (void)err;
    if (managed == NULL || managed->result != SCENARIO_DONE) {
        finish(choosing, 503, "database");
        return;
    }
    choosing->answer = scenario_json_managed(managed);
    if (scenario_list(choosing->world->store, &choosing->query, choosing->world->now(), on_others,
                      choosing, &failed) != 0)
        finish(choosing, 503, "busy");
}

void pane_choose_scenario(struct pane_request *request)
{
    struct panes *panes = request->owner;
    struct pane_input input;
    struct scenario_preset preset;
    struct err err;
    pane_input_init(&input, request);
    struct span name = pane_input_text(&input, "name");
    bool is_known = name.base != NULL && scenario_preset_find(name, &preset);
    pane_input_release(&input);
    if (!is_known) {
        pane_reply_problem(request, 422, "no_such_preset");
        return;
    }
    struct choosing *choosing = calloc(1, sizeof(*choosing));
    if (choosing == NULL)
        abort();
    choosing->world = panes->world;
    choosing->preset = preset;
    pane_hold(request, &choosing->request);
    const struct scenario_order order = {
        .action = SCENARIO_USE, .text = preset.text, .is_preset = true, .by = SPAN_LIT("demo")};
    if (scenario_manage_begin(panes->world, &order, on_used, choosing, &err) != 0)
        finish(choosing, 503, "busy");
}
