#include "flow/scenario_presets.h"

#include "base/buf.h"
#include "flow/scenario_templates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct scenario_mistakes mistakes;

static struct scenario *read_preset(const char *name)
{
    struct scenario_preset preset;
    if (!scenario_preset_find(span_str(name), &preset))
        fail_msg("no preset %s", name);
    struct scenario *s = scenario_yaml_read(preset.text, NULL, &mistakes);
    if (s == NULL)
        fail_msg("%s:%d: %s %s", name, mistakes.items[0].line, mistakes.items[0].path,
                 mistakes.items[0].text);
    assert_true(span_is(s->name, preset.name));
    return s;
}

/* The description of each, one step a line: name, anchor and day, to whom, how, in what words. What
 * is said of a place of the cascade is what it takes to come to it. */
static const struct {
    const char *preset;
    int catch_up_days;
    const char *steps;
} described[] = {
    {"standard", 7,
     "issue issue+0 same preferred,push,sms,email issue neutral\n"
     "before_2 due-2 same preferred,push,sms,email before_2 neutral\n"
     "due due+0 same preferred,push,sms,email due neutral\n"
     "after_2 due+2 same preferred,push,sms,email after_2 neutral\n"
     "after_9 due+9 same preferred,push,sms,email after_9 neutral\n"
     "after_16 due+16 same preferred,push,sms,email after_16 neutral\n"
     "part_before instalment-3 same preferred,push,sms,email instalment_before neutral\n"
     "part_due instalment+0 same preferred,push,sms,email instalment_due neutral\n"
     "part_missed instalment+1 same preferred,push,sms,email instalment_missed neutral\n"},
    {"consumer_lender", 7,
     "before_7 due-7 before email,sms,push before neutral\n"
     "before_7_leasing due-7 Leasing* before email,sms,push before_leasing neutral\n"
     "before_3 due-3 before sms,push,email before neutral\n"
     "due due+0 before push,sms(14400 opened),email due neutral\n"
     "late_3 due+3 after email,sms(86400 opened) late firm\n"
     "late_3_split due+3 PLN from=20000 after email,sms(86400 opened) late_instalments firm\n"
     "late_14 due+14 after email,sms(86400 opened) consequences firm\n"
     "offer_31 due+31 after email,sms(172800 opened) offer firm\n"
     "part_before instalment-3 before sms,push,email instalment_before neutral\n"
     "part_due instalment+0 before push,sms(14400 opened),email instalment_due neutral\n"
     "part_missed instalment+1 after push,sms,email instalment_missed neutral\n"},
    {"bank", 7,
     "mail_5 due-5 before email details neutral\n"
     "before_2 due-2 before push,sms(21600 opened) before friendly\n"
     "before_1 due-1 chronically_late before sms before firm\n"
     "due due+0 before push,sms(10800 opened),email due neutral\n"
     "late_1 due+1 sometimes_late chronically_late after push,sms late friendly\n"
     "late_3 due+3 on_time after push,sms late friendly\n"
     "late_3_firm due+3 sometimes_late chronically_late after sms late firm\n"
     "mail_6 due+6 after email consequences firm\n"
     "late_10 due+10 after sms,email late firm\n"
     "part_before instalment-3 before push,sms(21600 opened) instalment_before neutral\n"
     "part_due instalment+0 before push,sms(10800 opened),email instalment_due neutral\n"
     "part_missed instalment+1 after push,sms,email instalment_missed neutral\n"},
    {"service_firm", 7,
     "before_3 due-3 before preferred,email,sms before friendly\n"
     "due due+0 sometimes_late chronically_late before preferred,email,sms due neutral\n"
     "late_1 due+1 sometimes_late chronically_late after sms,email late friendly\n"
     "late_7 due+7 after email,sms late neutral\n"
     "late_10 due+10 chronically_late after voice,call late firm\n"
     "late_14 due+14 after sms,email late firm\n"
     "weekly due+21 every=7 until=56 sometimes_late chronically_late after sms,email late final\n"
     "call_21 due+22 on_time after call call neutral\n"
     "call_28 due+29 sometimes_late after call call firm\n"
     "call_17 due+17 chronically_late after call call firm\n"
     "part_before instalment-3 before preferred,email,sms instalment_before neutral\n"
     "part_due instalment+0 before preferred,email,sms instalment_due neutral\n"
     "part_missed instalment+1 after sms,email instalment_missed neutral\n"},
    {"crm", 14,
     "issue issue+0 after sms issue friendly\n"
     "before_2 due-2 before sms before friendly\n"
     "due due+0 before sms due neutral\n"
     "weekly due+2 every=7 until=20 after sms late neutral\n"
     "handover due+21 after handover handover final\n"
     "part_before instalment-3 before sms instalment_before neutral\n"
     "part_due instalment+0 before sms instalment_due neutral\n"
     "part_missed instalment+1 after sms instalment_missed neutral\n"},
};

static void print_words(struct buf *out, const struct scenario_words *words)
{
    for (size_t i = 0; i < words->count; ++i)
        buf_printf(out, " %.*s", SPAN_ARG(words->items[i]));
}

static void print_step(struct buf *out, const struct scenario_step *step)
{
    assert_false(step->is_working_days || step->has_amount_to);
    assert_int_equal(step->at_second, 36000);
    buf_printf(out, "%.*s %s%+d", SPAN_ARG(step->name), scenario_anchor_name(step->anchor),
               (int)step->offset_days);
    if (step->repeat_days != 0)
        buf_printf(out, " every=%d until=%d", (int)step->repeat_days, (int)step->repeat_until);
    print_words(out, &step->segments);
    print_words(out, &step->products);
    print_words(out, &step->kinds);
    print_words(out, &step->currencies);
    if (step->has_amount_from)
        buf_printf(out, " from=%d", (int)step->amount_from_minor);
    buf_printf(out, " %s ", scenario_day_off_name(step->on_day_off));
    for (size_t i = 0; i < step->place_count; ++i) {
        const struct scenario_place *before = i == 0 ? NULL : &step->places[i - 1];
        buf_printf(out, "%s%.*s", i == 0 ? "" : ",", SPAN_ARG(step->places[i].channel));
        if (before != NULL && before->wait_seconds != 0)
            buf_printf(out, "(%d %.*s)", (int)before->wait_seconds, SPAN_ARG(before->unless));
    }
    buf_printf(out, " %.*s %.*s\n", SPAN_ARG(step->template), SPAN_ARG(step->tone));
}

static void each_preset_is_what_its_description_says(void **state)
{
    (void)state;
    assert_int_equal(scenario_preset_count(), sizeof(described) / sizeof(described[0]));
    for (size_t i = 0; i < sizeof(described) / sizeof(described[0]); ++i) {
        struct scenario *s = read_preset(described[i].preset);
        struct buf out;
        buf_init(&out, 65536);
        for (size_t k = 0; k < s->step_count; ++k)
            print_step(&out, &s->steps[k]);
        assert_string_equal(buf_span(&out).base, described[i].steps);
        assert_int_equal(s->catch_up_days, described[i].catch_up_days);
        assert_int_equal(s->products.count + s->kinds.count + s->currencies.count, 0);
        buf_release(&out);
        free(s);
    }
}

/* Presets are put in force without asking for their templates. */
static void the_words_of_each_preset_are_shipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < scenario_preset_count(); ++i) {
        struct scenario *s = scenario_yaml_read(scenario_preset_at(i).text, NULL, &mistakes);
        for (size_t k = 0; k < s->step_count; ++k)
            if (!scenario_template_is_shipped(s->steps[k].template, s->steps[k].tone))
                fail_msg("%.*s: %.*s", SPAN_ARG(s->name), SPAN_ARG(s->steps[k].template));
        free(s);
    }
}

static void what_is_no_preset_is_not_found(void **state)
{
    (void)state;
    struct scenario_preset preset;
    assert_false(scenario_preset_find(SPAN_LIT("ban"), &preset));
    assert_false(scenario_preset_find(SPAN_LIT("bank.yaml"), &preset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_preset_is_what_its_description_says),
        cmocka_unit_test(the_words_of_each_preset_are_shipped),
        cmocka_unit_test(what_is_no_preset_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
