/* The rate is a bucket of credit: each nanosecond adds per_second, a message takes COST. The
 * breaker has three states: open; resting until a time; trying, when one message at a time shows
 * whether it may open again. What ends during a rest was begun before it and changes nothing. */
#include "channel/gate.h"

#include "channel/channel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { REST_TIMES_MAX = 30, BURST_PARTS = 4, WHY_MAX = 120 };

static const int64_t cost = INT64_C(1000000000);

enum breaker { BREAKER_OPEN = 1, BREAKER_RESTING, BREAKER_TRYING };

struct gate {
    struct gate_limits limits;
    uint32_t in_flight;
    int64_t credit, burst; /* in nanoseconds times messages */
    struct mono credited_at;
    int64_t spent_micro, price_micro; /* the second: the highest that was seen */
    int32_t spent_day;                /* that the first is of */
    enum breaker breaker;
    uint32_t failures;   /* in a row */
    uint32_t rest_times; /* how many times rest_ms the last rest was; 0: none since it worked */
    struct mono rest_until;
    bool is_stopped, is_credited;
    char why[WHY_MAX];
};

struct gate *gate_new(const struct gate_limits *limits)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    if (gate == NULL)
        abort();
    assert(limits->in_flight_max >= 1);
    gate->limits = *limits;
    gate->burst = cost * limits->per_second / BURST_PARTS;
    if (gate->burst < cost)
        gate->burst = cost; /* one message at least */
    gate->credit = gate->burst;
    gate->price_micro = limits->price_micro;
    gate->breaker = BREAKER_OPEN;
    return gate;
}

void gate_free(struct gate *gate)
{
    free(gate);
}

static void add_credit(struct gate *gate, struct mono now)
{
    int64_t passed = now.ns - gate->credited_at.ns;
    if (!gate->is_credited || passed < 0)
        passed = 0;
    gate->is_credited = true;
    gate->credited_at = now;
    if (gate->limits.per_second == 0)
        return;
    int64_t missing = gate->burst - gate->credit;
    /* compared by division: a long time times a high rate does not fit */
    gate->credit = passed >= missing / gate->limits.per_second + 1
                       ? gate->burst
                       : gate->credit + passed * gate->limits.per_second;
    if (gate->credit > gate->burst)
        gate->credit = gate->burst;
}

/* Messages that the day's money is still enough for, with what those in flight may cost. */
static int64_t room_of_money(const struct gate *gate)
{
    if (gate->limits.spend_day_micro == 0)
        return INT64_MAX;
    int64_t left = gate->limits.spend_day_micro - gate->spent_micro -
                   (int64_t)gate->in_flight * gate->price_micro;
    if (left <= 0)
        return 0;
    return gate->price_micro == 0 ? INT64_MAX : left / gate->price_micro;
}

static bool is_shut(struct gate *gate, struct mono now)
{
    if (gate->breaker == BREAKER_RESTING && now.ns >= gate->rest_until.ns)
        gate->breaker = BREAKER_TRYING;
    return gate->is_stopped || gate->breaker == BREAKER_RESTING;
}

static int64_t room_in_flight(const struct gate *gate)
{
    int64_t most = gate->breaker == BREAKER_TRYING ? 1 : gate->limits.in_flight_max;
    return gate->in_flight >= most ? 0 : most - gate->in_flight;
}

size_t gate_room(struct gate *gate, struct mono now)
{
    add_credit(gate, now);
    if (is_shut(gate, now))
        return 0;
    int64_t room = room_in_flight(gate), money = room_of_money(gate);
    int64_t rate = gate->credit <= 0 ? 0 : gate->credit / cost;
    if (money < room)
        room = money;
    if (gate->limits.per_second != 0 && rate < room)
        room = rate;
    return (size_t)room;
}

static uint32_t ms_until(int64_t ns)
{
    return (uint32_t)((ns + 999999) / 1000000);
}

/* Half of what may go at once is worth a claim of its own, and never less than one message. */
static uint32_t wait_for_rate(const struct gate *gate)
{
    int64_t wanted = gate->burst / 2 < cost ? cost : gate->burst / 2;
    int64_t rate = gate->limits.per_second;
    return ms_until((wanted - gate->credit + rate - 1) / rate);
}

uint32_t gate_wait_ms(struct gate *gate, struct mono now)
{
    if (gate_room(gate, now) > 0)
        return 0;
    if (gate->is_stopped)
        return UINT32_MAX;
    if (gate->breaker == BREAKER_RESTING)
        return ms_until(gate->rest_until.ns - now.ns);
    if (room_of_money(gate) == 0 || room_in_flight(gate) == 0)
        return UINT32_MAX;
    return wait_for_rate(gate);
}

/* A claim may bring more than there was room for: the credit then goes below nothing. */
void gate_begin(struct gate *gate, struct mono now)
{
    add_credit(gate, now);
    ++gate->in_flight;
    if (gate->limits.per_second != 0)
        gate->credit -= cost;
}

static void end(struct gate *gate)
{
    assert(gate->in_flight > 0);
    --gate->in_flight;
}

void gate_end_good(struct gate *gate, int64_t price_micro)
{
    end(gate);
    gate->spent_micro += price_micro;
    if (price_micro > gate->price_micro)
        gate->price_micro = price_micro;
    if (gate->breaker == BREAKER_RESTING)
        return;
    gate->breaker = BREAKER_OPEN;
    gate->failures = 0;
    gate->rest_times = 0;
}

static void rest(struct gate *gate, struct mono now)
{
    gate->rest_times = gate->rest_times == 0 ? 1 : gate->rest_times * 2;
    if (gate->rest_times > REST_TIMES_MAX)
        gate->rest_times = REST_TIMES_MAX;
    gate->breaker = BREAKER_RESTING;
    gate->failures = 0;
    gate->rest_until.ns = now.ns + (int64_t)gate->limits.rest_ms * gate->rest_times * 1000000;
}

void gate_end_bad(struct gate *gate, struct mono now)
{
    end(gate);
    if (gate->limits.failures_to_rest == 0 || gate->breaker == BREAKER_RESTING)
        return;
    if (gate->breaker == BREAKER_TRYING || ++gate->failures >= gate->limits.failures_to_rest)
        rest(gate, now);
}

void gate_end_neutral(struct gate *gate)
{
    end(gate);
}

/* An answer that asks to come later, or none at all, is the other side's trouble. */
void gate_end(struct gate *gate, const struct channel_result *result, struct mono now)
{
    char why[WHY_MAX];
    if (result->stops_channel) {
        snprintf(why, sizeof(why), "%.*s", SPAN_ARG(result->reason));
        gate_stop(gate, why);
        gate_end_neutral(gate);
    } else if (result->outcome == CHANNEL_SENT) {
        gate_end_good(gate, result->price_micro);
    } else if (result->outcome == CHANNEL_REFUSED || result->is_no_fault) {
        gate_end_neutral(gate);
    } else {
        gate->spent_micro += result->price_micro; /* of what perhaps went */
        gate_end_bad(gate, now);
    }
}

void gate_set_spent(struct gate *gate, int32_t day, int64_t spent_micro)
{
    if (day != gate->spent_day || spent_micro > gate->spent_micro)
        gate->spent_micro = spent_micro;
    gate->spent_day = day;
}

void gate_stop(struct gate *gate, const char *why)
{
    gate->is_stopped = true;
    snprintf(gate->why, sizeof(gate->why), "%s", why);
}

const char *gate_why_stopped(const struct gate *gate)
{
    return gate->is_stopped ? gate->why : NULL;
}

void gate_go_on(struct gate *gate)
{
    gate->is_stopped = false;
}

bool gate_is_resting(const struct gate *gate, struct mono now)
{
    return gate->breaker == BREAKER_RESTING && now.ns < gate->rest_until.ns;
}

int64_t gate_spent_micro(const struct gate *gate)
{
    return gate->spent_micro;
}

void gates_add(struct gates *gates, const char *kind, const struct gate_limits *limits)
{
    assert(gates->count < GATES_MAX);
    gates->all[gates->count].kind = kind;
    gates->all[gates->count++].gate = gate_new(limits);
}

struct gate *gates_find(const struct gates *gates, struct span kind)
{
    for (size_t i = 0; i < gates->count; ++i)
        if (span_is_str(kind, gates->all[i].kind))
            return gates->all[i].gate;
    return NULL;
}

void gates_release(struct gates *gates)
{
    for (size_t i = 0; i < gates->count; ++i)
        gate_free(gates->all[i].gate);
    gates->count = 0;
}

enum gauge { GAUGE_STOPPED, GAUGE_RESTING, GAUGE_IN_FLIGHT, GAUGE_SPENT, GAUGE_COUNT };

static const char *const gauges[GAUGE_COUNT][2] = {
    [GAUGE_STOPPED] = {"channel_stopped", "1 when the channel waits for somebody to act"},
    [GAUGE_RESTING] = {"channel_resting", "1 when it rests after failures of the other side"},
    [GAUGE_IN_FLIGHT] = {"channel_in_flight", "messages without an answer"},
    [GAUGE_SPENT] = {"channel_spent_micro", "money of today, in millionths"},
};

static int64_t gauge_of(const struct gate *gate, enum gauge gauge, struct mono now)
{
    switch (gauge) {
    case GAUGE_STOPPED:
        return gate->is_stopped;
    case GAUGE_RESTING:
        return gate_is_resting(gate, now);
    case GAUGE_IN_FLIGHT:
        return gate->in_flight;
    default:
        return gate->spent_micro;
    }
}

void gates_print(const struct gates *gates, struct mono now, struct buf *out)
{
    for (int g = 0; g < GAUGE_COUNT && gates->count > 0; ++g) {
        buf_printf(out, "# HELP dunlin_%s %s\n# TYPE dunlin_%s gauge\n", gauges[g][0], gauges[g][1],
                   gauges[g][0]);
        for (size_t i = 0; i < gates->count; ++i)
            buf_printf(out, "dunlin_%s{channel=\"%s\"} %lld\n", gauges[g][0], gates->all[i].kind,
                       (long long)gauge_of(gates->all[i].gate, (enum gauge)g, now));
    }
}
