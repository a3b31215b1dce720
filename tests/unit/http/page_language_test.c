#include "http/page_language.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void browser_gets_the_best_of_our_languages(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum language language;
    } rows[] = {
        {"", LANGUAGE_POLISH},
        {"pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7", LANGUAGE_POLISH},
        {"en-GB,en;q=0.9", LANGUAGE_ENGLISH},
        {"de, fr", LANGUAGE_POLISH},
        {"de;q=1, uk;q=0.5, en;q=0.4", LANGUAGE_UKRAINIAN},
        {"en;q=0.4 , uk ; q=0.5", LANGUAGE_UKRAINIAN},
        {"EN", LANGUAGE_ENGLISH},
        {"en;q=0", LANGUAGE_POLISH},
        {"en;q=0.000,uk;q=0.001", LANGUAGE_UKRAINIAN},
        {"en;q=x,uk;q=0.1", LANGUAGE_UKRAINIAN},
        {"english,polish", LANGUAGE_POLISH},
        {",,;;q=,=,en", LANGUAGE_ENGLISH},
        {"*", LANGUAGE_POLISH},
    };
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i)
        if (page_language_accepted(span_str(rows[i].header)) != rows[i].language)
            fail_msg("\"%s\"", rows[i].header);
}

/* The examples of the Unicode CLDR chart of plural rules. */
static void nouns_count_as_each_language_counts(void **state)
{
    (void)state;
    static const struct {
        enum language language;
        int64_t count;
        enum page_plural plural;
    } rows[] = {
        {LANGUAGE_POLISH, 1, PLURAL_ONE},      {LANGUAGE_POLISH, 2, PLURAL_FEW},
        {LANGUAGE_POLISH, 5, PLURAL_MANY},     {LANGUAGE_POLISH, 12, PLURAL_MANY},
        {LANGUAGE_POLISH, 21, PLURAL_MANY},    {LANGUAGE_POLISH, 22, PLURAL_FEW},
        {LANGUAGE_POLISH, 0, PLURAL_MANY},     {LANGUAGE_POLISH, 114, PLURAL_MANY},
        {LANGUAGE_UKRAINIAN, 1, PLURAL_ONE},   {LANGUAGE_UKRAINIAN, 3, PLURAL_FEW},
        {LANGUAGE_UKRAINIAN, 11, PLURAL_MANY}, {LANGUAGE_UKRAINIAN, 21, PLURAL_ONE},
        {LANGUAGE_UKRAINIAN, 101, PLURAL_ONE}, {LANGUAGE_UKRAINIAN, 100, PLURAL_MANY},
        {LANGUAGE_ENGLISH, 1, PLURAL_ONE},     {LANGUAGE_ENGLISH, 0, PLURAL_MANY},
        {LANGUAGE_ENGLISH, 21, PLURAL_MANY},
    };
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i)
        if (page_language_plural(rows[i].language, rows[i].count) != rows[i].plural)
            fail_msg("%s %d", language_code(rows[i].language), (int)rows[i].count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browser_gets_the_best_of_our_languages),
        cmocka_unit_test(nouns_count_as_each_language_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
