#include "store/terms_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static struct store_fixture fixture;
static bool is_done;

static int suite_setup(void **state)
{
    (void)state;
    store_fixture_new(&fixture);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    store_fixture_free(&fixture);
    return 0;
}

static void on_kept(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    is_done = true;
}

static void keep(const char *language, const char *text, int64_t at_us,
                 char version[TEXT_VERSION_LEN + 1])
{
    struct pg_tx tx = {0};
    struct err err;
    is_done = false;
    assert_int_equal(pg_tx_begin(fixture.store->writes, &tx, on_kept, NULL, &err), 0);
    terms_keep(&tx, &(struct terms){span_str(language), span_str(text)}, (struct instant){at_us},
               version);
    pg_tx_commit(&tx);
    while (!is_done)
        h2o_evloop_run(fixture.loop, INT32_MAX);
}

static void a_text_is_kept_once_by_its_hash(void **state)
{
    (void)state;
    char first[TEXT_VERSION_LEN + 1], again[TEXT_VERSION_LEN + 1], other[TEXT_VERSION_LEN + 1];
    keep("pl", "Raty są bez odsetek.", 1795348800000000, first);
    keep("pl", "Raty są bez odsetek.", 1795435200000000, again);
    keep("en", "No interest.", 1795435200000000, other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_true(
        store_fixture_says(&fixture,
                           "select string_agg(language || ' ' || text || ' ' || (first_used_at at "
                           "time zone 'UTC')::date,"
                           " '; ' order by language) from terms",
                           "en No interest. 2026-11-23; pl Raty są bez odsetek. 2026-11-22"));
    assert_true(store_fixture_says(&fixture,
                                   "select bool_and(version = encode(sha256(convert_to(language || "
                                   "text, 'UTF8')), 'hex'))::text"
                                   " from terms",
                                   "true"));
}

static void the_application_cannot_change_terms(void **state)
{
    (void)state;
    assert_true(store_fixture_says(&fixture,
                                   "select (has_table_privilege('dunlin_app', 'terms', 'update') or"
                                   " has_table_privilege('dunlin_app', 'terms', 'delete') or"
                                   " has_table_privilege('dunlin_app', 'page_version', 'update') or"
                                   " has_table_privilege('dunlin_app', 'page_version', 'delete'))"
                                   "::text",
                                   "false"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_kept_once_by_its_hash),
        cmocka_unit_test(the_application_cannot_change_terms),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
