#include "flow/scenario_json.h"

#include <stdio.h>
#include <stdlib.h>

static json_t *text_json(struct span text)
{
    json_t *json = json_stringn(text.base == NULL ? "" : text.base, text.len);
    if (json == NULL)
        abort(); /* all texts are UTF-8: libyaml and the database saw to it */
    return json;
}

static json_t *instant_json(struct instant at)
{
    char text[21];
    instant_print(at, text);
    return json_string(text);
}

static json_t *maybe_json(struct maybe_instant maybe)
{
    return maybe.is_there ? instant_json(maybe.at) : json_null();
}

static json_t *number_or_null(int64_t number)
{
    return number == 0 ? json_null() : json_integer((json_int_t)number);
}

static void set_words(json_t *object, const char *name, const struct scenario_words *words)
{
    json_t *list = json_array();
    for (size_t i = 0; i < words->count; ++i)
        json_array_append_new(list, text_json(words->items[i]));
    if (words->count == 0)
        json_decref(list);
    else
        json_object_set_new(object, name, list);
}

static json_t *time_json(int32_t second)
{
    char text[16];
    snprintf(text, sizeof(text), "%02d:%02d", (int)second / 3600, (int)second / 60 % 60);
    return json_string(text);
}

/* As in YAML, what must pass before a place has its turn stands at that place. */
static json_t *places_json(const struct scenario_step *step)
{
    json_t *list = json_array();
    for (size_t i = 0; i < step->place_count; ++i) {
        const struct scenario_place *before = i == 0 ? NULL : &step->places[i - 1];
        json_t *place = json_pack("{s:o}", "channel", text_json(step->places[i].channel));
        if (before != NULL && before->wait_seconds != 0) {
            json_object_set_new(place, "after_seconds", json_integer(before->wait_seconds));
            json_object_set_new(place, "unless", text_json(before->unless));
        }
        json_array_append_new(list, place);
    }
    return list;
}

static void set_amounts(json_t *object, const struct scenario_step *step)
{
    if (step->has_amount_from)
        json_object_set_new(object, "amount_from_minor", json_integer(step->amount_from_minor));
    if (step->has_amount_to)
        json_object_set_new(object, "amount_to_minor", json_integer(step->amount_to_minor));
}

static json_t *step_json(const struct scenario_step *step)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", text_json(step->name));
    json_object_set_new(object, "anchor", json_string(scenario_anchor_name(step->anchor)));
    json_object_set_new(object, step->is_working_days ? "working_days" : "days",
                        json_integer(step->offset_days));
    json_object_set_new(object, "at", time_json(step->at_second));
    json_object_set_new(object, "on_day_off", json_string(scenario_day_off_name(step->on_day_off)));
    if (step->repeat_days > 0)
        json_object_set_new(object, "repeat",
                            json_pack("{s:i, s:i}", "every", (int)step->repeat_days, "until",
                                      (int)step->repeat_until));
    set_words(object, "segments", &step->segments);
    set_words(object, "products", &step->products);
    set_words(object, "kinds", &step->kinds);
    set_words(object, "currencies", &step->currencies);
    set_amounts(object, step);
    json_object_set_new(object, "channels", places_json(step));
    json_object_set_new(object, "template", text_json(step->template));
    json_object_set_new(object, "tone", text_json(step->tone));
    return object;
}

json_t *scenario_json(const struct scenario *s)
{
    json_t *object = json_object(), *whom = json_object(), *steps = json_array();
    json_object_set_new(object, "scenario", text_json(s->name));
    json_object_set_new(object, "title", text_json(s->title));
    set_words(whom, "products", &s->products);
    set_words(whom, "kinds", &s->kinds);
    set_words(whom, "currencies", &s->currencies);
    json_object_set_new(object, "for", whom);
    json_object_set_new(object, "catch_up_days", json_integer(s->catch_up_days));
    for (size_t i = 0; i < s->step_count; ++i)
        json_array_append_new(steps, step_json(&s->steps[i]));
    json_object_set_new(object, "steps", steps);
    return object;
}

json_t *scenario_json_listed(const struct scenario_listed *listed)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", text_json(listed->name));
    json_object_set_new(object, "position", json_integer((json_int_t)listed->place));
    json_object_set_new(object, "created_at", instant_json(listed->created_at));
    json_object_set_new(object, "newest_version", json_integer(listed->newest_version));
    json_object_set_new(object, "version", number_or_null(listed->version));
    json_object_set_new(object, "in_force_from", maybe_json(listed->from));
    json_object_set_new(object, "in_force_until", maybe_json(listed->until));
    json_object_set_new(object, "next_version", number_or_null(listed->next_version));
    json_object_set_new(object, "next_from", maybe_json(listed->next_from));
    return object;
}

static const char *state_of(const struct scenario_version *v, struct instant now)
{
    if (!v->from.is_there)
        return "draft";
    if (v->from.at.us > now.us)
        return "to_come";
    return v->until.is_there && v->until.at.us <= now.us ? "over" : "in_force";
}

json_t *scenario_json_version(const struct scenario_version *v, struct instant now)
{
    json_t *object = json_object();
    json_object_set_new(object, "version", json_integer(v->version));
    json_object_set_new(object, "state", json_string(state_of(v, now)));
    json_object_set_new(object, "created_at", instant_json(v->created_at));
    json_object_set_new(object, "created_by", text_json(v->created_by));
    json_object_set_new(object, "in_force_from", maybe_json(v->from));
    json_object_set_new(object, "in_force_until", maybe_json(v->until));
    return object;
}

json_t *scenario_json_mistakes(const struct scenario_mistakes *mistakes)
{
    json_t *list = json_array();
    for (size_t i = 0; i < mistakes->count; ++i) {
        const struct scenario_mistake *m = &mistakes->items[i];
        json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:s}", "line", m->line, "column",
                                              m->column, "path", m->path, "text", m->text));
    }
    return list;
}

json_t *scenario_json_managed(const struct scenario_managed *managed)
{
    json_t *object = json_pack("{s:s, s:o, s:b}", "name", managed->name, "version",
                               number_or_null(managed->version), "changed", managed->is_changed);
    json_object_set_new(object, "in_force_from", maybe_json(managed->from));
    json_object_set_new(object, "in_force_until", maybe_json(managed->until));
    return object;
}

json_t *scenario_json_preset(const struct scenario_preset *preset)
{
    static struct scenario_mistakes mistakes; /* large, and none */
    struct scenario *s = scenario_yaml_read(preset->text, NULL, &mistakes);
    if (s == NULL)
        abort(); /* a test reads all of them */
    json_t *object = json_pack("{s:o, s:o, s:i}", "name", text_json(preset->name), "title",
                               text_json(s->title), "steps", (int)s->step_count);
    free(s);
    return object;
}

const char *scenario_result_text(enum scenario_result result)
{
    switch (result) {
    case SCENARIO_DONE:
        return "it is done";
    case SCENARIO_WRONG:
        return "the scenario has mistakes";
    case SCENARIO_NOT_KNOWN:
        return "there is no such scenario, or no such version of it";
    case SCENARIO_OVER:
        return "this version is or was in force already, and takes over only once: save it again "
               "as "
               "a new version";
    case SCENARIO_PAST:
        return "a version cannot take over in the past";
    case SCENARIO_NOT_IN_FORCE:
        return "no version of it is in force, or to be";
    case SCENARIO_THERE_ALREADY:
        return "there are scenarios already";
    }
    return "";
}
