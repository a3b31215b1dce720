/* The transfer of a page: the expected texts are the verified ones of the ZBP and EPC guidelines.
 */
#include "http/page_transfer.h"

#include "http/gzip.h"
#include "http/qr_svg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct world world = {
    .creditor = {.name = SPAN_LIT("Leasing Wzorcowy SA"),
                 .nip = SPAN_LIT("5265877635"),
                 .account = SPAN_LIT("PL61109010140000071219812874"),
                 .takes_euro_transfers = true},
};

static struct page_row owing(const char *currency, int64_t minor, const char *account)
{
    return (struct page_row){.number = SPAN_LIT("FV/11/2026/77 rata 3"),
                             .currency = span_str(currency),
                             .account = span_str(account),
                             .due_minor = minor};
}

static bool print_qr(const struct page_row *row, struct buf *text, bool *is_medium)
{
    struct page_transfer t;
    buf_init(text, 1024);
    return page_transfer_of(&t, &world, row) && page_transfer_qr(&t, &world, row, text, is_medium);
}

static void zloty_code_is_the_bank_associations(void **state)
{
    (void)state;
    struct page_row row = owing("PLN", 12345, "");
    struct buf text;
    bool is_medium = true;
    assert_true(print_qr(&row, &text, &is_medium));
    assert_string_equal(buf_span(&text).base, "5265877635|PL|61109010140000071219812874|012345|"
                                              "Leasing Wzorcowy SA|FV/11/2026/77 rata 3|||");
    assert_false(is_medium);
    buf_release(&text);
}

static void euro_code_is_the_payments_councils(void **state)
{
    (void)state;
    struct page_row row = owing("EUR", 12345, "PL61109010140000071219812874");
    struct buf text;
    bool is_medium = false;
    assert_true(print_qr(&row, &text, &is_medium));
    assert_string_equal(buf_span(&text).base,
                        "BCD\n002\n1\nSCT\n\nLeasing Wzorcowy SA\nPL61109010140000071219812874\n"
                        "EUR123.45\n\n\nFV/11/2026/77 rata 3");
    assert_true(is_medium);
    buf_release(&text);
}

static void other_currencies_and_large_amounts_have_no_code(void **state)
{
    (void)state;
    struct page_row rows[] = {owing("USD", 100, ""), owing("PLN", 1000000, ""),
                              owing("PLN", 100, "DE89370400440532013000")};
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf text;
        bool is_medium;
        assert_false(print_qr(&rows[i], &text, &is_medium));
        assert_int_equal(buf_span(&text).len, 0);
        buf_release(&text);
    }
}

/* The page may have 11 kB of the first 14 (page_view_test). */
enum { SENT_BYTES_MAX = 2 * 1024 };

static size_t sent_len(struct span svg)
{
    h2o_mem_pool_t pool;
    h2o_mem_init_pool(&pool);
    size_t len = gzip_of(&pool, svg).len;
    h2o_mem_clear_pool(&pool);
    return len;
}

static void longest_codes_fit_beside_the_page(void **state)
{
    (void)state;
    char longest[331]; /* nothing in it repeats for long */
    for (size_t i = 0; i < sizeof(longest); ++i)
        longest[i] = (char)('!' + (i * i * 31 + i * 7) % 90);
    struct buf svg;
    buf_init(&svg, 64 * 1024);
    assert_true(qr_svg_print(span_of(longest, 160), false, &svg)); /* ZBP: at most 160 */
    assert_true(sent_len(buf_span(&svg)) <= SENT_BYTES_MAX);
    buf_reset(&svg);
    assert_true(qr_svg_print(span_of(longest, 331), true, &svg)); /* EPC: at most 331 */
    assert_true(sent_len(buf_span(&svg)) <= SENT_BYTES_MAX);
    buf_reset(&svg);
    assert_false(qr_svg_print(span_of(longest, 0), false, &svg));
    assert_int_equal(buf_span(&svg).len, 0);
    buf_release(&svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zloty_code_is_the_bank_associations),
        cmocka_unit_test(euro_code_is_the_payments_councils),
        cmocka_unit_test(other_currencies_and_large_amounts_have_no_code),
        cmocka_unit_test(longest_codes_fit_beside_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
