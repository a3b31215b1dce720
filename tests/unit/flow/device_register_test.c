#include "flow/device_register.h"

#include "base/log.h"
#include "domain/keyring.h"

#include "money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Several gateways on one database, so that registrations really run at once. */
enum { WORLDS = 4 };

static struct money_fixture fixture;
static struct world worlds[WORLDS];

struct answer {
    int count;
    struct device_registered registered;
    struct err err;
};

static int make_fixture(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "test");
    fixture_new(&fixture);
    for (int i = 0; i < WORLDS; ++i) {
        worlds[i] = fixture.world;
        if (i > 0)
            worlds[i].store =
                store_new(fixture.world.loop,
                          &(struct store_options){.conninfo = fixture.cluster.app_conninfo});
    }
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    for (int i = 1; i < WORLDS; ++i)
        store_free(worlds[i].store);
    fixture_free(&fixture);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    fixture_time.us = INT64_C(1795348800) * 1000000;
    fixture_sql(&fixture, "truncate customer, customer_registry, device, device_token,"
                          " device_installation restart identity cascade");
    return 0;
}

static void on_done(void *owner, const struct device_registered *registered, const struct err *err)
{
    struct answer *answer = owner;
    ++answer->count;
    answer->err = *err;
    if (registered != NULL)
        answer->registered = *registered;
}

static struct device_claim claim_of(const char *customer, const char *installation,
                                    const char *token)
{
    return (struct device_claim){.customer = span_str(customer),
                                 .installation = span_str(installation),
                                 .app = SPAN_LIT("com.bank"),
                                 .service = DEVICE_APNS,
                                 .token = span_str(token)};
}

static void begin(struct answer *answer, struct world *world, const struct device_claim *claim)
{
    struct err err = {0};
    *answer = (struct answer){0};
    assert_int_equal(device_register_begin(world, claim, on_done, answer, &err), 0);
    assert_int_equal(answer->count, 0);
}

static struct device_registered register_claim(const struct device_claim *claim)
{
    struct answer answer;
    begin(&answer, &worlds[0], claim);
    assert_true(fixture_run(&fixture, &answer.count, 1, 20));
    if (answer.err.code != 0)
        fail_msg("%s", answer.err.text);
    return answer.registered;
}

static struct device_registered register_one(const char *customer, const char *installation,
                                             const char *token)
{
    struct device_claim claim = claim_of(customer, installation, token);
    return register_claim(&claim);
}

static void on_removed(void *owner, const PGresult *result, const struct err *err)
{
    (void)err;
    ((struct answer *)owner)->registered.is_refused =
        result == NULL || !device_read_removed(result);
}

static void on_remove_saved(void *owner, const struct err *err)
{
    struct answer *answer = owner;
    answer->err = *err;
    ++answer->count;
}

static bool remove_one(const char *customer, const char *installation)
{
    struct answer answer = {0};
    struct pg_tx tx = {0};
    struct err err = {0};
    struct device_ending ending = {.customer = span_str(customer),
                                   .installation = span_str(installation),
                                   .reason = SPAN_LIT("removed by the app"),
                                   .now = fixture_now()};
    assert_int_equal(
        device_remove(worlds[0].store, &tx, &ending, on_removed, on_remove_saved, &answer, &err),
        0);
    assert_true(fixture_run(&fixture, &answer.count, 1, 20));
    assert_int_equal(answer.err.code, 0);
    return !answer.registered.is_refused;
}

static void assert_value(const char *sql, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, sql), expected);
}

/* What must always hold: see device.sql. Counts what breaks it. */
static void assert_registries_agree(void)
{
    assert_value("select (select count(*) from device d where state = 'live' and not exists (select"
                 " from device_token t where t.token = d.token and t.app = d.app and t.service ="
                 " d.service and t.customer_id = d.customer_id and t.installation ="
                 " d.installation)) || ' ' || (select count(*) from device_token t where not exists"
                 " (select from device d where d.state = 'live' and t.token = d.token and t.app ="
                 " d.app and t.service = d.service and t.customer_id = d.customer_id and"
                 " t.installation = d.installation)) || ' ' || (select count(*) from device d where"
                 " state = 'live' and not exists (select from device_installation i where"
                 " i.installation = d.installation and i.app = d.app and i.customer_id ="
                 " d.customer_id)) || ' ' || (select count(*) from (select from device where state"
                 " = 'live' group by token, app, service having count(*) > 1) x) || ' ' || (select"
                 " count(*) from (select from device where state = 'live' group by installation,"
                 " app having count(*) > 1) x)",
                 "0 0 0 0 0");
}

static const char all_devices[] = "select coalesce(string_agg(concat_ws(' ', c.reference, "
                                  "d.installation, d.app, d.token, d.state,"
                                  " d.reason), ', ' order by c.reference, d.installation), '') "
                                  "from device d join customer c using"
                                  " (customer_id)";

static void a_customer_nobody_has_heard_of_is_made(void **state)
{
    (void)state;
    struct device_claim claim = claim_of("K1", "install-1", "AA01");
    claim.language = "uk";
    struct device_registered r = register_claim(&claim);
    assert_false(r.is_refused);
    assert_true(r.saved.is_new);
    assert_value(all_devices, "K1 install-1 com.bank aa01 live registered");
    assert_value("select c.language from customer c join customer_registry r using (customer_id)"
                 " where r.reference = c.reference",
                 "uk");
    assert_registries_agree();
}

static void the_same_token_again_only_moves_seen_at(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    fixture_time.us += 60 * INT64_C(1000000);
    struct device_registered r = register_one("K1", "install-1", "aa01");
    assert_false(r.saved.is_new);
    assert_int_equal(r.saved.seen_at.us - r.saved.registered_at.us, 60 * 1000000);
    assert_value("select count(*)::text from device", "1");
}

static void a_new_token_is_a_new_registration_and_the_old_one_is_forgotten(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    fixture_time.us += 60 * INT64_C(1000000);
    struct device_registered r = register_one("K1", "install-1", "aa02");
    assert_true(r.saved.is_new);
    assert_int_equal(r.saved.seen_at.us, r.saved.registered_at.us);
    assert_value(all_devices, "K1 install-1 com.bank aa02 live registered");
    assert_value("select string_agg(token, ' ') from device_token", "aa02");
    assert_registries_agree();
}

static void a_token_that_comes_back_under_another_customer_changes_hands(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    register_one("K2", "install-2", "aa01");
    assert_value(all_devices, "K1 install-1 com.bank aa01 moved token moved,"
                              " K2 install-2 com.bank aa01 live registered");
    assert_registries_agree();
}

static void an_installation_that_comes_back_under_another_customer_changes_hands(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    register_one("K2", "install-1", "aa02");
    assert_value(all_devices, "K1 install-1 com.bank aa01 moved installation moved,"
                              " K2 install-1 com.bank aa02 live registered");
    assert_value("select string_agg(token, ' ') from device_token", "aa02");
    assert_registries_agree();
}

static void the_same_names_in_another_app_are_other_devices(void **state)
{
    (void)state;
    struct device_claim claim = claim_of("K2", "install-1", "aa01");
    register_one("K1", "install-1", "aa01");
    claim.app = SPAN_LIT("com.other");
    register_claim(&claim);
    assert_value("select count(*)::text from device where state = 'live'", "2");
    assert_registries_agree();
}

static void a_removed_device_is_forgotten_and_may_come_back(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    assert_true(remove_one("K1", "install-1"));
    assert_true(remove_one("K1", "install-1"));
    assert_false(remove_one("K1", "install-2"));
    assert_false(remove_one("K2", "install-1"));
    assert_value(all_devices, "K1 install-1 com.bank aa01 removed removed by the app");
    assert_value("select count(*)::text from device_token", "0");
    assert_true(register_one("K1", "install-1", "aa01").saved.is_new);
    assert_value(all_devices, "K1 install-1 com.bank aa01 live registered");
    assert_registries_agree();
}

static void a_device_that_died_lives_again_under_the_same_token(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    fixture_sql(&fixture, "update device set state = 'dead', reason = 'Unregistered', ended_at ="
                          " now(), has_changed_environment = true; delete from device_token");
    fixture_time.us += 1000000;
    assert_true(register_one("K1", "install-1", "aa01").saved.is_new);
    assert_value("select state || ' ' || has_changed_environment from device", "live false");
    assert_registries_agree();
}

/* The service knew the token in the other environment only: the app need not know. */
static void an_environment_found_out_is_kept_with_its_token(void **state)
{
    (void)state;
    struct device_claim claim = claim_of("K1", "install-1", "aa01");
    register_claim(&claim);
    fixture_sql(&fixture,
                "update device set environment = 'sandbox', has_changed_environment = true");
    register_claim(&claim);
    assert_value("select environment || has_changed_environment from device", "sandboxtrue");
    claim.token = SPAN_LIT("aa02");
    register_claim(&claim);
    assert_value("select environment || has_changed_environment from device", "productionfalse");
}

static void beyond_twenty_the_one_not_seen_for_longest_ends(void **state)
{
    (void)state;
    char installation[16], token[8];
    for (int i = 0; i < DEVICE_LIVE_MAX + 2; ++i) {
        fixture_time.us += 1000000;
        snprintf(installation, sizeof(installation), "install-%02d", i);
        snprintf(token, sizeof(token), "aa%02d", i);
        register_one("K1", installation, token);
        if (i == 1)
            register_one("K1", "install-00", "aa00"); /* seen later than the second */
    }
    assert_value("select count(*)::text from device where state = 'live'", "20");
    assert_value("select string_agg(installation || ' ' || reason, ', ' order by installation) from"
                 " device where state = 'removed'",
                 "install-00 too many devices, install-01 too many devices");
    assert_registries_agree();
}

static void a_customer_with_all_too_many_gets_no_further_one(void **state)
{
    (void)state;
    register_one("K1", "install-1", "aa01");
    register_one("K2", "install-2", "aa02");
    fixture_sql(&fixture, "insert into device select customer_id, 'ended-000' || n, app, service,"
                          " environment, target_kind, token, null, 'removed', 'x', false,"
                          " registered_at, seen_at, seen_at from device, generate_series(1, 499) n"
                          " where installation = 'install-1'");
    struct device_registered r = register_one("K1", "install-3", "aa02");
    assert_true(r.is_refused);
    assert_value("select state from device where installation = 'install-2'", "live");
    r = register_one("K1", "install-1", "aa02");
    assert_false(r.is_refused);
    assert_value("select state from device where installation = 'install-2'", "moved");
    assert_registries_agree();
}

static void a_claim_that_breaks_a_rule_is_refused_in_its_words(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct err err = {0};
    struct device_claim claim = claim_of("K1", "install-1", "xyz");
    assert_int_equal(device_register_begin(&worlds[0], &claim, on_done, &answer, &err), ERR_INPUT);
    assert_string_equal(err.text, device_refusal_text(DEVICE_BAD_TOKEN));
    h2o_evloop_run(fixture.world.loop, 10);
    assert_int_equal(answer.count, 0);
}

/* ---- Random histories against a model. ---- */

enum { CUSTOMERS = 3, INSTALLATIONS = 4, APPS = 2, TOKENS = 4 };

struct model {
    struct {
        bool is_there, is_live;
        int app, token;
    } at[CUSTOMERS][INSTALLATIONS];
};

struct step {
    int customer, installation, app, token;
};

static uint32_t random_state = 1;

static int pick(int count)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (int)((random_state >> 8) % (unsigned)count);
}

static struct step pick_step(void)
{
    return (struct step){pick(CUSTOMERS), pick(INSTALLATIONS), pick(APPS), pick(TOKENS)};
}

static const char *const customers[] = {"K0", "K1", "K2"};
static const char *const installations[] = {"install-0", "install-1", "install-2", "install-3"};
static const char *const apps[] = {"app0", "app1"};
static const char *const tokens[] = {"aa00", "aa01", "aa02", "aa03"};

static void model_register(struct model *m, struct step s)
{
    for (int c = 0; c < CUSTOMERS; ++c)
        for (int i = 0; i < INSTALLATIONS; ++i) {
            bool is_same = c == s.customer && i == s.installation;
            bool loses =
                m->at[c][i].app == s.app && (m->at[c][i].token == s.token || i == s.installation);
            if (!is_same && loses)
                m->at[c][i].is_live = false;
        }
    m->at[s.customer][s.installation].is_there = true;
    m->at[s.customer][s.installation].is_live = true;
    m->at[s.customer][s.installation].app = s.app;
    m->at[s.customer][s.installation].token = s.token;
}

static void model_print(const struct model *m, char *out, size_t room)
{
    size_t len = 0;
    out[0] = '\0';
    for (int c = 0; c < CUSTOMERS; ++c)
        for (int i = 0; i < INSTALLATIONS; ++i)
            if (m->at[c][i].is_there)
                len += (size_t)snprintf(out + len, room - len, "%s%s %s %s %s %s",
                                        len == 0 ? "" : ", ", customers[c], installations[i],
                                        apps[m->at[c][i].app], tokens[m->at[c][i].token],
                                        m->at[c][i].is_live ? "live" : "ended");
}

static void begin_step(struct answer *answer, struct world *world, struct step s)
{
    struct device_claim claim =
        claim_of(customers[s.customer], installations[s.installation], tokens[s.token]);
    claim.app = span_str(apps[s.app]);
    begin(answer, world, &claim);
}

static void run_step(struct step s)
{
    struct answer answer;
    begin_step(&answer, &worlds[0], s);
    assert_true(fixture_run(&fixture, &answer.count, 1, 20));
    assert_int_equal(answer.err.code, 0);
}

static const char modelled_devices[] =
    "select coalesce(string_agg(concat_ws(' ', c.reference, d.installation, d.app, d.token, case"
    " d.state when 'live' then 'live' else 'ended' end), ', ' order by c.reference,"
    " d.installation), '') from device d join customer c using (customer_id)";

static void any_history_leaves_what_the_model_says(void **state)
{
    (void)state;
    struct model model = {0};
    char expected[2048];
    random_state = 7;
    for (int n = 0; n < 300; ++n) {
        struct step s = pick_step();
        if (pick(5) == 0) {
            remove_one(customers[s.customer], installations[s.installation]);
            model.at[s.customer][s.installation].is_live = false;
        } else {
            run_step(s);
            model_register(&model, s);
        }
        model_print(&model, expected, sizeof(expected));
        assert_value(modelled_devices, expected);
        assert_registries_agree();
    }
}

/* Whatever comes at once from several gateways: everyone is answered, the registries agree, and
 * the state is one that some order would give, as each registered device that still lives shows. */
static void many_at_once_keep_the_registries_in_agreement(void **state)
{
    (void)state;
    enum { AT_ONCE = 40 };
    static struct answer answers[AT_ONCE];
    random_state = 11;
    for (int round = 0; round < 25; ++round) {
        for (int i = 0; i < AT_ONCE; ++i)
            begin_step(&answers[i], &worlds[i % WORLDS], pick_step());
        for (int i = 0; i < AT_ONCE; ++i) {
            assert_true(fixture_run(&fixture, &answers[i].count, 1, 30));
            if (answers[i].err.code != 0)
                fail_msg("%s", answers[i].err.text);
        }
        assert_registries_agree();
    }
}

static void the_same_at_once_is_the_same_as_once(void **state)
{
    (void)state;
    enum { AT_ONCE = 24 };
    static struct answer answers[AT_ONCE];
    const struct step s = {1, 2, 0, 3};
    run_step((struct step){0, 2, 0, 3});
    for (int i = 0; i < AT_ONCE; ++i)
        begin_step(&answers[i], &worlds[i % WORLDS], s);
    for (int i = 0; i < AT_ONCE; ++i) {
        assert_true(fixture_run(&fixture, &answers[i].count, 1, 30));
        assert_int_equal(answers[i].err.code, 0);
    }
    assert_value(modelled_devices, "K0 install-2 app0 aa03 ended, K1 install-2 app0 aa03 live");
    assert_value("select count(*)::text from customer", "2");
    assert_registries_agree();
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_customer_nobody_has_heard_of_is_made),
        TEST(the_same_token_again_only_moves_seen_at),
        TEST(a_new_token_is_a_new_registration_and_the_old_one_is_forgotten),
        TEST(a_token_that_comes_back_under_another_customer_changes_hands),
        TEST(an_installation_that_comes_back_under_another_customer_changes_hands),
        TEST(the_same_names_in_another_app_are_other_devices),
        TEST(a_removed_device_is_forgotten_and_may_come_back),
        TEST(a_device_that_died_lives_again_under_the_same_token),
        TEST(an_environment_found_out_is_kept_with_its_token),
        TEST(beyond_twenty_the_one_not_seen_for_longest_ends),
        TEST(a_customer_with_all_too_many_gets_no_further_one),
        TEST(a_claim_that_breaks_a_rule_is_refused_in_its_words),
        TEST(any_history_leaves_what_the_model_says),
        TEST(many_at_once_keep_the_registries_in_agreement),
        TEST(the_same_at_once_is_the_same_as_once),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
