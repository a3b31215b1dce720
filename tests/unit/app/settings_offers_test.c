#include "app/settings_offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands before the rule that is tried: it begins in line 6. */
#define NEEDED                                                                                     \
    "public: {url: https://p.bank.example, certificate: public.pem, key: public.key}\n"            \
    "private: {url: 'https://in.bank.example', certificate: private.pem, key: private.key}\n"      \
    "creditor: {name: Bank}\n"                                                                     \
    "offers:\n"
#define ONE NEEDED "  terms_pl_file: pl.txt\n  rules:\n"

static char folder[] = "/tmp/dunlin-offers-XXXXXX";
static struct settings settings;
static struct settings_mistakes mistakes;

static void print_path(char path[128])
{
    snprintf(path, 128, "%s/pl.txt", folder);
}

static int suite_setup(void **state)
{
    char path[128];
    (void)state;
    assert_non_null(mkdtemp(folder));
    print_path(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("Przyjmuję nowe warunki.\n", file);
    fclose(file);
    return 0;
}

static int suite_teardown(void **state)
{
    char path[128];
    (void)state;
    print_path(path);
    unlink(path);
    rmdir(folder);
    settings_release(&settings);
    return 0;
}

static int parse(const char *yaml)
{
    settings_release(&settings);
    return settings_parse(&settings, span_str(yaml), folder, &mistakes);
}

static void a_rule_is_read_whole(void **state)
{
    (void)state;
    struct offer_rule rules[OFFER_RULES_MAX];
    assert_int_equal(
        parse(ONE "  - {name: soft, products: ['loan*'], segments: [chronically_late],\n"
                  "     days_late_from: 40, kind: forgiveness, parts: 3, spacing: two_weeks,\n"
                  "     working_days: false, valid_days: 10, first_days: 30,\n"
                  "     interest_hundredths: 100, forgiven_percent: 20, per_year: 2,\n"
                  "     grace_days: 7, missed_max: 0}\n"
                  "  - {name: rest, kind: longer_term}\n"),
        0);
    assert_int_equal(settings_offer_rules(&settings, rules), 2);
    assert_string_equal(rules[0].name, "soft");
    assert_string_equal(rules[0].condition.products.items[0], "loan*");
    assert_int_equal(rules[0].condition.days_late_from, 40);
    assert_int_equal(rules[0].kind, OFFER_FORGIVENESS);
    assert_int_equal(rules[0].part_count, 3);
    assert_int_equal(rules[0].spacing, PLAN_TWO_WEEKS);
    assert_false(rules[0].keeps_working_days);
    assert_int_equal(rules[0].valid_days, 10);
    assert_int_equal(rules[0].first_days, 30);
    assert_int_equal(rules[0].interest_hundredths, 100);
    assert_int_equal(rules[0].forgiven_percent, 20);
    assert_int_equal(rules[0].per_year, 2);
    assert_int_equal(rules[0].grace_days, 7);
    assert_int_equal(rules[0].missed_max, 0);
    assert_int_equal(rules[1].condition.days_late_from, 31); /* where nothing is said */
    assert_int_equal(rules[1].kind, OFFER_LONGER_TERM);
    assert_int_equal(rules[1].part_count, 6);
    assert_true(rules[1].keeps_working_days);
}

static void mistakes_stand_at_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *setting;
        int line;
    } rows[] = {
        {ONE "  - {name: a, kind: gift}\n", "offers.rules[0].kind", 7},
        {ONE "  - {name: a}\n", "offers.rules[0].kind", 7},
        {ONE "  - {name: a, kind: forgiveness}\n", "offers.rules[0].forgiven_percent", 7},
        {ONE "  - {name: a, kind: deferral,\n     forgiven_percent: 5}\n",
         "offers.rules[0].forgiven_percent", 8},
        {ONE "  - {name: a, kind: lower_rate, parts: 1}\n", "offers.rules[0].parts", 7},
        {ONE "  - {name: a, kind: deferral, first_days: 14}\n", "offers.rules[0].first_days", 7},
        {ONE "  - {name: a, kind: deferral}\n  - {name: a, kind: deferral}\n",
         "offers.rules[1].name", 8},
        {NEEDED "  rules:\n  - {name: a, kind: deferral}\n", "offers.terms_pl_file", 0},
        {NEEDED "  forgive_alone_max: -1\n", "offers.forgive_alone_max", 5},
        {NEEDED "demands: {working_days: 13}\n", "demands.working_days", 5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        assert_int_not_equal(parse(rows[i].yaml), 0);
        if (mistakes.count != 1 || strcmp(mistakes.items[0].setting, rows[i].setting) != 0 ||
            mistakes.items[0].line != rows[i].line)
            fail_msg("row %zu: %d, %s in line %d: %s", i, mistakes.count, mistakes.items[0].setting,
                     mistakes.items[0].line, mistakes.items[0].text);
    }
}

static void the_law_is_the_default(void **state)
{
    (void)state;
    assert_int_equal(parse(NEEDED "  terms_pl_file: pl.txt\n"), 0);
    assert_int_equal(settings.demands.working_days, 14);
    assert_int_equal(settings.demands.delivery_days, 0);
    assert_int_equal(settings.demands.decide_days, 14);
    assert_int_equal(settings.offers.rule_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_read_whole),
        cmocka_unit_test(mistakes_stand_at_their_line),
        cmocka_unit_test(the_law_is_the_default),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
