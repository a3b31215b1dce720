#include "flow/paylink_manage.h"

#include "base/log.h"
#include "base/metrics.h"
#include "domain/keyring.h"

#include "money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;

struct answer {
    int count;
    struct paylink_managed managed;
    struct err err;
};

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

/* One customer with two invoices: F/1 has link 1, F/2 has none. */
static int set_up(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "truncate customer, invoice, invoice_registry, paylink, event restart identity cascade;"
        "insert into customer (reference, link_count, created_at, changed_at)"
        "    values ('A', 1, now(), now());"
        "insert into invoice (customer_id, number, kind, currency, amount_minor,"
        "    due_minor, issue_date, due_date, created_at, changed_at)"
        "select 1, n, 'invoice', 'PLN', 100, 100, '2026-01-01', '2026-01-15', now(),"
        "    now() from unnest(array['F/1', 'F/2']) n;"
        "insert into invoice_registry (number, customer_id, invoice_id)"
        "select number, customer_id, invoice_id from invoice;"
        "insert into paylink (customer_id, link_no, invoice_id, state, created_at)"
        "    values (1, 1, 1, 'active', now());"
        "update invoice set link_no = 1 where invoice_id = 1");
    return 0;
}

static void on_managed(void *owner, const struct paylink_managed *managed, const struct err *err)
{
    struct answer *answer = owner;
    ++answer->count;
    answer->err = *err;
    if (managed != NULL)
        answer->managed = *managed;
}

static void begin(struct answer *answer, enum paylink_action action, const char *number)
{
    struct err err;
    struct paylink_manage_options options = {.action = action, .number = span_str(number)};
    *answer = (struct answer){0};
    assert_int_equal(paylink_manage_begin(&fixture.world, &options, on_managed, answer, NULL, &err),
                     0);
    assert_int_equal(answer->count, 0);
}

static struct paylink_managed manage(enum paylink_action action, const char *number)
{
    struct answer answer;
    begin(&answer, action, number);
    assert_true(fixture_run(&fixture, &answer.count, 1, 20));
    if (answer.err.code != 0)
        fail_msg("%s", answer.err.text);
    return answer.managed;
}

static void assert_value(const char *sql, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, sql), expected);
}

static const char all_links[] =
    "select string_agg(concat_ws(' ', link_no, invoice_id, state, replaced_by), ', '"
    "    order by link_no) from paylink";

static void showing_gives_the_active_link_and_changes_nothing(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_SHOW, "F/1");
    assert_int_equal(m.result, PAYLINK_MANAGED);
    assert_int_equal(m.id.link_no, 1);
    assert_int_equal(strlen(m.code), 18);
    assert_true(m.is_active);
    assert_false(m.is_changed);
    assert_value(all_links, "1 1 active");
    assert_value("select count(*)::text from event", "0");
}

static void a_link_is_found_by_its_code(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_SHOW, "F/1");
    struct answer answer = {0};
    struct err err;
    struct paylink_manage_options options = {.action = PAYLINK_REVOKE, .code = span_str(m.code)};
    assert_int_equal(
        paylink_manage_begin(&fixture.world, &options, on_managed, &answer, NULL, &err), 0);
    assert_true(fixture_run(&fixture, &answer.count, 1, 20));
    assert_string_equal(answer.managed.number, "F/1");
    assert_value(all_links, "1 1 revoked");
}

static void a_forged_code_is_refused_without_a_question_to_the_database(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct err err;
    struct paylink_manage_options options = {.action = PAYLINK_SHOW,
                                             .code = SPAN_LIT("AAAAAAAAAAAAAAAAAA")};
    assert_int_equal(
        paylink_manage_begin(&fixture.world, &options, on_managed, &answer, NULL, &err), ERR_INPUT);
    assert_int_equal(answer.count, 0);
}

static void an_unknown_invoice_is_said_to_be_one(void **state)
{
    (void)state;
    assert_int_equal(manage(PAYLINK_ISSUE, "F/3").result, PAYLINK_NO_INVOICE);
}

static void issuing_counts_on_from_the_customers_links(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_ISSUE, "F/2");
    assert_true(m.is_changed);
    assert_int_equal(m.id.link_no, 2);
    assert_value(all_links, "1 1 active, 2 2 active");
    assert_value("select link_count::text from customer", "2");
    assert_value("select kind from event", "paylink.issued");
}

static void issuing_where_one_is_active_shows_that_one(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_ISSUE, "F/1");
    assert_false(m.is_changed);
    assert_int_equal(m.id.link_no, 1);
    assert_value(all_links, "1 1 active");
}

static void a_replaced_link_names_its_successor(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_REPLACE, "F/1");
    assert_int_equal(m.id.link_no, 2);
    assert_value(all_links, "1 1 revoked 2, 2 1 active");
    assert_value("select kind || facts from event", "paylink.replaced{\"link_no\":1}");
}

static void a_revoked_link_can_be_followed_by_a_new_one(void **state)
{
    (void)state;
    struct paylink_managed m = manage(PAYLINK_REVOKE, "F/1");
    assert_true(m.is_changed);
    assert_false(m.is_active);
    assert_int_equal(manage(PAYLINK_REVOKE, "F/1").result, PAYLINK_NO_LINK);
    assert_int_equal(manage(PAYLINK_SHOW, "F/1").result, PAYLINK_NO_LINK);
    assert_int_equal(manage(PAYLINK_ISSUE, "F/1").id.link_no, 2);
    assert_value(all_links, "1 1 revoked, 2 1 active");
    assert_value("select event_count::text from invoice where invoice_id = 1", "2");
}

/* Each decides on what it read; whoever comes second reads again. */
static void ten_at_once_leave_one_active_link(void **state)
{
    (void)state;
    struct answer answers[10];
    for (int i = 0; i < 10; ++i)
        begin(&answers[i], i % 2 == 0 ? PAYLINK_ISSUE : PAYLINK_REPLACE, "F/2");
    for (int i = 0; i < 10; ++i)
        assert_true(fixture_run(&fixture, &answers[i].count, 1, 20));
    assert_value("select count(*)::text from paylink where invoice_id = 2 and state = 'active'",
                 "1");
    assert_value("select (max(link_no) = count(*))::text from paylink", "true");
    assert_value("select (link_count = (select count(*) from paylink))::text from customer",
                 "true");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(showing_gives_the_active_link_and_changes_nothing),
        TEST(a_link_is_found_by_its_code),
        TEST(a_forged_code_is_refused_without_a_question_to_the_database),
        TEST(an_unknown_invoice_is_said_to_be_one),
        TEST(issuing_counts_on_from_the_customers_links),
        TEST(issuing_where_one_is_active_shows_that_one),
        TEST(a_replaced_link_names_its_successor),
        TEST(a_revoked_link_can_be_followed_by_a_new_one),
        TEST(ten_at_once_leave_one_active_link),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
