#include "domain/mustache.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- JSON to data: the values live in one arena, forgotten after each case ---- */

static char arena[1 << 18];
static size_t arena_len;

static void *arena_take(size_t len)
{
    arena_len = (arena_len + 15) & ~(size_t)15;
    assert_true(arena_len + len <= sizeof(arena));
    void *at = arena + arena_len;
    arena_len += len;
    return at;
}

static struct span arena_text(const char *text, size_t len)
{
    char *copy = arena_take(len + 1);
    memcpy(copy, text, len);
    return span_of(copy, len);
}

static struct mustache_value value_from(json_t *json);

static struct mustache_value object_from(json_t *json)
{
    size_t count = json_object_size(json), i = 0;
    struct mustache_member *members = arena_take(count * sizeof(*members));
    const char *name;
    json_t *member;
    json_object_foreach(json, name, member) members[i++] =
        (struct mustache_member){arena_text(name, strlen(name)), value_from(member)};
    struct mustache_object *object = arena_take(sizeof(*object));
    *object = (struct mustache_object){.members = members, .count = count};
    if (count > 1) {
        mustache_sort(members, count);
        object->is_sorted = true;
    }
    return mustache_object(object);
}

static struct mustache_value list_from(json_t *json)
{
    size_t count = json_array_size(json);
    struct mustache_value *items = arena_take(count * sizeof(*items));
    for (size_t i = 0; i < count; ++i)
        items[i] = value_from(json_array_get(json, i));
    return mustache_list(items, count);
}

static struct mustache_value value_from(json_t *json)
{
    char number[64];
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return object_from(json);
    case JSON_ARRAY:
        return list_from(json);
    case JSON_STRING:
        return mustache_text(arena_text(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
    case JSON_REAL:
        snprintf(number, sizeof(number), "%.15g", json_number_value(json));
        return mustache_text(arena_text(number, strlen(number)));
    case JSON_TRUE:
    case JSON_FALSE:
        return mustache_bool(json_is_true(json));
    default:
        return (struct mustache_value){.kind = MUSTACHE_NONE};
    }
}

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (json == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static struct span text_of(json_t *object, const char *name)
{
    json_t *text = json_object_get(object, name);
    return span_of(json_string_value(text), json_string_length(text));
}

static void assert_renders(json_t *test, enum mustache_mode mode)
{
    struct err e = {0};
    struct mustache *m = mustache_new(text_of(test, "template"), &e);
    if (m == NULL)
        fail_msg("%s: %s", json_string_value(json_object_get(test, "name")), e.text);
    struct buf out;
    buf_init(&out, 1 << 16);
    arena_len = 0;
    assert_int_equal(mustache_render(m, value_from(json_object_get(test, "data")), mode, &out), 0);
    if (!span_is(buf_span(&out), text_of(test, "expected")))
        fail_msg("%s: got '%.*s', expected '%s'", json_string_value(json_object_get(test, "name")),
                 SPAN_ARG(buf_span(&out)), text_of(test, "expected").base);
    buf_release(&out);
    mustache_free(m);
}

static void assert_all_render(json_t *tests, enum mustache_mode mode)
{
    size_t i;
    json_t *test;
    assert_true(json_array_size(tests) > 0);
    json_array_foreach(tests, i, test) assert_renders(test, mode);
}

/* ---- the cases ---- */

static void own_cases_render_as_expected(void **state)
{
    (void)state;
    json_t *json = load(SOURCE_DIR "/tests/vectors/mustache-own.json");
    assert_all_render(json_object_get(json, "tests"), MUSTACHE_HTML);
    assert_all_render(json_object_get(json, "plain"), MUSTACHE_PLAIN);
    json_decref(json);
}

static void broken_templates_are_refused_with_their_line(void **state)
{
    (void)state;
    json_t *json = load(SOURCE_DIR "/tests/vectors/mustache-own.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(json, "errors"), i, test)
    {
        struct err e = {0};
        assert_null(mustache_new(text_of(test, "template"), &e));
        assert_string_equal(e.text, text_of(test, "error").base);
        assert_int_equal(e.code, ERR_INPUT);
    }
    json_decref(json);
}

static const char *spec_folder(void)
{
    const char *folder = getenv("MUSTACHE_SPEC_DIR");
    if (folder != NULL)
        return folder;
    return access(SOURCE_DIR "/../shared/vectors/mustache/sections.json", R_OK) == 0 ? SOURCE_DIR
               "/../shared/vectors/mustache"
                                                                                     : NULL;
}

static void cases_of_the_public_specification_render_as_expected(void **state)
{
    (void)state;
    static const char *const files[] = {"interpolation", "sections", "inverted", "comments"};
    const char *folder = spec_folder();
    if (folder == NULL)
        skip();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s.json", folder, files[i]);
        json_t *json = load(path);
        assert_all_render(json_object_get(json, "tests"), MUSTACHE_HTML);
        json_decref(json);
    }
}

static void a_name_missing_in_an_object_is_taken_from_its_fallback(void **state)
{
    (void)state;
    const struct mustache_member english[] = {{SPAN_LIT("pay"), mustache_str("Pay")},
                                              {SPAN_LIT("due"), mustache_str("due")}};
    const struct mustache_object fallback = {.members = english, .count = 2};
    const struct mustache_member polish[] = {{SPAN_LIT("pay"), mustache_str("Zapłać")}};
    const struct mustache_object words = {.members = polish, .count = 1, .fallback = &fallback};
    const struct mustache_member members[] = {{SPAN_LIT("words"), mustache_object(&words)}};
    const struct mustache_object data = {.members = members, .count = 1};
    struct mustache *m = mustache_new(SPAN_LIT("{{words.pay}} {{words.due}}"), NULL);
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(mustache_render(m, mustache_object(&data), MUSTACHE_HTML, &out), 0);
    assert_string_equal(buf_span(&out).base, "Zapłać due");
    buf_release(&out);
    mustache_free(m);
}

static void assert_writes(const struct mustache *m, const struct mustache_object *data,
                          const char *expected)
{
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(mustache_render(m, mustache_object(data), MUSTACHE_HTML, &out), 0);
    assert_string_equal(buf_span(&out).base, expected);
    buf_release(&out);
}

/* Where a name stands is remembered from one rendering to the next, and for no other shape. */
static void objects_of_one_shape_are_searched_once(void **state)
{
    (void)state;
    static const char one = 0, two = 0;
    const struct mustache_member first[] = {{SPAN_LIT("a"), mustache_str("1")},
                                            {SPAN_LIT("b"), mustache_str("2")}};
    const struct mustache_member second[] = {{SPAN_LIT("a"), mustache_str("3")},
                                             {SPAN_LIT("b"), mustache_str("")}};
    const struct mustache_object inner = {.members = first, .count = 2, .shape = &one};
    const struct mustache_member turned[] = {{SPAN_LIT("c"), mustache_str("4")},
                                             {SPAN_LIT("a"), mustache_str("5")},
                                             {SPAN_LIT("b"), mustache_object(&inner)}};
    const struct mustache_object like_first = {.members = first, .count = 2, .shape = &one};
    const struct mustache_object like_second = {.members = second, .count = 2, .shape = &one};
    const struct mustache_object other = {.members = turned, .count = 3, .shape = &two};
    const struct mustache_object shapeless = {.members = turned, .count = 3};
    struct mustache *m = mustache_new(SPAN_LIT("{{a}}{{#b}}-{{a}}{{c}}{{/b}}"), NULL);
    assert_writes(m, &like_first, "1-1");
    assert_writes(m, &like_second, "3");
    assert_writes(m, &other, "5-14");
    assert_writes(m, &like_first, "1-1");
    assert_writes(m, &shapeless, "5-14");
    mustache_free(m);
}

static void assert_render_is_stopped(const char *template, struct mustache_value data,
                                     size_t ceiling)
{
    struct mustache *m = mustache_new(span_str(template), NULL);
    struct buf out;
    buf_init(&out, ceiling);
    assert_int_equal(mustache_render(m, data, MUSTACHE_HTML, &out), ERR_BUSY);
    buf_release(&out);
    mustache_free(m);
}

static void output_over_the_ceiling_stops_the_rendering(void **state)
{
    (void)state;
    assert_render_is_stopped("0123456789", (struct mustache_value){0}, 9);
}

static void lists_nested_to_last_for_ever_are_stopped(void **state)
{
    (void)state;
    const struct mustache_value items[100] = {{0}};
    const struct mustache_member members[] = {{SPAN_LIT("l"), mustache_list(items, 100)}};
    const struct mustache_object data = {.members = members, .count = 1};
    char template[16 * 12 + 1] = "";
    for (int i = 0; i < 16; ++i)
        strcat(template, "{{#l}}");
    for (int i = 0; i < 16; ++i)
        strcat(template, "{{/l}}");
    assert_render_is_stopped(template, mustache_object(&data), 100);
}

static void a_template_over_its_bound_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    char *text = calloc(1, MUSTACHE_TEMPLATE_MAX + 1);
    assert_null(mustache_new(span_of(text, MUSTACHE_TEMPLATE_MAX + 1), &e));
    free(text);
    assert_int_equal(e.code, ERR_INPUT);
}

/* ---- for messages ---- */

static int render_whole(const char *text, struct buf *out, struct span *hole)
{
    static const struct mustache_member item[] = {
        {SPAN_LIT("a"), {.kind = MUSTACHE_TEXT, .text = {"1", 1}}}};
    static const struct mustache_object object = {.members = item, .count = 1};
    static const struct mustache_value items[] = {{.kind = MUSTACHE_OBJECT, .object = &object},
                                                  {.kind = MUSTACHE_OBJECT, .object = &object}};
    const struct mustache_member members[] = {{SPAN_LIT("full"), mustache_str("<x>")},
                                              {SPAN_LIT("empty"), mustache_str("")},
                                              {SPAN_LIT("yes"), mustache_bool(true)},
                                              {SPAN_LIT("list"), mustache_list(items, 2)}};
    const struct mustache_object data = {.members = members, .count = 4};
    struct err e = {0};
    struct mustache *m = mustache_new(span_str(text), &e);
    assert_non_null(m);
    buf_init(out, 1000);
    int rc = mustache_render_whole(m, mustache_object(&data), MUSTACHE_PLAIN, out, hole);
    mustache_free(m);
    return rc;
}

static void a_hole_in_a_message_is_named(void **state)
{
    (void)state;
    const struct {
        const char *text, *expected; /* null: there is a hole */
    } cases[] = {
        {"a{{full}}", "a<x>"},
        {"a{{empty}}", NULL},
        {"a{{unknown}}", NULL},
        {"a{{full.more}}", NULL},
        {"a{{yes}}", NULL}, /* a truth is no text */
        {"a{{&empty}}", NULL},
        {"a{{#empty}}{{empty}}{{/empty}}", "a"},
        {"a{{^empty}}none{{/empty}}", "anone"},
        {"{{#list}}{{a}},{{/list}}", "1,1,"},
        {"{{#list}}{{b}},{{/list}}", NULL},
        {"{{#yes}}{{full}}{{/yes}}", "<x>"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct buf out;
        struct span hole;
        int rc = render_whole(cases[i].text, &out, &hole);
        assert_int_equal(rc, cases[i].expected == NULL ? ERR_INPUT : 0);
        assert_int_equal(hole.base == NULL, rc == 0);
        if (rc == 0)
            assert_string_equal(buf_span(&out).base, cases[i].expected);
        buf_release(&out);
    }
}

static void note_name(void *owner, const struct mustache_name *name)
{
    struct buf *out = owner;
    buf_printf(out, "%d %d%s %.*s", name->line, (int)name->use, name->is_guarded ? "g" : "",
               SPAN_ARG(name->name));
    for (size_t i = 0; i < name->section_count; ++i)
        buf_printf(out, " <%.*s", SPAN_ARG(name->sections[i]));
    buf_add_str(out, "\n");
}

static void every_name_is_visited_with_its_line_and_what_is_around_it(void **state)
{
    (void)state;
    struct err e = {0};
    struct buf out;
    struct mustache *m = mustache_new(SPAN_LIT("{{a}}\n"
                                               "{{#sms}}\n"
                                               "{{#x.y}}{{{x.y}}}{{^z}}{{z}}{{/z}}\n"
                                               "{{/x.y}}{{.}}{{! no }}\n"
                                               "{{/sms}}\n"
                                               "{{sms}}"),
                                      &e);
    assert_non_null(m);
    buf_init(&out, 1000);
    mustache_visit(m, note_name, &out);
    assert_string_equal(buf_span(&out).base, "1 1 a\n"
                                             "2 3 sms\n"
                                             "3 3 x.y <sms\n"
                                             "3 2g x.y <sms <x.y\n"
                                             "3 4 z <sms <x.y\n"
                                             "3 1 z <sms <x.y\n"
                                             "4 1 . <sms\n"
                                             "6 1 sms\n");
    buf_release(&out);
    mustache_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_cases_render_as_expected),
        cmocka_unit_test(broken_templates_are_refused_with_their_line),
        cmocka_unit_test(cases_of_the_public_specification_render_as_expected),
        cmocka_unit_test(a_name_missing_in_an_object_is_taken_from_its_fallback),
        cmocka_unit_test(objects_of_one_shape_are_searched_once),
        cmocka_unit_test(output_over_the_ceiling_stops_the_rendering),
        cmocka_unit_test(lists_nested_to_last_for_ever_are_stopped),
        cmocka_unit_test(a_template_over_its_bound_is_refused),
        cmocka_unit_test(a_hole_in_a_message_is_named),
        cmocka_unit_test(every_name_is_visited_with_its_line_and_what_is_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
