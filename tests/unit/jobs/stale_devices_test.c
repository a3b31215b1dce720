#include "jobs/stale_devices.h"

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

/* Six hundred customers, each with devices not seen for 271 and 269 days, of both services. */
static void seed(void)
{
    fixture_seed(&fixture, 600);
    fixture_sql(
        &fixture,
        "truncate device, device_token, device_installation;"
        "insert into device select c.customer_id, s || '-' || days || '-' || c.customer_id,"
        " 'com.bank', s, 'production', 'token', 't' || c.customer_id || '-' || days, null, 'live',"
        " 'registered', false, t, t, null from customer c, unnest(array['apns', 'fcm']) s,"
        " unnest(array[271, 269]) days, lateral (select to_timestamp(1795348800) - days * interval"
        " '1 day' as t) x;"
        "insert into device_token select token, app, service, customer_id, installation from"
        " device;");
}

static bool has_ended(int count)
{
    char expected[16];
    snprintf(expected, sizeof(expected), "%d", count);
    return strcmp(fixture_value(&fixture, "select count(*) from device where state <> 'live'"),
                  expected) == 0;
}

static void what_firebase_has_given_up_ends_by_batches_and_nothing_else(void **state)
{
    (void)state;
    seed();
    struct stale_devices *job = stale_devices_new(&fixture.world);
    struct mono start = clock_mono();
    while (!has_ended(600) && mono_us_since(start, clock_mono()) < 20 * INT64_C(1000000))
        h2o_evloop_run(fixture.world.loop, 50);
    stale_devices_stop(job);
    while (!stale_devices_is_idle(job))
        h2o_evloop_run(fixture.world.loop, 20);
    assert_string_equal(
        fixture_value(&fixture,
                      "select string_agg(distinct service || split_part(installation, '-', 2) ||"
                      " state || reason, ', ') || ' ' || count(*) from device where state <>"
                      " 'live'"),
        "fcm271deadnot seen for 270 days 600");
    assert_string_equal(
        fixture_value(&fixture,
                      "select count(*) || ' ' || (select count(*) from device_token t join device d"
                      " using (customer_id, installation) where d.state <> 'live') from"
                      " device_token"),
        "1800 0");
    stale_devices_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_firebase_has_given_up_ends_by_batches_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
