#include "http/parts_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void what_was_printed_is_read(void **state)
{
    (void)state;
    const struct payment_part parts[] = {{12, 5000, 5000}, {13, 999999999999999, 999999999999999}};
    struct payment_part read[ALLOCATIONS_MAX];
    size_t count;
    struct buf text;
    buf_init(&text, 4096);
    parts_field_print(&text, parts, 2);
    assert_true(span_is_str(buf_span(&text), "12:5000,13:999999999999999"));
    assert_true(parts_field_read(buf_span(&text), read, &count));
    assert_int_equal(count, 2);
    assert_memory_equal(read, parts, sizeof(parts));
    buf_release(&text);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1",
        "1:",
        ":1",
        "1:2,",
        ",1:2",
        "1:2,,3:4",
        "1:0",
        "0:1",
        "01:2",
        "1:02",
        "-1:2",
        "1:-2",
        "1:2;3:4",
        "1:2 ",
        " 1:2",
        "1:2.0",
        "1:2:3",
        "1:2,3",
        "1:0x10",
        "1:2\n",
        "+1:2",
        "a:b",
        "1:1000000000000000",
        "1000000000000000:1",
    };
    struct payment_part parts[ALLOCATIONS_MAX];
    size_t count;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i)
        if (parts_field_read(span_str(texts[i]), parts, &count))
            fail_msg("\"%s\" was read", texts[i]);
    assert_false(parts_field_read(span_of(NULL, 0), parts, &count));
}

static void fifty_are_read_and_no_more(void **state)
{
    (void)state;
    struct payment_part parts[ALLOCATIONS_MAX];
    size_t count;
    struct buf text;
    buf_init(&text, 4096);
    for (int i = 1; i <= 50; ++i)
        buf_printf(&text, "%s%d:%d", i == 1 ? "" : ",", i, i);
    assert_true(parts_field_read(buf_span(&text), parts, &count));
    assert_int_equal(count, 50);
    assert_int_equal(parts[49].invoice_id, 50);
    buf_add_str(&text, ",51:51");
    assert_false(parts_field_read(buf_span(&text), parts, &count));
    buf_release(&text);
}

static void a_part_of_a_debt_is_read_as_it_was_printed(void **state)
{
    (void)state;
    struct buf out;
    struct payment_part part;
    buf_init(&out, 128);
    part_field_print(
        &out, &(struct payment_part){.invoice_id = 12, .amount_minor = 1500, .due_minor = 5000});
    assert_string_equal(buf_span(&out).base, "12:1500:5000");
    assert_true(part_field_read(buf_span(&out), &part));
    assert_int_equal(part.invoice_id, 12);
    assert_int_equal(part.amount_minor, 1500);
    assert_int_equal(part.due_minor, 5000);
    buf_release(&out);
    static const char *const others[] = {"",
                                         "12",
                                         "12:1500",
                                         "12:1500:",
                                         ":1500:50",
                                         "12:0:5000",
                                         "12:-1:5000",
                                         "12:1500:5000:1",
                                         "a:1:1",
                                         "12:01:500",
                                         "12:1500:5000 ",
                                         "12,1500,5000",
                                         "12:9999999999999999:1"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); ++i)
        assert_false(part_field_read(span_str(others[i]), &part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_printed_is_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(fifty_are_read_and_no_more),
        cmocka_unit_test(a_part_of_a_debt_is_read_as_it_was_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
