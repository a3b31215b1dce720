#include "jobs/refused_callbacks.h"

#include "base/log.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;

static int make_fixture(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "test");
    fixture_new(&fixture);
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static void after_thirty_days_they_are_gone(void **state)
{
    (void)state;
    fixture_sql(&fixture, "insert into refused_callback select n, 'forged', 'sandbox', null,"
                          " to_timestamp(1795348800) - days * interval '1 day', null, 'x', 1"
                          " from (values (1, 31), (2, 30.001), (3, 29.999), (4, 0)) v (n, days)");
    struct refused_callbacks *job = refused_callbacks_new(&fixture.world);
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, "select count(*) from refused_callback"), "2") != 0 &&
           mono_us_since(start, clock_mono()) < 20 * INT64_C(1000000))
        h2o_evloop_run(fixture.world.loop, 50);
    refused_callbacks_stop(job);
    while (!refused_callbacks_is_idle(job))
        h2o_evloop_run(fixture.world.loop, 20);
    assert_string_equal(fixture_value(&fixture, "select string_agg(place::text, ',' order by place)"
                                                " from refused_callback"),
                        "3,4");
    refused_callbacks_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_thirty_days_they_are_gone),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
