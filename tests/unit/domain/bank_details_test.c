/* The text beside an entry, bank by bank: shapes from public descriptions, people and numbers made
 * up. */
#include "domain/bank_details.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
    const char *text, *title, *name, *account, *collect_id;
};

static void check(const struct row *row)
{
    struct bank_details d;
    bank_details_init(&d);
    bank_details_read(&d, span_str(row->text));
    if (!span_is_str(buf_span(&d.title), row->title))
        fail_msg("title \"%.*s\" of %s", SPAN_ARG(buf_span(&d.title)), row->text);
    if (!span_is_str(buf_span(&d.name), row->name))
        fail_msg("name \"%.*s\" of %s", SPAN_ARG(buf_span(&d.name)), row->text);
    assert_string_equal(d.account, row->account);
    assert_true(span_is_str(buf_span(&d.collect_id), row->collect_id));
    bank_details_release(&d);
}

#define PAYER "PL27114020040000300201355387"

static void numbered_pieces_are_read_by_their_banks_separator(void **state)
{
    static const struct row rows[] = {
        {"020~00PRZELEW PRZYCH.~20FV/11/2026/77~21RATA 3~22~23~24~25\n"
         "~2927114020040000300201355387~3011402004~310000300201355387~32JAN WZOR\n"
         "~33UL. PROSTA 1 00-001 WARSZAWA~38" PAYER,
         "FV/11/2026/77 RATA 3", "JAN WZOR", PAYER, ""},
        /* A line cut inside a name. */
        {"020~00WPLATA MASOWA~2087105010257771000000104233~21K-1042~32ANNA PRZYK\n"
         "LAD~38" PAYER,
         "87105010257771000000104233 K-1042", "ANNA PRZYKLAD", PAYER, ""},
        {"824~00OPLATA~20PROWIZJA", "PROWIZJA", "", "", ""},
        {"020<00Przelew MultiCash<10404<20Faktura 5/2026<26 27 1140 2004 0000 3002 0135 5387"
         "<27JAN WZOR<28UL. PROSTA 1",
         "Faktura 5/2026", "JAN WZOR", PAYER, ""},
        /* Only the separator of the beginning separates: a title may hold others. */
        {"020<00PRZELEW<20FV 1+20/2026 ~20 B<32X", "FV 1+20/2026 ~20 B", "X", "", ""},
        /* And only before a number that means something. */
        {"020?00PRZELEW?20CZY?99 ZL?21TAK", "CZY?99 ZL TAK", "", "", ""},
        /* The account in two pieces, without its check digits. */
        {"020^00PRZELEW^20A^3011402004^310000300201355387", "A", "", PAYER, ""},
        /* A full piece of 27 goes on in the word. */
        {"020~00P~20ZAPLATA ZA FAKTURE NR FV/11~21/2026/77", "ZAPLATA ZA FAKTURE NR FV/11/2026/77",
         "", "", ""},
        /* Pieces of 35, full and not. */
        {"020~00P~20ZAPLATA ZA FAKTURE NUMER FV/11/2026~21/77~22RATA",
         "ZAPLATA ZA FAKTURE NUMER FV/11/2026/77 RATA", "", "", ""},
        {"020~00P~32PRZEDSIEBIORSTWO HANDLOWO-U~33SLUGOWE SP. Z O.O.", "",
         "PRZEDSIEBIORSTWO HANDLOWO-USLUGOWE SP. Z O.O.", "", ""},
        /* Polish letters count as one, whatever their bytes. */
        {"020~00P~"
         "20\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81"
         "\xc5\x81\xc5\x81\xc5\x81\xc5\x81~21B",
         "\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81\xc5\x81"
         "\xc5\x81\xc5\x81\xc5\x81\xc5\x81 B",
         "", "", ""},
        /* A mistyped account is none. */
        {"020~00P~20A~38PL27114020040000300201355388", "A", "", "", ""},
        {"~00P~20A", "A", "", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        check(&rows[i]);
}

static void mbanks_labels_are_read(void **state)
{
    static const struct row rows[] = {
        {"911 TRANSAKCJA COLLECT; ID IPH: XX000000000001; Z RACH.: 271140200400003 \n"
         "00201355387; OD: JAN WZOR UL. PROSTA 1; TYT.: FV/11/2026/77; RATA 3; T \n"
         "NR: 1234567890.000001",
         /* The bank's wrapping leaves a blank in a label, too: then it ends nothing. */
         "FV/11/2026/77; RATA 3; T NR: 1234567890.000001", "JAN WZOR UL. PROSTA 1", PAYER,
         "XX000000000001"},
        {"770 PRZELEW; Z RACH.: 27114020040000300201355387; OD: A; OD: B; TYT.: X; TNR: 5; TNR: 6; "
         "DATA STEMPLA: 2026-11-20",
         "X; TNR: 5", "A; OD: B", PAYER, ""},
        {"770 PRZELEW; TYT.: X; DATA STEMPLA: 2026-11-20; TNR: 6", "X", "", "", ""},
        {"944 PRZELEW WYCH.; NA RACH.: 27114020040000300201355387; DLA: JAN WZOR; TYT.: ZWROT; "
         "TNR: 7",
         "ZWROT", "JAN WZOR", PAYER, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        check(&rows[i]);
}

static void code_words_and_plain_text_are_read(void **state)
{
    static const struct row rows[] = {
        {"/ORDP//NAME/JAN WZOR/ACCT/" PAYER "/REMI/FV/11/2026/77/EREF/E2E-1", "FV/11/2026/77",
         "JAN WZOR", PAYER, ""},
        {"/REMI/A", "A", "", "", ""},
        {" Wplata wlasna \n", "Wplata wlasna", "", "", ""},
        {"020", "020", "", "", ""},
        {"", "", "", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbered_pieces_are_read_by_their_banks_separator),
        cmocka_unit_test(mbanks_labels_are_read),
        cmocka_unit_test(code_words_and_plain_text_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
