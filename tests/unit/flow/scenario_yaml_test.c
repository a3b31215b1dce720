#include "flow/scenario_yaml.h"

#include "base/buf.h"

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

/* ---- Mistakes: every one, on its line ---- */

/* A step of good fields, to be changed by what stands behind it. */
#define HEAD "scenario: a\nsteps:\n"
#define STEP(name, more) "- {name: " name ", anchor: due, " more "}\n"
#define WAYS "channels: [sms], template: due"

static const struct {
    const char *text;
    const char *mistakes; /* "line:column path text", one a line */
} wrong[] = {
    {"", "1:1  is empty\n"},
    {"a: [b", "2:1  is no YAML: did not find expected ',' or ']'\n"},
    {"- a\n", "1:1  does not hold lines like scenario: …\n"},
    {"scenario: a\n", "1:1 steps is missing\n"},
    {"steps: []\n",
     "1:1 scenario is missing\n1:8 steps is empty: a scenario has a step at least\n"},
    {"scenario: Ab\nsteps: 3\n",
     "1:11 scenario is not 1 to 40 small letters, digits and _, a letter first\n"
     "2:8 steps is no list: a line with - for each step\n"},
    {HEAD "- 7\n", "3:3 steps[0] does not hold lines like name: …\n"},
    {HEAD STEP("b", "days: 0, " WAYS) "---\nscenario: b\n",
     "5:1  is more than one scenario: only one goes at once\n"},
    {"scenario: a\nscenario: b\nsteps:\n" STEP("b", "days: 0, " WAYS),
     "2:1 scenario stands here a second time\n"},
    {"scenario: a\nstep: 1\nsteps:\n" STEP("b", "days: 0, " WAYS),
     "2:1 step is not known here: scenario, title, for, time, catch_up_days, steps\n"},
    {"scenario: a\ntime: 25:00\ncatch_up_days: 61\nfor: {kinds: [loan], currencies: [ZLT]}\n"
     "steps:\n" STEP("b", "days: 0, " WAYS),
     "2:7 time is no time of a day: \"10:00\", for instance\n"
     "3:16 catch_up_days is not between 0 and 60\n"
     "4:15 for.kinds[0] is no kind of debt: invoice, instalment, premium or other\n"
     "4:35 for.currencies[0] is no currency: PLN, for instance\n"},
    {"scenario: a\ntitle: \"b\\nc\"\nsteps:\n" STEP("b", "days: 0, " WAYS),
     "2:8 title is longer than 120 bytes, or more than a line\n"},
    /* Fields of a step. */
    {HEAD "- {days: 1}\n", "3:3 steps[0].anchor is missing\n3:3 steps[0].channels is missing\n"
                           "3:3 steps[0].name is missing\n3:3 steps[0].template is missing\n"},
    {HEAD STEP("seventeen_letters", "days: 0, " WAYS),
     "3:10 steps[0].name is not 1 to 16 small letters, digits and _, a letter first\n"},
    {HEAD STEP("thanks_soon", "days: 0, " WAYS),
     "3:10 steps[0].name begins as the names of messages to those who have paid do\n"},
    {HEAD STEP("b", WAYS), "3:3 steps[0].days is missing, or working_days\n"},
    {HEAD STEP("b", "days: 1, working_days: 1, " WAYS),
     "3:49 steps[0].working_days stands beside days: a step has one of them\n"},
    {HEAD STEP("b", "days: 401, " WAYS), "3:32 steps[0].days is not between -400 and 400\n"},
    {HEAD STEP("b", "working_days: -401, " WAYS),
     "3:40 steps[0].working_days is not between -400 and 400\n"},
    {HEAD STEP("b", "days: soon, " WAYS), "3:32 steps[0].days is not a whole number of days\n"},
    {HEAD STEP("b", "days: ~, " WAYS),
     "3:32 steps[0].days has no value: leave the line out instead\n"},
    {HEAD "- {name: b, anchor: paid, days: -1, " WAYS "}\n",
     "3:33 steps[0].days is before a payment, which nobody knows of then\n"},
    {HEAD "- {name: b, anchor: birthday, days: 1, " WAYS "}\n",
     "3:21 steps[0].anchor is none of issue, due, paid, promise, instalment\n"},
    {HEAD STEP("b", "days: 0, at: \"9:00\", on_day_off: never, " WAYS),
     "3:39 steps[0].at is no time of a day: \"10:00\", for instance\n"
     "3:59 steps[0].on_day_off is none of before, after, same\n"},
    {HEAD STEP("b", "days: 0, colour: red, " WAYS),
     "3:35 steps[0].colour is not known here: name, anchor, days, working_days, at, on_day_off, "
     "repeat, segments, products, kinds, currencies, amount, channels, template, tone\n"},
    {HEAD STEP("b", "days: 0, ż\\: 1, " WAYS),
     "3:35 steps[0].??\\ is not known here: name, anchor, days, working_days, at, on_day_off, "
     "repeat, segments, products, kinds, currencies, amount, channels, template, tone\n"},
    /* Repetitions: loops and gaps. */
    {HEAD STEP("b", "days: 2, repeat: {every: 0, until: 20}, " WAYS),
     "3:51 steps[0].repeat.every is below 1\n"},
    {HEAD STEP("b", "days: 2, repeat: {every: 7}, " WAYS),
     "3:43 steps[0].repeat.until is missing\n"},
    {HEAD STEP("b", "days: 5, repeat: {every: 7, until: 3}, " WAYS),
     "3:61 steps[0].repeat.until is 3, but the step begins on 5\n"},
    {HEAD STEP("b", "days: 5, repeat: {every: 7, until: 11}, " WAYS),
     "3:61 steps[0].repeat.until is 11, so the step never comes again: the next time would be on "
     "12\n"},
    {HEAD STEP("b", "days: 5, repeat: {every: 7, until: 401}, " WAYS),
     "3:61 steps[0].repeat.until is beyond 400\n"},
    {HEAD "- {name: b, anchor: paid, days: 0, repeat: {every: 7, until: 20}, " WAYS "}\n",
     "3:44 steps[0].repeat thanks for one payment again and again\n"},
    /* To whom. */
    {HEAD STEP("b", "days: 0, segments: [late, on_time, on_time], " WAYS),
     "3:46 steps[0].segments[0] is no segment: on_time, sometimes_late or chronically_late\n"
     "3:61 steps[0].segments[2] stands there twice\n"},
    {HEAD STEP("b", "days: 0, products: [\"a*b\", \"\"], kinds: [], " WAYS),
     "3:46 steps[0].products[0] has a * that is not at its end\n"
     "3:53 steps[0].products[1] is empty\n"
     "3:65 steps[0].kinds is empty: leave it out instead\n"},
    {HEAD STEP("b", "days: 0, products: Loan, " WAYS),
     "3:45 steps[0].products is no list: [one, another]\n"},
    {"scenario: a\nfor: {products: [\"Loan*\"], kinds: [premium], currencies: "
     "[PLN]}\nsteps:\n" STEP(
         "b", "days: 0, products: [Lease], kinds: [other], currencies: [EUR], " WAYS),
     "4:45 steps[0].products leaves nobody: the scenario is for others\n"
     "4:61 steps[0].kinds leaves nobody: the scenario is for others\n"
     "4:82 steps[0].currencies leaves nobody: the scenario is for others\n"},
    {HEAD STEP("b", "days: 0, amount: {from: \"1.00\"}, " WAYS),
     "3:43 steps[0].amount is of no currency: add currencies: [PLN] to the step, or to for\n"},
    {HEAD STEP("b", "days: 0, currencies: [PLN], amount: {from: \"2.00\", to: \"1.99\"}, " WAYS),
     "3:62 steps[0].amount has a from that is larger than its to: nobody is left\n"},
    {HEAD STEP("b", "days: 0, currencies: [PLN], amount: {from: \"2,00\", to: \"1.999\"}, " WAYS),
     "3:69 steps[0].amount.from is no amount of this currency: \"200.00\", for instance\n"
     "3:81 steps[0].amount.to is no amount of this currency: \"200.00\", for instance\n"},
    {HEAD STEP("b", "days: 0, currencies: [JPY], amount: {to: \"1.9\"}, " WAYS),
     "3:67 steps[0].amount.to is no amount of this currency: \"200\", for instance\n"},
    {HEAD STEP("b", "days: 0, currencies: [PLN], amount: {}, " WAYS),
     "3:62 steps[0].amount has neither from nor to\n"},
    {HEAD STEP("b", "days: 0, currencies: [PLN], amount: {to: 9999999999999999}, " WAYS),
     "3:67 steps[0].amount.to is no amount of this currency: \"200.00\", for instance\n"},
    /* The cascade. */
    {HEAD STEP("b", "days: 0, channels: [], template: due"),
     "3:45 steps[0].channels is empty: email, for instance\n"},
    {HEAD STEP("b", "days: 0, channels: [sms, fax], template: due"),
     "3:51 steps[0].channels[1] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"},
    {HEAD STEP("b", "days: 0, channels: [sms, email, sms], template: due"),
     "3:58 steps[0].channels[2] stands there twice: who could not be reached so would be tried in "
     "a "
     "circle\n"},
    {HEAD STEP("b", "days: 0, channels: [handover, sms], template: due"),
     "3:56 steps[0].channels[1] never has its turn: the place before it hands the case over\n"},
    {HEAD STEP("b", "days: 0, channels: [{sms: {after: 4h, unless: opened}}], template: due"),
     "3:52 steps[0].channels[0] is the first: there is nothing it could come after\n"},
    {HEAD STEP("b", "days: 0, channels: [push, {sms: {unless: opened}}], template: due"),
     "3:58 steps[0].channels[1].after is missing\n"},
    {HEAD STEP("b", "days: 0, channels: [push, {sms: {after: 4h}}], template: due"),
     "3:58 steps[0].channels[1].unless is missing\n"},
    {HEAD STEP("b", "days: 0, channels: [push, {sms: {after: 0h, unless: opened}}], template: due"),
     "3:66 steps[0].channels[1].after is no span of time: 30m, 4h or 2d, for instance\n"},
    {HEAD STEP("b",
               "days: 0, channels: [push, {sms: {after: 31d, unless: opened}}], template: due"),
     "3:66 steps[0].channels[1].after is more than 30 days\n"},
    {HEAD STEP("b", "days: 0, channels: [push, {sms: {after: 4h, unless: asked}}], template: due"),
     "3:52 steps[0].channels[1] has an unless that is neither delivered nor opened\n"},
    {HEAD STEP("b", "days: 0, channels: [push, {sms: ~, email: ~}], template: due"),
     "3:52 steps[0].channels[1] is not one channel: {sms: {after: 4h, unless: opened}}\n"},
    {HEAD STEP("b", "days: 0, channels: [a, b, c, d, e, f, g, h, sms], template: due"),
     "3:46 steps[0].channels[0] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:49 steps[0].channels[1] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:52 steps[0].channels[2] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:55 steps[0].channels[3] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:58 steps[0].channels[4] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:61 steps[0].channels[5] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:64 steps[0].channels[6] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:67 steps[0].channels[7] is no channel: push, sms, email, voice, call, handover or "
     "preferred\n"
     "3:70 steps[0].channels[8] is more than 8 channels\n"},
    /* Words. */
    {HEAD STEP("b", "days: 0, channels: [sms], template: nothing, tone: rude"),
     "3:77 steps[0].tone is none of neutral, friendly, firm and final\n"},
    {HEAD STEP("b", "days: 0, channels: [sms], template: nothing"),
     "3:62 steps[0].template is no template that exists: nothing, neutral\n"},
    {HEAD STEP("b", "days: 0, channels: [sms], template: due, tone: firm"),
     "3:62 steps[0].template is no template that exists: due, firm\n"},
    {HEAD STEP("b", "days: 0, channels: [sms], template: ../due"),
     "3:62 steps[0].template is not 1 to 40 small letters, digits and _\n"},
    /* Names beside each other. */
    {HEAD STEP("b", "days: 0, " WAYS) STEP("b", "days: 1, " WAYS),
     "4:10 steps[1].name is that of steps[0] too\n"},
    {HEAD STEP("b_2", "days: 0, " WAYS) STEP("b", "days: 2, repeat: {every: 7, until: 16}, " WAYS),
     "3:10 steps[0].name is what a repetition of steps[1] is called\n"},
    {HEAD STEP("b_3", "days: 0, " WAYS) STEP("b", "days: 2, repeat: {every: 7, until: 16}, " WAYS),
     ""},
    /* Steps that nobody can reach. */
    {HEAD STEP("b", "days: 3, " WAYS) STEP("c", "days: 3, " WAYS),
     "3:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 3, " WAYS) STEP("c", "days: 3, segments: [on_time], " WAYS), ""},
    {HEAD STEP("b", "days: 3, segments: [on_time], " WAYS)
         STEP("c", "days: 3, segments: [on_time, sometimes_late], " WAYS),
     "3:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 3, " WAYS) STEP("c", "days: 3, segments: [on_time], " WAYS)
         STEP("d", "days: 3, segments: [sometimes_late, chronically_late], " WAYS),
     "3:3 steps[0] never goes: steps[2] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 3, " WAYS) STEP("c", "days: 3, on_day_off: same, " WAYS), ""},
    {HEAD STEP("b", "days: 3, " WAYS) STEP("c", "working_days: 3, " WAYS), ""},
    {HEAD STEP("b", "working_days: 0, " WAYS) STEP("c", "days: 0, " WAYS),
     "3:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 3, products: [\"Lease car\"], " WAYS)
         STEP("c", "days: 3, products: [\"Lease*\"], " WAYS),
     "3:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 3, products: [\"Lease*\"], " WAYS)
         STEP("c", "days: 3, products: [\"Lease car\"], " WAYS),
     ""},
    {"scenario: a\nfor: {currencies: [PLN]}\nsteps:\n" STEP("b",
                                                            "days: 3, amount: {from: 200}, " WAYS)
         STEP("c", "days: 3, amount: {from: 100}, " WAYS),
     "4:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {"scenario: a\nfor: {currencies: [PLN]}\nsteps:\n" STEP("b",
                                                            "days: 3, amount: {from: 100}, " WAYS)
         STEP("c", "days: 3, amount: {from: 200}, " WAYS),
     ""},
    {HEAD STEP("b", "days: 9, " WAYS) STEP("c", "days: 2, repeat: {every: 7, until: 16}, " WAYS),
     "3:3 steps[0] never goes: steps[1] always falls on its day, stands behind it and is for the "
     "same debts\n"},
    {HEAD STEP("b", "days: 2, repeat: {every: 7, until: 16}, " WAYS) STEP("c", "days: 9, " WAYS),
     ""},
    {HEAD STEP("b", "days: 1, repeat: {every: 1, until: 30}, " WAYS)
         STEP("c", "days: 10, repeat: {every: 1, until: 40}, " WAYS),
     "3:61 steps[0].repeat.until is too far: from day 10 on steps[1] takes each of its days\n"},
    /* A hand-over ends the ladder. */
    {HEAD STEP("b", "days: 30, " WAYS) STEP("c", "days: 21, channels: [handover], template: late"),
     "3:3 steps[0] never goes: steps[1] has handed the case over by then\n"},
    {HEAD STEP("b", "days: 30, " WAYS)
         STEP("c", "days: 21, segments: [on_time], channels: [handover], template: late"),
     ""},
    {HEAD STEP("b", "days: 14, repeat: {every: 7, until: 28}, " WAYS)
         STEP("c", "days: 22, channels: [handover], template: late"),
     "3:62 steps[0].repeat.until is too far: steps[1] hands the case over on day 22\n"},
    {HEAD STEP("c",
               "days: 21, repeat: {every: 7, until: 28}, channels: [handover], template: late"),
     "3:44 steps[0].repeat never happens: the first time hands the case over\n"},
    {HEAD "- {name: b, anchor: paid, days: 30, " WAYS
          "}\n" STEP("c", "days: 21, channels: [handover], template: late"),
     ""},
    /* What could not be read is not compared, and a mistake is told once. */
    {HEAD STEP("b", "days: x, " WAYS) STEP("c", "days: 0, " WAYS),
     "3:32 steps[0].days is not a whole number of days\n"},
    {HEAD STEP("b", "days: x, repeat: {every: 7, until: -3}, " WAYS),
     "3:32 steps[0].days is not a whole number of days\n"},
};

static void each_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    int differing = 0;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        struct buf told;
        buf_init(&told, 65536);
        struct scenario *s = scenario_yaml_read(span_str(wrong[i].text), &templates, &mistakes);
        for (size_t k = 0; k < mistakes.count; ++k)
            buf_printf(&told, "%d:%d %s %s\n", mistakes.items[k].line, mistakes.items[k].column,
                       mistakes.items[k].path, mistakes.items[k].text);
        if (strcmp(buf_span(&told).base, wrong[i].mistakes) != 0) {
            print_error("%s\ntold:\n%sinstead of:\n%s\n", wrong[i].text, buf_span(&told).base,
                        wrong[i].mistakes);
            ++differing;
        }
        assert_int_equal(s == NULL, mistakes.count != 0);
        free(s);
        buf_release(&told);
    }
    assert_int_equal(differing, 0);
}

static void mistakes_beyond_the_room_are_left_out(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 65536);
    buf_add_str(&text, HEAD);
    for (int i = 0; i < 70; ++i)
        buf_add_str(&text, "- {name: 1, days: x}\n");
    assert_null(scenario_yaml_read(buf_span(&text), NULL, &mistakes));
    assert_int_equal(mistakes.count, SCENARIO_MISTAKES_MAX);
    buf_release(&text);
}

static void more_steps_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 65536);
    buf_add_str(&text, HEAD);
    for (int i = 0; i < 65; ++i)
        buf_printf(&text, "- {name: s%d, anchor: due, days: %d, " WAYS "}\n", i, i);
    assert_null(scenario_yaml_read(buf_span(&text), NULL, &mistakes));
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.items[0].path, "steps[64]");
    assert_int_equal(mistakes.items[0].line, 67);
    buf_release(&text);
}

/* One node under two names: each list is filled once, whatever the text says. */
static void aliases_fill_no_list_twice(void **state)
{
    (void)state;
    static const char text[] =
        HEAD "- {name: b, anchor: due, days: 0, template: due, channels: &c [push, sms, email, "
             "voice, call], channels: *c, channels: *c}\n";
    assert_null(scenario_yaml_read(span_str(text), NULL, &mistakes));
    assert_int_equal(mistakes.count, 2);
    assert_string_equal(mistakes.items[0].text, "stands here a second time");
}

static void a_text_that_is_too_long_is_not_looked_at(void **state)
{
    (void)state;
    char *text = malloc(SCENARIO_YAML_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, '#', SCENARIO_YAML_BYTES_MAX + 1);
    assert_null(scenario_yaml_read(span_of(text, SCENARIO_YAML_BYTES_MAX + 1), NULL, &mistakes));
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.items[0].text, "is longer than 64 kB");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scenario_is_read_as_it_is_written),
        cmocka_unit_test(defaults_stand_for_what_is_left_out),
        cmocka_unit_test(amounts_are_counted_in_their_currency),
        cmocka_unit_test(each_mistake_is_told_with_its_place),
        cmocka_unit_test(mistakes_beyond_the_room_are_left_out),
        cmocka_unit_test(more_steps_than_there_is_room_for_are_refused),
        cmocka_unit_test(aliases_fill_no_list_twice),
        cmocka_unit_test(a_text_that_is_too_long_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
