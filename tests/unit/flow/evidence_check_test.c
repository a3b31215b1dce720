/* Exports that another program made, hash by hash: tests/fuzz/corpus/evidence. What is found in
 * them when they are changed is told by tests/e2e/evidence.test.mjs. */
#include "flow/evidence_check.h"

#include "flow/evidence_export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct buf document, lines;

static int setup(void **state)
{
    (void)state;
    buf_init(&document, 1 << 20);
    buf_init(&lines, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&document);
    buf_release(&lines);
    return 0;
}

static bool check(const char *name, const char *anchor)
{
    char path[512], bytes[4096];
    struct err err;
    bool holds = false;
    snprintf(path, sizeof(path), SOURCE_DIR "/tests/fuzz/corpus/evidence/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (size_t len; (len = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        buf_add(&document, span_of(bytes, len));
    fclose(file);
    assert_int_equal(evidence_check(buf_span(&document), span_str(anchor), &lines, &holds, &err),
                     0);
    return holds;
}

static void what_another_program_hashed_holds(void **state)
{
    (void)state;
    assert_true(check("whole", ""));
    assert_non_null(strstr(buf_span(&lines).base, "the chain of 4 events holds"));
    assert_non_null(strstr(buf_span(&lines).base, "event 4 of 4 is under anchor 1"));
}

static void erased_parts_are_counted_and_no_fault(void **state)
{
    (void)state;
    assert_true(check("erased", ""));
    assert_non_null(
        strstr(buf_span(&lines).base, "1 events have a personal part, 1 of these are erased"));
}

static void an_anchor_that_was_published_must_be_there(void **state)
{
    (void)state;
    assert_false(check("erased", "00"));
    assert_non_null(strstr(buf_span(&lines).base, "BAD "));
}

static void amounts_without_an_opposite_are_no_trap(void **state)
{
    (void)state;
    static const char text[] =
        "{\"format\": \"" EVIDENCE_FORMAT "\", \"debt\": {\"due_minor\": 0}, \"events\": "
        "[{\"no\": 1, \"at_us\": 9223372036854775807, \"facts\": "
        "\"{\\\"movement\\\": \\\"m\\\", \\\"amount_minor\\\": -9223372036854775808}\"}], "
        "\"ledger\": "
        "[{\"amount_minor\": -9223372036854775808, \"reference\": \"m\"},"
        " {\"amount_minor\": 9223372036854775807}, {\"amount_minor\": 9223372036854775807}],"
        " \"anchor\": {\"event_no\": -9223372036854775808, \"block_no\": -1, \"block\": [1]}}";
    struct err err;
    bool holds = true;
    assert_int_equal(evidence_check(span_str(text), SPAN_LIT(""), &lines, &holds, &err), 0);
    assert_false(holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_another_program_hashed_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(erased_parts_are_counted_and_no_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(an_anchor_that_was_published_must_be_there, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(amounts_without_an_opposite_are_no_trap, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
