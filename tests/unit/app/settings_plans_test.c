#include "app/settings_plans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* What stands before the policy that is tried: it begins in line 6. */
#define NEEDED                                                                                     \
    "public: {url: https://p.bank.example, certificate: public.pem, key: public.key}\n"            \
    "private: {url: 'https://in.bank.example', certificate: private.pem, key: private.key}\n"      \
    "creditor: {name: Bank}\n"                                                                     \
    "plans:\n"
#define TERMS "  terms_pl_file: pl.txt\n  policies:\n"
#define ONE NEEDED TERMS

static char folder[] = "/tmp/dunlin-plans-XXXXXX";
static struct settings settings;
static struct settings_mistakes mistakes;

static const char *const files[] = {"pl.txt", "latin.txt", "bell.txt", "empty.txt", "long.txt"};

static void write_file(const char *name, const char *text, size_t times)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < times; ++i)
        fputs(text, file);
    fclose(file);
}

static int suite_setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_file("pl.txt", "Płać na czas.\nDziękujemy.\n", 1);
    write_file("latin.txt",
               "P\xb3"
               "a\xe6\n",
               1);
    write_file("bell.txt", "P\alac\n", 1);
    write_file("empty.txt", " \n", 1);
    write_file("long.txt", "0123456789abcde\n", 1025);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    settings_release(&settings);
    return 0;
}

static int parse(const char *yaml)
{
    settings_release(&settings);
    return settings_parse(&settings, span_str(yaml), folder, &mistakes);
}

static void a_policy_is_read_whole(void **state)
{
    (void)state;
    struct plan_policy policies[PLAN_POLICIES_MAX];
    assert_int_equal(
        parse(ONE
              "  - {name: loans, products: ['loan*'], segments: [on_time], amount_from: 20000,\n"
              "     days_late_to: 60, parts_min: 3, parts_max: 12, part_min: 10000,\n"
              "     first_percent: 20, spacing: two_weeks, working_days: false, pay_days: [5],\n"
              "     in_days: [0, 92], first_within_days: 92, fee: 500, fee_permille: 10,\n"
              "     fee_max: 2000, interest_hundredths: 725, plans_a_year: 1, approval: above,\n"
              "     approval_above: 300000, answer_days: 5, grace_days: 7, missed_max: 2}\n"
              "  - name: rest\n"),
        0);
    assert_int_equal(settings_plan_policies(&settings, policies), 2);
    const struct plan_policy *p = &policies[0];
    assert_string_equal(p->name, "loans");
    assert_string_equal(p->condition.products.items[0], "loan*");
    assert_int_equal(p->condition.products.count, 1);
    assert_int_equal(p->condition.segments.count, 1);
    assert_int_equal(p->condition.amount_from_minor, 20000);
    assert_int_equal(p->condition.days_late_from, -3650);
    assert_int_equal(p->condition.days_late_to, 60);
    assert_int_equal(p->parts_min, 3);
    assert_int_equal(p->parts_max, 12);
    assert_int_equal(p->part_min_minor, 10000);
    assert_int_equal(p->first_percent, 20);
    assert_int_equal(p->spacing, PLAN_TWO_WEEKS);
    assert_false(p->keeps_working_days);
    assert_int_equal(p->pay_day_count, 1); /* in place of the default */
    assert_int_equal(p->pay_days[0], 5);
    assert_int_equal(p->in_day_count, 2);
    assert_int_equal(p->in_days[1], 92);
    assert_int_equal(p->first_within_days, 92);
    assert_int_equal(p->fee_minor, 500);
    assert_int_equal(p->fee_permille, 10);
    assert_int_equal(p->fee_max_minor, 2000);
    assert_int_equal(p->interest_hundredths, 725);
    assert_int_equal(p->plans_a_year, 1);
    assert_int_equal(p->approval, PLAN_APPROVAL_ABOVE);
    assert_int_equal(p->approval_above_minor, 300000);
    assert_int_equal(p->answer_days, 5);
    assert_int_equal(p->grace_days, 7);
    assert_int_equal(p->missed_max, 2);
    p = &policies[1];
    assert_int_equal(p->pay_day_count, 3);
    assert_int_equal(p->spacing, PLAN_MONTHLY);
    assert_int_equal(p->approval, PLAN_APPROVAL_NONE);
    assert_true(p->keeps_working_days);
    assert_string_equal(settings.plans.terms_pl, "Płać na czas.\nDziękujemy.");
    assert_string_equal(settings.plans.terms_en, "");
}

static void without_a_policy_no_terms_are_needed(void **state)
{
    (void)state;
    assert_int_equal(parse(NEEDED "  policies: []\n"), 0);
    assert_int_equal(settings.plans.policy_count, 0);
}

/* Each is the only mistake, in that line, and says this. */
static const struct {
    const char *yaml;
    int line;
    const char *setting, *says;
} bad[] = {
    {NEEDED "  policies:\n  - name: a\n", 0, "plans.terms_pl_file",
     "needed when there is a policy"},
    {NEEDED "  terms_pl_file: none.txt\n", 5, "plans.terms_pl_file", "cannot read"},
    {NEEDED "  terms_pl_file: latin.txt\n", 5, "plans.terms_pl_file", "no text in UTF-8"},
    {NEEDED "  terms_pl_file: bell.txt\n", 5, "plans.terms_pl_file", "control characters"},
    {NEEDED "  terms_pl_file: empty.txt\n", 5, "plans.terms_pl_file", "is empty"},
    {NEEDED "  terms_pl_file: long.txt\n", 5, "plans.terms_pl_file", "cannot read"},
    {ONE "  - parts_min: 2\n", 7, "plans.policies[0].name", "is needed"},
    {ONE "  - name: A B\n", 7, "plans.policies[0].name", "must be"},
    {ONE "  - name: a\n  - name: a\n", 8, "plans.policies[1].name", "name of an earlier one"},
    {ONE "  - name: a\n    parts_max: 37\n", 8, "plans.policies[0].parts_max", "from 2 to 36"},
    {ONE "  - name: a\n    parts_min: 1\n", 8, "plans.policies[0].parts_min", "from 2 to 36"},
    {ONE "  - name: a\n    parts_min: 7\n    parts_max: 6\n", 9, "plans.policies[0].parts_max",
     "below parts_min"},
    {ONE "  - name: a\n    part_min: 0\n", 8, "plans.policies[0].part_min", "from 1"},
    {ONE "  - name: a\n    first_percent: 100\n", 8, "plans.policies[0].first_percent", "to 99"},
    {ONE "  - name: a\n    spacing: year\n", 8, "plans.policies[0].spacing", "two_weeks"},
    {ONE "  - name: a\n    pay_days: [1, 32]\n", 8, "plans.policies[0].pay_days", "1 to 31"},
    {ONE "  - name: a\n    pay_days: [1, 1]\n", 8, "plans.policies[0].pay_days", "twice"},
    {ONE "  - name: a\n    in_days: [93]\n", 8, "plans.policies[0].in_days", "0 to 92"},
    {ONE "  - name: a\n    fee: 300\n    fee_max: 299\n", 9, "plans.policies[0].fee_max",
     "below fee"},
    {ONE "  - name: a\n    interest_hundredths: 10001\n", 8,
     "plans.policies[0].interest_hundredths", "to 10000"},
    {ONE "  - name: a\n    approval: maybe\n", 8, "plans.policies[0].approval", "none, above"},
    {ONE "  - name: a\n    approval: above\n", 7, "plans.policies[0].approval_above", "needed"},
    {ONE "  - name: a\n    approval: always\n    first_within_days: 10\n", 9,
     "plans.policies[0].first_within_days", "8 above answer_days (3)"},
    {ONE "  - name: a\n    segments: [rich]\n", 8, "plans.policies[0].segments", "on_time"},
    {ONE "  - name: a\n    kinds: [rent]\n", 8, "plans.policies[0].kinds", "premium"},
    {ONE "  - name: a\n    currencies: [zl]\n", 8, "plans.policies[0].currencies", "PLN"},
    {ONE "  - name: a\n    amount_from: 2\n    amount_to: 1\n", 7, "plans.policies[0]",
     "amount_to below"},
    {ONE "  - name: a\n    days_late_from: 2\n    days_late_to: 1\n", 7, "plans.policies[0]",
     "days_late_to below"},
    {ONE "  - name: a\n    rate: 2\n", 8, "plans.policies[0].rate", "is no setting"},
};

static void each_mistake_is_told_in_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        assert_int_equal(parse(bad[i].yaml), ERR_SETTINGS);
        const struct settings_mistake *m = &mistakes.items[0];
        if (mistakes.count != 1 || m->line != bad[i].line ||
            strcmp(m->setting, bad[i].setting) != 0 || strstr(m->text, bad[i].says) == NULL)
            fail_msg("%d mistakes, %d: %s %s (%s)", mistakes.count, m->line, m->setting, m->text,
                     bad[i].setting);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read_whole),
        cmocka_unit_test(without_a_policy_no_terms_are_needed),
        cmocka_unit_test(each_mistake_is_told_in_its_line),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
