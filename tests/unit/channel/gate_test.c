#include "channel/gate.h"

#include "channel/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A story is a table: at a time something happens, then there is so much room and such a wait. */
enum act { LOOK = 0, BEGIN, GOOD, BAD, NEUTRAL, SPENT, STOP, GO_ON };

struct row {
    int64_t at_ms;
    enum act act;
    int64_t count; /* how often; with SPENT how much, on a day called like the time */
    size_t room;
    uint32_t wait_ms;
};

enum { PRICE = 70000 }; /* 0.07 */

static struct mono at(int64_t ms)
{
    return (struct mono){(ms + 1000000) * 1000000};
}

static void act(struct gate *gate, const struct row *row)
{
    for (int64_t i = 0; i < row->count && row->act != SPENT; ++i) {
        if (row->act == BEGIN)
            gate_begin(gate, at(row->at_ms));
        else if (row->act == GOOD)
            gate_end_good(gate, PRICE);
        else if (row->act == BAD)
            gate_end_bad(gate, at(row->at_ms));
        else if (row->act == NEUTRAL)
            gate_end_neutral(gate);
    }
    if (row->act == SPENT)
        gate_set_spent(gate, (int32_t)row->at_ms, row->count);
    else if (row->act == STOP)
        gate_stop(gate, "no credit");
    else if (row->act == GO_ON)
        gate_go_on(gate);
}

#define TELL(limits, rows) tell(limits, rows, sizeof(rows) / sizeof((rows)[0]))
static void tell(struct gate_limits limits, const struct row *rows, size_t count)
{
    struct gate *gate = gate_new(&limits);
    for (size_t i = 0; i < count; ++i) {
        act(gate, &rows[i]);
        size_t room = gate_room(gate, at(rows[i].at_ms));
        uint32_t wait_ms = gate_wait_ms(gate, at(rows[i].at_ms));
        if (room != rows[i].room || wait_ms != rows[i].wait_ms)
            fail_msg("row %zu: room %zu, wait %u", i, room, wait_ms);
    }
    gate_free(gate);
}

static void a_quarter_of_the_rate_goes_at_once_and_comes_back_by_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, LOOK, 0, 10, 0},
        {0, BEGIN, 10, 0, 125}, /* half a burst is five messages at 40 a second */
        {0, GOOD, 10, 0, 125},
        {24, LOOK, 0, 0, 101},
        {25, LOOK, 0, 1, 0},
        {125, LOOK, 0, 5, 0},
        {125, BEGIN, 7, 0, 175}, /* more than there was room for */
        {125, GOOD, 7, 0, 175},
        {175, LOOK, 0, 0, 125},
        {86400000, LOOK, 0, 10, 0}, /* never more than a burst */
    };
    TELL(((struct gate_limits){.per_second = 40, .in_flight_max = 100}), rows);
}

static void a_low_rate_still_lets_one_go(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, LOOK, 0, 1, 0},
        {0, BEGIN, 1, 0, 1000},
        {0, GOOD, 1, 0, 1000},
        {1000, LOOK, 0, 1, 0},
    };
    TELL(((struct gate_limits){.per_second = 1, .in_flight_max = 100}), rows);
}

static void no_more_are_in_flight_than_allowed(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, LOOK, 0, 3, 0},
        {0, BEGIN, 2, 1, 0},
        {0, BEGIN, 1, 0, UINT32_MAX},
        {0, NEUTRAL, 1, 1, 0},
    };
    TELL(((struct gate_limits){.in_flight_max = 3}), rows);
}

static void the_days_money_is_not_overspent(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, LOOK, 0, 4, 0},  /* 0.30 is enough for four of 0.07 */
        {0, BEGIN, 3, 1, 0}, /* what is in flight is counted */
        {0, GOOD, 3, 1, 0},  /* … and what was paid */
        {0, BEGIN, 1, 0, UINT32_MAX},
        {0, NEUTRAL, 1, 1, 0},             /* it cost nothing */
        {0, SPENT, 300000, 0, UINT32_MAX}, /* other nodes spend too */
        {0, SPENT, 0, 0, UINT32_MAX},      /* what just ended is not recorded yet */
        {1, SPENT, 0, 4, 0},               /* another day */
    };
    TELL(((struct gate_limits){
             .in_flight_max = 10, .spend_day_micro = 300000, .price_micro = PRICE}),
         rows);
}

static void what_a_message_costs_is_learnt(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, LOOK, 0, 2, 0},
        {0, BEGIN, 1, 1, 0},
        {0, GOOD, 1, 1, 0}, /* 0.08 left */
        {0, BEGIN, 1, 0, UINT32_MAX},
    };
    TELL(((struct gate_limits){.in_flight_max = 2, .spend_day_micro = 150000}), rows);
}

static void failures_in_a_row_make_it_rest_twice_as_long_each_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, BEGIN, 3, 7, 0},
        {0, BAD, 2, 9, 0},
        {0, GOOD, 1, 10, 0}, /* not in a row */
        {0, BEGIN, 5, 5, 0},
        {0, BAD, 3, 0, 1000},
        {10, BAD, 1, 0, 990},  /* begun before: makes no rest longer */
        {20, GOOD, 1, 0, 980}, /* … nor shorter */
        {999, LOOK, 0, 0, 1},
        {1000, LOOK, 0, 1, 0}, /* one alone tries */
        {1000, BEGIN, 1, 0, UINT32_MAX},
        {1100, BAD, 1, 0, 2000},
        {3100, BEGIN, 1, 0, UINT32_MAX},
        {3100, NEUTRAL, 1, 1, 0}, /* that told nothing: the next one tries */
        {3100, BEGIN, 1, 0, UINT32_MAX},
        {3100, BAD, 1, 0, 4000},
        {7100, BEGIN, 1, 0, UINT32_MAX},
        {7100, BAD, 1, 0, 8000},
        {15100, BEGIN, 1, 0, UINT32_MAX},
        {15100, BAD, 1, 0, 16000},
        {31100, BEGIN, 1, 0, UINT32_MAX},
        {31100, BAD, 1, 0, 30000}, /* no longer than that */
        {61100, BEGIN, 1, 0, UINT32_MAX},
        {61100, BAD, 1, 0, 30000},
        {91100, BEGIN, 1, 0, UINT32_MAX},
        {91100, GOOD, 1, 10, 0},
        {91100, BEGIN, 3, 7, 0},
        {91100, BAD, 3, 0, 1000}, /* and from the beginning */
    };
    TELL(((struct gate_limits){.in_flight_max = 10, .failures_to_rest = 3, .rest_ms = 1000}), rows);
}

static void without_a_breaker_it_never_rests(void **state)
{
    (void)state;
    static const struct row rows[] = {{0, BEGIN, 10, 0, UINT32_MAX}, {0, BAD, 10, 10, 0}};
    TELL(((struct gate_limits){.in_flight_max = 10, .rest_ms = 1000}), rows);
}

static void a_stop_holds_until_somebody_lets_it_go_on(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {0, BEGIN, 1, 9, 0},         {0, STOP, 0, 0, UINT32_MAX},
        {0, GOOD, 1, 0, UINT32_MAX}, {86400000, LOOK, 0, 0, UINT32_MAX},
        {86400000, GO_ON, 0, 10, 0},
    };
    TELL(((struct gate_limits){.in_flight_max = 10}), rows);
}

static void a_clock_that_steps_back_gives_no_credit(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {1000, BEGIN, 10, 0, 125}, {0, GOOD, 10, 0, 125}, {0, LOOK, 0, 0, 125}};
    TELL(((struct gate_limits){.per_second = 40, .in_flight_max = 100}), rows);
}

static void results_end_a_message_by_what_they_mean(void **state)
{
    (void)state;
    static const struct {
        struct channel_result result;
        int64_t spent_micro;
        bool is_resting, is_stopped;
    } rows[] = {
        {{.outcome = CHANNEL_SENT, .price_micro = 160000}, 160000, false, false},
        {{.outcome = CHANNEL_REFUSED}, 0, false, false},
        {{.outcome = CHANNEL_RETRY}, 0, true, false},
        {{.outcome = CHANNEL_RETRY, .is_asked_for = true}, 0, true, false},
        {{.outcome = CHANNEL_RETRY, .is_no_fault = true}, 0, false, false},
        {{.outcome = CHANNEL_UNCERTAIN, .price_micro = 70000}, 70000, true, false},
        {{.outcome = CHANNEL_RETRY, .stops_channel = true, .reason = SPAN_LIT("no credit")},
         0,
         false,
         true},
    };
    const struct gate_limits limits = {.in_flight_max = 1, .failures_to_rest = 1, .rest_ms = 1};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct gate *gate = gate_new(&limits);
        gate_begin(gate, at(0));
        gate_end(gate, &rows[i].result, at(0));
        assert_int_equal(gate_spent_micro(gate), rows[i].spent_micro);
        assert_int_equal(gate_is_resting(gate, at(0)), rows[i].is_resting);
        assert_int_equal(gate_why_stopped(gate) != NULL, rows[i].is_stopped);
        if (rows[i].is_stopped)
            assert_string_equal(gate_why_stopped(gate), "no credit");
        gate_free(gate);
    }
}

static void a_gate_is_found_by_its_kind(void **state)
{
    (void)state;
    struct gates gates = {.count = 0};
    gates_add(&gates, "sms", &(struct gate_limits){.in_flight_max = 1});
    gates_add(&gates, "email", &(struct gate_limits){.in_flight_max = 2});
    assert_int_equal(gate_room(gates_find(&gates, SPAN_LIT("email")), at(0)), 2);
    assert_int_equal(gate_room(gates_find(&gates, SPAN_LIT("sms")), at(0)), 1);
    assert_null(gates_find(&gates, SPAN_LIT("push")));
    gates_release(&gates);
    assert_null(gates_find(&gates, SPAN_LIT("sms")));
}

static void operators_see_each_gate(void **state)
{
    (void)state;
    struct gates gates = {.count = 0};
    struct buf out;
    buf_init(&out, 4096);
    gates_print(&gates, at(0), &out);
    assert_int_equal(buf_span(&out).len, 0);
    gates_add(&gates, "sms", &(struct gate_limits){.in_flight_max = 1});
    gate_begin(gates.all[0].gate, at(0));
    gate_stop(gates.all[0].gate, "no credit");
    gates_print(&gates, at(0), &out);
    assert_non_null(strstr(buf_span(&out).base, "dunlin_channel_stopped{channel=\"sms\"} 1\n"));
    assert_non_null(strstr(buf_span(&out).base, "dunlin_channel_resting{channel=\"sms\"} 0\n"));
    assert_non_null(strstr(buf_span(&out).base, "dunlin_channel_in_flight{channel=\"sms\"} 1\n"));
    buf_release(&out);
    gates_release(&gates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_the_rate_goes_at_once_and_comes_back_by_time),
        cmocka_unit_test(a_low_rate_still_lets_one_go),
        cmocka_unit_test(no_more_are_in_flight_than_allowed),
        cmocka_unit_test(the_days_money_is_not_overspent),
        cmocka_unit_test(what_a_message_costs_is_learnt),
        cmocka_unit_test(failures_in_a_row_make_it_rest_twice_as_long_each_time),
        cmocka_unit_test(without_a_breaker_it_never_rests),
        cmocka_unit_test(a_stop_holds_until_somebody_lets_it_go_on),
        cmocka_unit_test(a_clock_that_steps_back_gives_no_credit),
        cmocka_unit_test(results_end_a_message_by_what_they_mean),
        cmocka_unit_test(a_gate_is_found_by_its_kind),
        cmocka_unit_test(operators_see_each_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
