#include "flow/callback_refuse.h"

#include "base/log.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static char signature[8192];

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

static struct span get_header(void *owner, const char *name, int *count)
{
    (void)owner;
    *count = 1;
    return span_str(strcmp(name, "webhook-signature") == 0 ? signature : "1");
}

static const struct callback_headers headers = {get_header, NULL};

static struct callback_refusals *begin(void)
{
    fixture_sql(&fixture, "truncate refused_callback;"
                          "select setval('refused_callback_' || v, 0 + n * 250, false) from"
                          " (values ('forged', 0), ('stale', 1), ('malformed', 2), ('foreign', 3))"
                          " w (v, n)");
    snprintf(signature, sizeof(signature), "v1,x");
    return callback_refusals_new(&fixture.world);
}

static void refuse(struct callback_refusals *refusals, enum callback_verdict verdict,
                   struct span body)
{
    callback_refuse(refusals, &fixture.accounts[0], verdict, &headers, body);
}

/* Turns the loop until all is written. */
static void finish(struct callback_refusals *refusals)
{
    struct mono start = clock_mono();
    while (!callback_refusals_is_idle(refusals) &&
           mono_us_since(start, clock_mono()) < 20 * INT64_C(1000000))
        h2o_evloop_run(fixture.world.loop, 50);
    assert_true(callback_refusals_is_idle(refusals));
}

static const char *rows(void)
{
    return fixture_value(&fixture, "select coalesce(string_agg(place || ' ' || verdict || ' ' ||"
                                   " coalesce(account, '-') || ' ' || convert_from(body, 'utf8'),"
                                   " ', ' order by place), '') from refused_callback");
}

static void each_verdict_has_places_of_its_own(void **state)
{
    (void)state;
    struct callback_refusals *refusals = begin();
    refuse(refusals, CALLBACK_FOREIGN, SPAN_LIT("d"));
    refuse(refusals, CALLBACK_MALFORMED, SPAN_LIT("c"));
    refuse(refusals, CALLBACK_STALE, SPAN_LIT("b"));
    refuse(refusals, CALLBACK_FORGED, SPAN_LIT("a"));
    refuse(refusals, CALLBACK_FORGED, SPAN_LIT("e"));
    assert_string_equal(rows(), "");
    finish(refusals);
    assert_string_equal(rows(), "0 forged - a, 1 forged - e, 250 stale default b,"
                                " 500 malformed default c, 750 foreign default d");
    callback_refusals_free(refusals);
}

static uint64_t counted(enum metric_id id)
{
    return fixture.metrics->values[id];
}

static void of_a_flood_the_first_eight_are_kept_and_all_are_counted(void **state)
{
    (void)state;
    struct callback_refusals *refusals = begin();
    uint64_t forged = counted(METRIC_callbacks_forged), stale = counted(METRIC_callbacks_stale);
    for (int i = 0; i < 10000; ++i)
        refuse(refusals, CALLBACK_FORGED, SPAN_LIT("x"));
    refuse(refusals, CALLBACK_STALE, SPAN_LIT("y"));
    finish(refusals);
    assert_int_equal(counted(METRIC_callbacks_forged) - forged, 10000);
    assert_int_equal(counted(METRIC_callbacks_stale) - stale, 1);
    assert_string_equal(
        fixture_value(&fixture, "select string_agg(verdict || ' ' || n, ', ' order by verdict) from"
                                " (select verdict, count(*) n from refused_callback group by 1) x"),
        "forged 8, stale 1");
    callback_refusals_free(refusals);
}

static void the_ring_keeps_the_last_of_each_verdict(void **state)
{
    (void)state;
    struct callback_refusals *refusals = begin();
    fixture_sql(&fixture, "insert into refused_callback select n, case when n < 250 then 'forged'"
                          " else 'stale' end, 'sandbox', null, to_timestamp(0), null, 'old', 3"
                          " from generate_series(0, 499) n;"
                          "select setval('refused_callback_forged', 248, false)");
    for (int i = 0; i < 4; ++i)
        refuse(refusals, CALLBACK_FORGED, SPAN_LIT("new"));
    finish(refusals);
    assert_string_equal(fixture_value(&fixture, "select string_agg(place::text, ',' order by place)"
                                                " from refused_callback where body = 'new'"),
                        "0,1,248,249");
    assert_string_equal(fixture_value(&fixture, "select count(*) from refused_callback"), "500");
    callback_refusals_free(refusals);
}

static void long_bodies_are_cut_and_long_headers_left_out(void **state)
{
    (void)state;
    static char body[40000];
    struct callback_refusals *refusals = begin();
    memset(body, 'x', sizeof(body));
    refuse(refusals, CALLBACK_FORGED, span_of(body, 16384));
    memset(signature, 'y', 5000);
    signature[5000] = 0;
    refuse(refusals, CALLBACK_FORGED, span_of(body, 16385));
    refuse(refusals, CALLBACK_FORGED, span_of(body, 0));
    finish(refusals);
    assert_string_equal(
        fixture_value(&fixture, "select string_agg(length(body) || ' of ' || body_bytes || ' ' ||"
                                " (headers is null), ', ' order by place) from refused_callback"),
        "16384 of 16384 false, 16384 of 16385 true, 0 of 0 true");
    callback_refusals_free(refusals);
}

/* Neither text nor JSON, and the rows beside it are kept all the same. */
static void any_bytes_are_kept(void **state)
{
    (void)state;
    struct callback_refusals *refusals = begin();
    snprintf(signature, sizeof(signature), "v1,\xff\x01");
    refuse(refusals, CALLBACK_FORGED, span_of("\0\xff\xfe", 3));
    refuse(refusals, CALLBACK_MALFORMED, SPAN_LIT("beside"));
    finish(refusals);
    assert_string_equal(fixture_value(&fixture,
                                      "select string_agg(encode(body, 'hex'), ' ' order by"
                                      " place) from refused_callback"),
                        "00fffe 626573696465");
    callback_refusals_free(refusals);
}

static void at_the_end_what_waits_is_written_at_once(void **state)
{
    (void)state;
    struct callback_refusals *refusals = begin();
    refuse(refusals, CALLBACK_STALE, SPAN_LIT("last"));
    callback_refusals_flush(refusals);
    struct mono start = clock_mono();
    finish(refusals);
    assert_true(mono_us_since(start, clock_mono()) < 900000);
    assert_string_equal(rows(), "250 stale default last");
    callback_refusals_free(refusals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_verdict_has_places_of_its_own),
        cmocka_unit_test(of_a_flood_the_first_eight_are_kept_and_all_are_counted),
        cmocka_unit_test(the_ring_keeps_the_last_of_each_verdict),
        cmocka_unit_test(long_bodies_are_cut_and_long_headers_left_out),
        cmocka_unit_test(any_bytes_are_kept),
        cmocka_unit_test(at_the_end_what_waits_is_written_at_once),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
