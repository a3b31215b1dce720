#include "domain/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Dates are written from a printed calendar. 2026: Easter Monday is 6 April, Corpus Christi
 * Thursday 4 June, 24 to 26 December are holidays, 27 December is a Sunday. 2028: 29 February is a
 * Tuesday. */
static void steps_fall_on_the_days_of_the_calendar(void **state)
{
    (void)state;
    const struct {
        int32_t offset, every, until;
        bool is_working;
        enum scenario_day_off day_off;
        int32_t occurrence;
        const char *anchor, *day;
    } rows[] = {
        {-7, 0, 0, false, SCENARIO_BEFORE, 0, "2026-05-12", "2026-05-05"},
        {0, 0, 0, false, SCENARIO_BEFORE, 0, "2026-02-28", "2026-02-27"}, /* a Saturday */
        {0, 0, 0, false, SCENARIO_AFTER, 0, "2026-02-28", "2026-03-02"},
        {0, 0, 0, false, SCENARIO_SAME, 0, "2026-02-28", "2026-02-28"},
        {1, 0, 0, false, SCENARIO_AFTER, 0, "2028-02-28", "2028-02-29"},
        {-1, 0, 0, false, SCENARIO_BEFORE, 0, "2028-03-01", "2028-02-29"},
        {-3, 0, 0, false, SCENARIO_BEFORE, 0, "2026-04-08", "2026-04-03"}, /* Easter Sunday */
        {3, 0, 0, false, SCENARIO_AFTER, 0, "2026-04-01", "2026-04-07"},   /* Holy Saturday */
        {0, 0, 0, false, SCENARIO_BEFORE, 0, "2026-06-04", "2026-06-03"},
        {0, 0, 0, false, SCENARIO_AFTER, 0, "2026-12-24", "2026-12-28"},
        {31, 0, 0, false, SCENARIO_AFTER, 0, "2026-01-31", "2026-03-03"},
        {2, 7, 20, false, SCENARIO_AFTER, 0, "2026-05-12", "2026-05-14"},
        {2, 7, 20, false, SCENARIO_AFTER, 1, "2026-05-12", "2026-05-21"},
        {2, 7, 20, false, SCENARIO_AFTER, 2, "2026-05-12", "2026-05-28"},
        {-5, 0, 0, true, SCENARIO_BEFORE, 0, "2026-04-10", "2026-04-02"},
        {3, 0, 0, true, SCENARIO_AFTER, 0, "2026-12-23", "2026-12-30"},
        {1, 0, 0, true, SCENARIO_AFTER, 0, "2026-12-25", "2026-12-28"}, /* from a day off */
        {-1, 0, 0, true, SCENARIO_AFTER, 0, "2026-12-25", "2026-12-23"},
        {0, 0, 0, true, SCENARIO_AFTER, 0, "2026-12-25", "2026-12-28"},
        {1, 5, 11, true, SCENARIO_AFTER, 2, "2026-05-12", "2026-05-27"},
        {400, 0, 0, false, SCENARIO_SAME, 0, "2027-01-31", "2028-03-06"}, /* over 29 February */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct scenario_step step = {.anchor = SCENARIO_FROM_DUE,
                                     .offset_days = rows[i].offset,
                                     .is_working_days = rows[i].is_working,
                                     .on_day_off = rows[i].day_off,
                                     .repeat_days = rows[i].every,
                                     .repeat_until = rows[i].until};
        struct date anchor;
        char day[11];
        assert_int_equal(
            sscanf(rows[i].anchor, "%d-%d-%d", &anchor.year, &anchor.month, &anchor.day), 3);
        date_print(scenario_step_date(&step, anchor, rows[i].occurrence), day);
        if (strcmp(day, rows[i].day) != 0)
            fail_msg("row %zu: %s", i, day);
    }
}

static void a_step_comes_as_often_as_its_repetition_says(void **state)
{
    (void)state;
    const struct {
        int32_t offset, every, until, count;
    } rows[] = {{2, 7, 20, 3}, {2, 7, 16, 3},  {2, 7, 15, 2}, {21, 7, 56, 6},
                {5, 0, 0, 1},  {-7, 3, -1, 3}, {-2, 2, 2, 3}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct scenario_step step = {.offset_days = rows[i].offset,
                                     .repeat_days = rows[i].every,
                                     .repeat_until = rows[i].until};
        assert_int_equal(scenario_occurrences(&step), rows[i].count);
    }
}

/* ---- scenario_hits() is scenario_step_date() read backwards ---- */

enum { SPAN_DAYS = 4 * 366, MARGIN_DAYS = 60, ROOM = MARGIN_DAYS + SPAN_DAYS + MARGIN_DAYS };

/* How often each (occurrence, anchor) came up, by the days from `start`. */
struct tally {
    int32_t start, day;
    unsigned char seen[8][ROOM];
};

static void on_hit(void *owner, const struct scenario_hit *hit)
{
    struct tally *t = owner;
    int32_t anchor = date_to_days(hit->anchor) - t->start;
    assert_int_equal(date_to_days(hit->day), t->day);
    assert_in_range(hit->occurrence, 0, 7);
    assert_in_range(anchor, 0, ROOM - 1);
    t->seen[hit->occurrence][anchor] += 1;
}

/* Every anchor of the span comes up on the one day that the way forward names, once. */
static void check_step(const struct scenario_step *step)
{
    static struct scenario scenario;
    static struct tally tally;
    struct date first = {2026, 1, 1};
    scenario = (struct scenario){.steps = {*step}, .step_count = 1};
    tally = (struct tally){.start = date_to_days(first) - MARGIN_DAYS};
    int32_t count = scenario_occurrences(step);
    for (int32_t i = -MARGIN_DAYS / 2; i < SPAN_DAYS + MARGIN_DAYS / 2; ++i) {
        tally.day = date_to_days(first) + i;
        scenario_hits(&scenario, date_from_days(tally.day), on_hit, &tally);
    }
    for (int32_t i = 0; i < SPAN_DAYS; ++i)
        for (int32_t k = 0; k < count; ++k) {
            int32_t anchor = date_to_days(first) + i - tally.start;
            struct date d = date_from_days(date_to_days(first) + i);
            int32_t day = date_to_days(scenario_step_date(step, d, k)) - date_to_days(first);
            bool is_inside = day >= -MARGIN_DAYS / 2 && day < SPAN_DAYS + MARGIN_DAYS / 2;
            if (tally.seen[k][anchor] != is_inside)
                fail_msg(
                    "offset %d, working %d, day off %d, occurrence %d: anchor %d-%d-%d %d times",
                    (int)step->offset_days, step->is_working_days, step->on_day_off, (int)k, d.year,
                    d.month, d.day, tally.seen[k][anchor]);
        }
}

static void each_anchor_comes_up_once_on_its_day_over_four_years(void **state)
{
    (void)state;
    const struct {
        int32_t offset, every, until;
    } rows[] = {{0, 0, 0},  {1, 0, 0},  {-1, 0, 0}, {-7, 0, 0}, {5, 0, 0},
                {2, 7, 20}, {-3, 1, 3}, {1, 1, 8},  {14, 0, 0}, {-20, 0, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        for (int is_working = 0; is_working < 2; ++is_working)
            for (int day_off = SCENARIO_BEFORE; day_off <= SCENARIO_SAME; ++day_off) {
                struct scenario_step step = {.offset_days = rows[i].offset,
                                             .is_working_days = is_working != 0,
                                             .on_day_off = (enum scenario_day_off)day_off,
                                             .repeat_days = rows[i].every,
                                             .repeat_until = rows[i].until};
                check_step(&step);
            }
}

/* Nothing that is not on the way forward: all hits of a day, read forward again. */
static void on_hit_to_be_read_forward(void *owner, const struct scenario_hit *hit)
{
    const struct scenario *s = owner;
    struct date day = scenario_step_date(&s->steps[hit->step_no], hit->anchor, hit->occurrence);
    assert_int_equal(date_compare(day, hit->day), 0);
}

static void every_hit_leads_back_to_its_day(void **state)
{
    (void)state;
    static struct scenario s;
    s.step_count = 12;
    for (size_t i = 0; i < s.step_count; ++i)
        s.steps[i] = (struct scenario_step){.offset_days = (int32_t)i * 3 - 17,
                                            .is_working_days = i % 2 == 0,
                                            .on_day_off = (enum scenario_day_off)(i % 3),
                                            .repeat_days = i % 4 == 0 ? 2 : 0,
                                            .repeat_until = 30};
    for (struct date d = {2026, 1, 1}; d.year < 2030; d = date_add_days(d, 1))
        scenario_hits(&s, d, on_hit_to_be_read_forward, &s);
}

struct order {
    struct scenario_hit last;
    size_t count;
};

static void on_hit_in_order(void *owner, const struct scenario_hit *hit)
{
    struct order *order = owner;
    if (order->count++ != 0)
        assert_true(
            hit->step_no > order->last.step_no ||
            (hit->step_no == order->last.step_no && hit->occurrence >= order->last.occurrence));
    order->last = *hit;
}

static void a_monday_takes_what_fell_on_the_weekend_in_the_order_of_the_steps(void **state)
{
    (void)state;
    static struct scenario s = {.steps = {{.offset_days = 1, .on_day_off = SCENARIO_AFTER},
                                          {.offset_days = 1, .on_day_off = SCENARIO_SAME},
                                          {.offset_days = 1,
                                           .on_day_off = SCENARIO_AFTER,
                                           .repeat_days = 1,
                                           .repeat_until = 2}},
                                .step_count = 3};
    struct order order = {.count = 0};
    scenario_hits(&s, (struct date){2026, 5, 11}, on_hit_in_order, &order);
    assert_int_equal(order.count, 3 + 1 + 6);
    order.count = 0;
    scenario_hits(&s, (struct date){2026, 5, 10}, on_hit_in_order, &order); /* Sunday */
    assert_int_equal(order.count, 1);
    assert_int_equal(order.last.step_no, 1);
}

static void days_off_lean_to_the_side_of_the_date_they_lead_to(void **state)
{
    (void)state;
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_DUE, -2), SCENARIO_BEFORE);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_DUE, 0), SCENARIO_BEFORE);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_DUE, 1), SCENARIO_AFTER);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_PROMISE, 0), SCENARIO_BEFORE);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_INSTALMENT, -1), SCENARIO_BEFORE);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_ISSUE, 0), SCENARIO_AFTER);
    assert_int_equal(scenario_day_off_of(SCENARIO_FROM_PAID, 0), SCENARIO_AFTER);
}

static void keys_tell_occurrence_place_and_part(void **state)
{
    (void)state;
    struct scenario_step due = {.name = SPAN_LIT("due"), .anchor = SCENARIO_FROM_DUE};
    struct scenario_step part = {.name = SPAN_LIT("part"), .anchor = SCENARIO_FROM_INSTALMENT};
    struct scenario_step paid = {.name = SPAN_LIT("abcdefghijklmnop"),
                                 .anchor = SCENARIO_FROM_PAID};
    char key[SCENARIO_KEY_MAX + 1];
    scenario_print_key(&due, (struct scenario_turn){0}, key);
    assert_string_equal(key, "due");
    scenario_print_key(&due, (struct scenario_turn){.place = 1}, key);
    assert_string_equal(key, "due+1");
    scenario_print_key(&due, (struct scenario_turn){.occurrence = 2}, key);
    assert_string_equal(key, "due_2");
    scenario_print_key(&part, (struct scenario_turn){.anchor_no = 3, .occurrence = 1, .place = 1},
                       key);
    assert_string_equal(key, "part.3_1+1");
    scenario_print_key(&paid, (struct scenario_turn){.occurrence = 800, .place = 7}, key);
    assert_string_equal(key, "paid_abcdefghijklmnop_800+7");
}

static void a_copy_stands_on_its_own(void **state)
{
    (void)state;
    static struct scenario s;
    char texts[] = "crm|Title|sms|late|firm|opened|Lease*";
    s.name = span_of(texts, 3);
    s.title = span_of(texts + 4, 5);
    s.steps[0].places[0].channel = span_of(texts + 10, 3);
    s.steps[0].places[0].unless = span_of(texts + 24, 6);
    s.steps[0].places[1].channel = SPAN_LIT("email");
    s.steps[0].place_count = 2;
    s.steps[0].template = span_of(texts + 14, 4);
    s.steps[0].tone = span_of(texts + 19, 4);
    s.steps[0].products = (struct scenario_words){.items = {span_of(texts + 31, 6)}, .count = 1};
    s.step_count = 1;
    struct scenario *copy = scenario_new_copy(&s);
    memset(texts, 'x', sizeof(texts));
    memset(&s, 0, sizeof(s));
    assert_true(span_is_str(copy->name, "crm"));
    assert_true(span_is_str(copy->title, "Title"));
    assert_true(span_is_str(copy->steps[0].places[0].channel, "sms"));
    assert_true(span_is_str(copy->steps[0].places[0].unless, "opened"));
    assert_true(span_is_str(copy->steps[0].places[1].channel, "email"));
    assert_true(span_is_str(copy->steps[0].template, "late"));
    assert_true(span_is_str(copy->steps[0].tone, "firm"));
    assert_true(span_is_str(copy->steps[0].products.items[0], "Lease*"));
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_fall_on_the_days_of_the_calendar),
        cmocka_unit_test(a_step_comes_as_often_as_its_repetition_says),
        cmocka_unit_test(each_anchor_comes_up_once_on_its_day_over_four_years),
        cmocka_unit_test(every_hit_leads_back_to_its_day),
        cmocka_unit_test(a_monday_takes_what_fell_on_the_weekend_in_the_order_of_the_steps),
        cmocka_unit_test(days_off_lean_to_the_side_of_the_date_they_lead_to),
        cmocka_unit_test(keys_tell_occurrence_place_and_part),
        cmocka_unit_test(a_copy_stands_on_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
