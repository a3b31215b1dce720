#include "domain/forbidden_phrase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void threats_are_found_in_any_case_with_and_without_polish_letters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *pattern; /* null: nothing is found */
    } cases[] = {
        {"Sprawę przejmie KOMORNIK.", 17, "komornik"},
        {"komornika poprosimy", 0, "komornik"},
        {"Nasz windykator przyjedzie do domu", 5, "windyka*do domu"},
        {"Windykacja. Prosimy nie zabierać listu do domu", 0, NULL},
        {"Grozi Ci wpis do Rejestru Dłużników", 9, "wpis* do rejestru dluznik"},
        {"grozi ci wpis do rejestru dluznikow", 9, "wpis* do rejestru dluznik"},
        {"wpisie do\nKRD", 0, "wpis* do krd"},
        {"Poinformujemy Pani pracodawcę", 0, "poinformuj*pracodawc"},
        {"The bailiff will come", 4, "bailiff"},
        {"Справу передамо до прокуратури", 35, "прокуратур"},
        {"ОСТАННЄ ПОПЕРЕДЖЕННЯ", 0, "останнє попередження"},
        {"Zapłać spokojnie, zadzwoń. Dziękujemy.", 0, NULL},
        {"podkomornik", 0, NULL}, /* not where a word begins */
        {"", 0, NULL},
        {"k", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        struct forbidden_find found;
        bool is_found = forbidden_phrase_find(span_str(cases[i].text), 0, &found);
        if (is_found != (cases[i].pattern != NULL))
            fail_msg("case %zu", i);
        if (!is_found)
            continue;
        assert_string_equal(found.phrase->pattern, cases[i].pattern);
        assert_int_equal(found.at, cases[i].at);
    }
}

static void one_after_the_other_is_found(void **state)
{
    (void)state;
    struct forbidden_find found;
    const struct span text = SPAN_LIT("Łódź: komornik i prokurator, i komornik");
    size_t from = 0;
    static const size_t places[] = {9, 20, 34};
    for (size_t i = 0; i < 3; ++i) {
        assert_true(forbidden_phrase_find(text, from, &found));
        assert_int_equal(found.at, places[i]);
        from = found.at + 1;
    }
    assert_false(forbidden_phrase_find(text, from, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threats_are_found_in_any_case_with_and_without_polish_letters),
        cmocka_unit_test(one_after_the_other_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
