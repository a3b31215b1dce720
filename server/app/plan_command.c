#include "app/plan_command.h"

#include "app/command_world.h"
#include "domain/calendar.h"
#include "flow/reminder_explain.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct plan_run {
    struct command_world room;
    const char *date, *invoice;
    int32_t day;
    bool has_json;
};

static const char *text_of(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text == NULL ? "" : text;
}

static void print_day(const json_t *answer)
{
    size_t i;
    const json_t *item;
    printf("%s: %lld reminders, %+lld against the day before\n", text_of(answer, "date"),
           (long long)json_integer_value(json_object_get(answer, "total")),
           (long long)json_integer_value(json_object_get(answer, "difference")));
    json_array_foreach(json_object_get(answer, "counts"), i, item)
    {
        printf("  %9lld  %-10s %-18s %-16s %-9s %s %lld\n",
               (long long)json_integer_value(json_object_get(item, "count")),
               text_of(item, "state"), text_of(item, "step"), text_of(item, "segment"),
               text_of(item, "channel"), text_of(item, "scenario"),
               (long long)json_integer_value(json_object_get(item, "version")));
    }
    json_array_foreach(json_object_get(answer, "samples"), i, item)
    {
        printf("  such as %s: %s by %s at %s\n", text_of(item, "number"), text_of(item, "step"),
               text_of(item, "channel"), text_of(item, "due_at"));
    }
}

/* "goes at … by sms", "stays: promise, goes at … if nothing changes", "stays: missed too long ago"
 */
static void print_outlook(const json_t *item)
{
    const char *at = text_of(item, "goes_at"), *passed = text_of(item, "passed");
    if (json_is_true(json_object_get(item, "goes")))
        printf("goes at %s by %s", at, text_of(item, "channel"));
    else
        printf("stays: %s", text_of(item, "why_not"));
    bool is_held = json_object_get(item, "held_by") != NULL;
    if (is_held && json_is_true(json_object_get(item, "is_overtaken")))
        printf(", and a newer step is due by then");
    else if (is_held && at[0] != '\0')
        printf(", goes at %s if nothing else changes", at);
    if (passed[0] != '\0')
        printf(" (%s)", passed);
}

static void print_step(const json_t *item)
{
    const char *moved = text_of(item, "moved_from");
    printf("  %s  %-18s ", text_of(item, "date"), text_of(item, "step"));
    print_outlook(item);
    if (moved[0] != '\0')
        printf(" (moved from %s, a day off)", moved);
    printf("  [%s %lld: %s %+lld]\n", text_of(item, "scenario"),
           (long long)json_integer_value(json_object_get(item, "version")), text_of(item, "anchor"),
           (long long)json_integer_value(json_object_get(item, "offset_days")));
}

static void print_was(const json_t *item)
{
    printf("  %s  %-18s %s: %s", text_of(item, "due_at"), text_of(item, "step"),
           text_of(item, "state"), text_of(item, "reason"));
    if (json_object_get(item, "goes") != NULL) {
        printf("; ");
        print_outlook(item);
    }
    putchar('\n');
}

static void print_data(const json_t *item, const char *name, const char *data_name)
{
    char *data = json_dumps(json_object_get(item, data_name), JSON_COMPACT);
    printf("  %s %s\n", text_of(item, name), data == NULL ? "" : data);
    free(data);
}

static void print_held_by(const json_t *answer)
{
    size_t i;
    const json_t *item, *rules = json_object_get(answer, "held_by");
    if (text_of(answer, "at")[0] == '\0')
        return;
    printf("held back at %s by%s\n", text_of(answer, "at"),
           json_array_size(rules) > 0 ? ":" : " nothing");
    json_array_foreach(rules, i, item) print_data(item, "rule", "data");
}

static void print_debt(const json_t *answer)
{
    size_t i;
    const json_t *item, *events = json_object_get(answer, "events");
    printf("%s: %lld %s left, due %s, %s\n", text_of(answer, "number"),
           (long long)json_integer_value(json_object_get(answer, "due_minor")),
           text_of(answer, "currency"), text_of(answer, "due_date"), text_of(answer, "segment"));
    print_held_by(answer);
    puts("what was, and is planned:");
    json_array_foreach(json_object_get(answer, "was"), i, item) print_was(item);
    puts("its steps:");
    json_array_foreach(json_object_get(answer, "steps"), i, item) print_step(item);
    if (json_array_size(events) > 0)
        puts("what happened that day:");
    json_array_foreach(events, i, item)
    {
        printf("  %s", text_of(item, "at"));
        print_data(item, "kind", "facts");
    }
}

static void print_answer(const struct plan_run *run, struct span json)
{
    json_t *answer = json_loadb(json.base, json.len, 0, NULL);
    if (run->has_json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (run->invoice == NULL) {
        print_day(answer);
    } else {
        print_debt(answer);
    }
    json_decref(answer);
}

static void on_explained(void *owner, struct span json, const struct err *err)
{
    struct plan_run *run = owner;
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else if (json.base == NULL)
        fputs("dunlin: there is no such invoice\n", stderr);
    else
        print_answer(run, json);
    command_world_finish(&run->room, err->code != 0 || json.base == NULL ? 1 : 0);
}

static int ask(struct plan_run *run)
{
    struct err err;
    const struct plan_debt_name name = {.number =
                                            span_str(run->invoice == NULL ? "" : run->invoice)};
    int rc = run->invoice != NULL
                 ? reminder_explain(&run->room.world, &name, run->date == NULL ? NULL : &run->day,
                                    on_explained, run, &err)
                 : reminder_forecast(&run->room.world, run->day, on_explained, run, &err);
    if (rc == 0)
        return command_world_run(&run->room);
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

static bool read_date(const char *text, int32_t *days)
{
    struct date day;
    char again[11];
    if (sscanf(text, "%4d-%2d-%2d", &day.year, &day.month, &day.day) != 3 || !date_is_valid(day))
        return false;
    date_print(day, again);
    *days = date_to_days(day);
    return strcmp(text, again) == 0;
}

static bool read_arguments(struct plan_run *run, int argc, char **argv)
{
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "--json") == 0)
            run->has_json = true;
        else if (strcmp(argv[i], "--date") == 0 && i + 1 < argc)
            run->date = argv[++i];
        else if (strcmp(argv[i], "--invoice") == 0 && i + 1 < argc)
            run->invoice = argv[++i];
        else
            return false;
    }
    return (run->date != NULL || run->invoice != NULL) &&
           (run->date == NULL || read_date(run->date, &run->day));
}

int plan_command(int argc, char **argv)
{
    struct plan_run run = {.date = NULL};
    const char *file = command_settings_file(&argc, argv);
    if (!read_arguments(&run, argc, argv)) {
        fputs(
            "usage: dunlin plan --date YYYY-MM-DD [--invoice NUMBER] [--json] [--settings FILE]\n",
            stderr);
        return 2;
    }
    int status = command_world_open(&run.room, "plan", file);
    if (status == 0)
        status = ask(&run);
    command_world_close(&run.room);
    return status;
}
