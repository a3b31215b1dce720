/* The page of this build as evidence keeps it, and what forms say of it. */
#include "http/page_source.h"

#include "domain/text_version.h"
#include "flow/page_version.h"
#include "flow/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct creditor creditor = {.name = SPAN_LIT("Żubr Leasing SA"),
                                         .phone = SPAN_LIT("+48 22 123 45 67")};

static bool contains(const struct buf *text, const char *part)
{
    return memmem(buf_span(text).base, buf_span(text).len, part, strlen(part)) != NULL;
}

static void a_source_is_all_that_shows_in_its_language(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    page_source_write(&creditor, LANGUAGE_UKRAINIAN, &text);
    assert_true(contains(&text, "name: Żubr Leasing SA\n"));
    assert_true(contains(&text, "==> pay.mustache <==\n[[> head.mustache]]"));
    assert_true(contains(&text, "==> style.css <==\n"));
    assert_true(contains(&text, "==> words.uk.json <==\n"));
    assert_true(contains(&text, "==> sheet.words.uk.json <==\n"));
    assert_false(contains(&text, "words.pl.json"));
    assert_false(buf_is_overflowed(&text));
    buf_release(&text);
}

static void a_form_s_own_page_is_sent_to_be_kept_until_it_is(void **state)
{
    (void)state;
    struct page_versions *versions = page_versions_new();
    page_source_set(&creditor, versions);
    struct span name = page_version_name(versions, LANGUAGE_ENGLISH);
    assert_int_equal(name.len, PAGE_NAME_LEN);
    assert_false(span_is(name, page_version_name(versions, LANGUAGE_POLISH)));
    struct page_shown page = page_version_shown(versions, name);
    char version[TEXT_VERSION_LEN + 1];
    text_version_print(SPAN_LIT("en"), page.text, version);
    assert_true(span_is_str(page.version, version));
    assert_true(span_is_str(page.language, "en"));
    page_version_note_kept(versions, name);
    page = page_version_shown(versions, name);
    assert_true(span_is(page.name, name));
    assert_null(page.text.base);
    page_versions_free(versions);
}

static void another_build_s_page_is_named_and_nonsense_is_not(void **state)
{
    (void)state;
    struct page_versions *versions = page_versions_new();
    page_source_set(&creditor, versions);
    struct page_shown page = page_version_shown(versions, SPAN_LIT("0123456789abcdef"));
    assert_true(span_is_str(page.name, "0123456789abcdef"));
    assert_null(page.text.base);
    assert_int_equal(page_version_shown(versions, SPAN_LIT("0123")).name.len, 0);
    assert_int_equal(page_version_shown(versions, span_of(NULL, 0)).name.len, 0);
    assert_int_equal(page_version_shown(NULL, SPAN_LIT("0123456789abcdef")).name.len, 16);
    page_versions_free(versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_is_all_that_shows_in_its_language),
        cmocka_unit_test(a_form_s_own_page_is_sent_to_be_kept_until_it_is),
        cmocka_unit_test(another_build_s_page_is_named_and_nonsense_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
