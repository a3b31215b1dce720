#include "http/page_words.h"

#include "http/page_view.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const templates[] = {"pay.mustache", "waiting.mustache", "settled.mustache",
                                        "notice.mustache", "proof.mustache",
#define SHEET_FILE(name) #name ".mustache",
                                        SHEETS(SHEET_FILE)
#undef SHEET_FILE
};

static void each_template_is_whole_in_each_language(void **state)
{
    (void)state;
    size_t count = 0;
    for (int i = 0; i != LANGUAGE_COUNT; ++i) {
        struct err err = {0};
        struct page_words *words = page_words_new(language_code((enum language)i), &err);
        if (words == NULL)
            fail_msg("%s", err.text);
        for (size_t t = 0; t != sizeof(templates) / sizeof(templates[0]); ++t) {
            struct buf text;
            buf_init(&text, 256 * 1024);
            if (page_words_fill(words, span_str(templates[t]), &text, &err) != 0)
                fail_msg("%s", err.text);
            assert_null(strstr(buf_span(&text).base, "[["));
            buf_release(&text);
        }
        /* No language has words that another lacks. */
        assert_true(count == 0 || count == page_words_count(words));
        count = page_words_count(words);
        page_words_free(words);
    }
}

static void missing_language_word_and_file_are_named(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(page_words_new("xx", &err));
    assert_non_null(strstr(err.text, "words.xx.json"));
    struct page_words *words = page_words_new("pl", &err);
    struct buf text;
    buf_init(&text, 1024);
    assert_int_equal(page_words_fill(words, SPAN_LIT("no.mustache"), &text, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "no.mustache"));
    assert_null(page_words_find(words, SPAN_LIT("no such word")).base);
    buf_release(&text);
    page_words_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_template_is_whole_in_each_language),
        cmocka_unit_test(missing_language_word_and_file_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
