#include "flow/scenario_yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_shipped(void *owner, struct span name, struct span tone)
{
    (void)owner;
    return span_is_str(name, "late") || (span_is_str(name, "due") && span_is_str(tone, "neutral"));
}

static const struct scenario_templates templates = {is_shipped, NULL};

static struct scenario_mistakes mistakes;

static void print_mistakes(void)
{
    for (size_t i = 0; i < mistakes.count; ++i)
        print_message("%d:%d %s %s\n", mistakes.items[i].line, mistakes.items[i].column,
                      mistakes.items[i].path, mistakes.items[i].text);
}

static struct scenario *read_good(const char *text)
{
    struct scenario *s = scenario_yaml_read(span_str(text), &templates, &mistakes);
    if (s == NULL) {
        print_mistakes();
        fail_msg("the scenario is refused");
    }
    return s;
}

static const char whole[] =
    "# Comments may stand anywhere.\n"
    "scenario: lender\n"
    "title: \"Lender, \\\"Zażółć\\\"\"\n"
    "for: {products: [\"Leasing*\", Loan], kinds: [instalment], currencies: [PLN]}\n"
    "time: \"09:30\"\n"
    "catch_up_days: 14\n"
    "steps:\n"
    "  - name: early\n"
    "    anchor: due\n"
    "    working_days: -5\n"
    "    at: \"18:05\"\n"
    "    on_day_off: same\n"
    "    channels: [email]\n"
    "    template: due\n"
    "  - name: late\n"
    "    anchor: due\n"
    "    days: 3\n"
    "    repeat: {every: 7, until: 21}\n"
    "    segments: [on_time, sometimes_late]\n"
    "    products: [\"Leasing*\"]\n"
    "    kinds: [instalment]\n"
    "    amount: {from: \"100.00\", to: \"999.99\"}\n"
    "    channels: [push, {sms: {after: 4h, unless: opened}}, "
    "{email: {after: 90m, unless: delivered}}, {voice: {after: 2d, unless: opened}}, call]\n"
    "    template: late\n"
    "    tone: firm\n"
    "  - name: thank\n"
    "    anchor: paid\n"
    "    days: 1\n"
    "    channels: [preferred]\n"
    "    template: late\n";

static void check_whole(const struct scenario *s)
{
    assert_true(span_is_str(s->name, "lender"));
    assert_true(span_is_str(s->title, "Lender, \"Zażółć\""));
    assert_int_equal(s->products.count, 2);
    assert_true(span_is_str(s->products.items[1], "Loan"));
    assert_int_equal(s->catch_up_days, 14);
    assert_int_equal(s->step_count, 3);
    const struct scenario_step *early = &s->steps[0], *late = &s->steps[1], *thank = &s->steps[2];
    assert_true(early->is_working_days);
    assert_int_equal(early->offset_days, -5);
    assert_int_equal(early->at_second, 18 * 3600 + 5 * 60);
    assert_int_equal(early->on_day_off, SCENARIO_SAME);
    assert_true(span_is_str(early->tone, "neutral"));
    assert_int_equal(late->at_second, 9 * 3600 + 30 * 60);
    assert_int_equal(late->on_day_off, SCENARIO_AFTER);
    assert_int_equal(late->repeat_days, 7);
    assert_int_equal(late->repeat_until, 21);
    assert_int_equal(late->segments.count, 2);
    assert_true(span_is_str(late->products.items[0], "Leasing*"));
    assert_true(late->has_amount_from && late->has_amount_to);
    assert_int_equal(late->amount_from_minor, 10000);
    assert_int_equal(late->amount_to_minor, 99999);
    assert_int_equal(late->place_count, 5);
    assert_int_equal(late->places[0].wait_seconds, 4 * 3600);
    assert_true(span_is_str(late->places[0].unless, "opened"));
    assert_int_equal(late->places[1].wait_seconds, 5400);
    assert_true(span_is_str(late->places[1].unless, "delivered"));
    assert_int_equal(late->places[2].wait_seconds, 172800);
    assert_int_equal(late->places[3].wait_seconds, 0);
    assert_int_equal(late->places[3].unless.len, 0);
    assert_int_equal(thank->anchor, SCENARIO_FROM_PAID);
    assert_int_equal(thank->offset_days, 1);
}

static void a_scenario_is_read_as_it_is_written(void **state)
{
    (void)state;
    struct scenario *s = read_good(whole);
    check_whole(s);
    free(s);
}

static void what_is_written_reads_back_as_the_same(void **state)
{
    (void)state;
    struct scenario *s = read_good(whole);
    struct buf out, again;
    buf_init(&out, 65536);
    buf_init(&again, 65536);
    scenario_yaml_write(s, &out);
    free(s);
    s = read_good(buf_span(&out).base);
    check_whole(s);
    scenario_yaml_write(s, &again);
    assert_string_equal(buf_span(&out).base, buf_span(&again).base);
    free(s);
    buf_release(&out);
    buf_release(&again);
}

static void defaults_stand_for_what_is_left_out(void **state)
{
    (void)state;
    struct scenario *s = read_good(
        "scenario: a\nsteps:\n- {name: b, anchor: due, days: 0, channels: [sms], template: due}\n");
    assert_int_equal(s->catch_up_days, 7);
    assert_int_equal(s->steps[0].at_second, 36000);
    assert_int_equal(s->steps[0].on_day_off, SCENARIO_BEFORE);
    assert_int_equal(s->steps[0].repeat_days, 0);
    assert_false(s->steps[0].has_amount_from || s->steps[0].has_amount_to);
    assert_int_equal(s->title.len, 0);
    free(s);
}

/* An amount has the digits of its currency. */
static void amounts_are_counted_in_their_currency(void **state)
{
    (void)state;
    const struct {
        const char *currency, *amount;
        int64_t minor;
    } rows[] = {{"PLN", "200", 20000},      {"PLN", "200.5", 20050},
                {"PLN", "0.01", 1},         {"JPY", "200", 200},
                {"KWD", "200.005", 200005}, {"PLN", "9999999999999.99", 999999999999999}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char text[400];
        snprintf(text, sizeof(text),
                 "scenario: a\nfor: {currencies: [%s]}\nsteps:\n- {name: b, anchor: due, days: 0, "
                 "amount: {from: \"%s\"}, channels: [sms], template: due}\n",
                 rows[i].currency, rows[i].amount);
        struct scenario *s = read_good(text);
        assert_int_equal(s->steps[0].amount_from_minor, rows[i].minor);
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_is_read_as_it_is_written),
        cmocka_unit_test(what_is_written_reads_back_as_the_same),
        cmocka_unit_test(defaults_stand_for_what_is_left_out),
        cmocka_unit_test(amounts_are_counted_in_their_currency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
