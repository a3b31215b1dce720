#include "domain/allocation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREE = 3 };

/* By hand: debts of 100, 50 and 30 paid by one payment of 180. */
static const struct allocation debts[THREE] = {{7, 100}, {2, 50}, {9, 30}};

static void movements_fill_in_order_and_come_off_in_reverse(void **state)
{
    (void)state;
    static const struct {
        int64_t before, movement, shares[THREE];
    } rows[] = {
        {0, 180, {100, 50, 30}},                                /* all of it */
        {180, -180, {-100, -50, -30}}, {0, 100, {100, 0, 0}},   /* just the first */
        {0, 101, {100, 1, 0}},         {0, 60, {60, 0, 0}},     /* less than the first */
        {60, 120, {40, 50, 30}},                                /* the rest of it later */
        {150, 30, {0, 0, 30}},         {0, 200, {100, 50, 50}}, /* a surplus is the last one's */
        {180, 20, {0, 0, 20}},         {200, -20, {0, 0, -20}}, /* and goes back first */
        {200, -60, {0, -10, -50}},     {180, -30, {0, 0, -30}},
        {180, -31, {0, -1, -30}},      {180, -100, {-20, -50, -30}},
        {120, -20, {0, -20, 0}}, /* what never came in does not go back */
        {120, -70, {-50, -20, 0}},     {60, -60, {-60, 0, 0}},
        {60, -100, {-100, 0, 0}}, /* more went back than came in: the first bears it */
        {-40, -10, {-10, 0, 0}},       {-40, 40, {40, 0, 0}}, /* and is made good first */
        {-40, 200, {140, 50, 10}},     {0, 1, {1, 0, 0}},
        {180, -1, {0, 0, -1}},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); ++row) {
        int64_t shares[THREE];
        allocation_spread(debts, THREE, rows[row].before, rows[row].movement, shares);
        for (size_t i = 0; i < THREE; ++i)
            assert_int_equal(shares[i], rows[row].shares[i]);
    }
}

static void one_debt_takes_every_movement(void **state)
{
    (void)state;
    static const int64_t movements[] = {100, -30, 50, -200, 1000000000000000, -1};
    int64_t before = 0;
    for (size_t i = 0; i < sizeof(movements) / sizeof(movements[0]); ++i) {
        int64_t share;
        allocation_spread(debts, 1, before, movements[i], &share);
        assert_int_equal(share, movements[i]);
        before += movements[i];
    }
}

static int64_t random_amount(int64_t most)
{
    return 1 + (int64_t)(((uint64_t)random() << 31 | (uint64_t)random()) % (uint64_t)most);
}

/* Spreads the movements one after the other and adds what lies on each in the end. */
static void apply(const struct allocation *to, size_t count, const int64_t *movements,
                  size_t movement_count, int64_t *lies)
{
    int64_t before = 0;
    memset(lies, 0, count * sizeof(*lies));
    for (size_t m = 0; m < movement_count; ++m) {
        int64_t shares[ALLOCATIONS_MAX], sum = 0;
        allocation_spread(to, count, before, movements[m], shares);
        before += movements[m];
        for (size_t i = 0; i < count; ++i) {
            sum += shares[i];
            lies[i] += shares[i];
            /* Nothing moves the other way, and nothing lies below zero that was never overdrawn. */
            assert_true(shares[i] == 0 || (shares[i] > 0) == (movements[m] > 0));
            assert_true(before < 0 || lies[i] >= 0);
            assert_true(i == 0 || lies[i] >= 0);
            /* In order: one that has something stands behind full ones. */
            assert_true(i == 0 || lies[i] == 0 || lies[i - 1] >= to[i - 1].amount_minor);
            assert_true(i == count - 1 || lies[i] <= to[i].amount_minor);
        }
        assert_true(sum == movements[m]);
    }
}

static void shuffle(int64_t *movements, size_t count)
{
    for (size_t i = count; i > 1; --i) {
        size_t other = (size_t)random() % i;
        int64_t kept = movements[i - 1];
        movements[i - 1] = movements[other];
        movements[other] = kept;
    }
}

static void shares_sum_to_the_movement_and_no_order_ends_otherwise(void **state)
{
    (void)state;
    enum { MOVEMENTS_MAX = 12 };
    srandom(6);
    for (int round = 0; round < 20000; ++round) {
        struct allocation to[ALLOCATIONS_MAX];
        int64_t movements[MOVEMENTS_MAX], lies[ALLOCATIONS_MAX], again[ALLOCATIONS_MAX];
        size_t count = 1 + (size_t)random() % (round % 10 == 0 ? ALLOCATIONS_MAX : 5);
        size_t movement_count = 1 + (size_t)random() % MOVEMENTS_MAX;
        int64_t most = round % 2 == 0 ? 20 : INT64_C(1000000000000000);
        for (size_t i = 0; i < count; ++i)
            to[i] = (struct allocation){(int64_t)i + 1, random_amount(most)};
        for (size_t m = 0; m < movement_count; ++m)
            movements[m] = random_amount(most) * (random() % 3 == 0 ? -1 : 1);
        apply(to, count, movements, movement_count, lies);
        shuffle(movements, movement_count);
        apply(to, count, movements, movement_count, again);
        assert_memory_equal(lies, again, count * sizeof(lies[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(movements_fill_in_order_and_come_off_in_reverse),
        cmocka_unit_test(one_debt_takes_every_movement),
        cmocka_unit_test(shares_sum_to_the_movement_and_no_order_ends_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
