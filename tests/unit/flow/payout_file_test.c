/* Providers' files by hand: what is read, and where each bad line is told. */
#include "flow/payout_file.h"

#include "base/buf.h"
#include "domain/calendar.h"
#include "domain/payment_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PLAIN "payout_id,payout_date,movement,reference,kind,gross,fee,net,currency\n"
#define STRIPE                                                                                     \
    "automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,source_id,"          \
    "payment_intent_id,reporting_category,currency,gross,fee,net\n"
#define AT " 09:30:00"

static struct keyring *keys;

static int make_keys(void **state)
{
    (void)state;
    keys = keyring_new(
        SPAN_LIT("1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f active"),
        NULL);
    return keys == NULL;
}

static int free_keys(void **state)
{
    (void)state;
    keyring_free(keys);
    return 0;
}

/* "P1 2028-01-31 pi_1 payment 10000 150 9850 PLN;" a line, then "2 gross: why;" a bad one. */
static void expect(const char *text, const char *wanted)
{
    struct payout_file file;
    struct buf seen;
    char *bytes = strdup(text); /* may go once it is read */
    buf_init(&seen, 1 << 20);
    bool is_good = payout_file_read(&file, span_str(bytes), keys);
    free(bytes);
    for (size_t i = 0; is_good && i < file.line_count; ++i) {
        const struct payout_file_line *l = &file.lines[i];
        char day[11];
        date_print(date_from_days(l->date), day);
        buf_printf(&seen, "%.*s %s %.*s %s %lld %lld %lld %s;", SPAN_ARG(l->payout_id), day,
                   SPAN_ARG(l->movement), payout_kind_name(l->kind),
                   (long long)l->amounts.gross_minor, (long long)l->amounts.fee_minor,
                   (long long)l->amounts.net_minor, l->currency);
    }
    for (size_t i = 0; i < file.bad_count && i < PAYOUT_FILE_BAD_MAX; ++i)
        buf_printf(&seen, "%lld %s: %s;", (long long)file.bad[i].line, file.bad[i].column,
                   file.bad[i].reason);
    assert_string_equal(buf_span(&seen).base, wanted);
    assert_int_equal(is_good, file.bad_count == 0);
    buf_release(&seen);
    payout_file_release(&file);
}

static void plain_files_are_read(void **state)
{
    (void)state;
    expect(PLAIN "P1,2028-01-31,pi_1,,payment,100.00,1.50,98.50,PLN\n"
                 "P1,2028-01-31,re_1,,refund,-30.00,0,-30.00,PLN\n"
                 "P1,2028-01-31,cb_1,,chargeback,-5,15,-20,PLN\n"
                 "P1,2028-01-31,m-7,,fee,0,2.00,-2.00,PLN\n"
                 "P2,2028-02-29,x,,other,1200,0,1200,JPY\n",
           "P1 2028-01-31 pi_1 payment 10000 150 9850 PLN;"
           "P1 2028-01-31 re_1 refund -3000 0 -3000 PLN;"
           "P1 2028-01-31 cb_1 chargeback -500 1500 -2000 PLN;"
           "P1 2028-01-31 m-7 fee 0 200 -200 PLN;"
           "P2 2028-02-29 x other 1200 0 1200 JPY;");
    /* Any order, more columns, semicolons, a byte order mark, no line break at the end. */
    expect("\xef\xbb\xbf"
           "Net;Fee;Gross;note;Currency;Kind;Movement;Payout date;Payout ID\r\n"
           "98.50;1.50;100.00;\"a;b\";pln;payment;pi_1;2028-01-31;P1",
           "P1 2028-01-31 pi_1 payment 10000 150 9850 PLN;");
}

static void our_reference_leads_to_the_payment(void **state)
{
    char reference[PAYMENT_REFERENCE_LEN + 1], text[400];
    struct payout_file file;
    (void)state;
    payment_reference_print(keys, (struct payment_id){.customer_id = 42, .payment_no = 3},
                            reference);
    snprintf(text, sizeof(text),
             PLAIN "P1,2028-01-31,,%s,payment,1.00,0,1.00,PLN\n"
                   "P1,2028-01-31,re_1,%s,refund,-1.00,0,-1.00,PLN\n"
                   "P1,2028-01-31,pi_9,somebody-elses,payment,1.00,0,1.00,PLN\n",
             reference, reference);
    assert_true(payout_file_read(&file, span_str(text), keys));
    assert_true(span_is_str(file.lines[0].movement, reference));
    assert_int_equal(file.lines[0].customer_id, 42);
    assert_int_equal(file.lines[0].payment_no, 3);
    assert_true(span_is_str(file.lines[1].movement, "re_1"));
    assert_int_equal(file.lines[1].payment_no, 3);
    assert_int_equal(file.lines[2].customer_id, 0);
    assert_true(span_is_str(file.lines[2].reference, "somebody-elses"));
    payout_file_release(&file);
}

static void stripes_report_is_read_by_its_own_names(void **state)
{
    (void)state;
    expect(STRIPE "po_1,2028-01-31" AT ",txn_1,ch_1,pi_1,charge,pln,100.00,1.50,98.50\n"
                  "po_1,2028-01-31" AT ",txn_2,re_1,pi_1,refund,pln,-30.00,0.00,-30.00\n"
                  "po_1,2028-01-31" AT ",txn_3,dp_1,pi_2,dispute,pln,-50.00,15.00,-65.00\n"
                  "po_1,2028-01-31" AT ",txn_4,dp_1,pi_2,dispute_reversal,pln,50.00,-15.00,65.00\n"
                  "po_1,2028-01-31" AT ",txn_5,,,fee,pln,-2.00,0.00,-2.00\n"
                  "po_1,2028-01-31" AT ",txn_6,ch_9,,charge,pln,1.00,0.00,1.00\n"
                  "po_1,2028-01-31" AT ",txn_7,rr_1,,risk_reserved_funds,pln,-9.00,0.00,-9.00\n",
           "po_1 2028-01-31 pi_1 payment 10000 150 9850 PLN;"
           "po_1 2028-01-31 re_1 refund -3000 0 -3000 PLN;"
           "po_1 2028-01-31 dp_1 chargeback -5000 1500 -6500 PLN;"
           "po_1 2028-01-31 dp_1 chargeback_reversal 5000 -1500 6500 PLN;"
           "po_1 2028-01-31 txn_5 fee -200 0 -200 PLN;"
           "po_1 2028-01-31 ch_9 payment 100 0 100 PLN;"
           "po_1 2028-01-31 txn_7 other -900 0 -900 PLN;");
    /* A payment's PaymentIntent is not among the columns that Stripe gives unasked. */
    expect("automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,source_id,"
           "reporting_category,currency,gross,fee,net\n",
           "1 payment_intent_id: there is no such column;");
}

#define ROW(line) PLAIN line "\n"

static void bad_lines_are_told_with_their_place(void **state)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"", "1 : the file has no lines;"},
        {PLAIN, "1 : the file has no lines;"},
        {"payout_id,payout_date,kind,gross,fee,net,currency\n",
         "1 movement: there is neither this column nor reference;"},
        {"payout_id,payout_id,payout_date,movement,kind,gross,fee,net\n",
         "1 payout_id: two columns are called so;1 currency: there is no such column;"},
        {ROW(",2028-01-31,m,,payment,1,0,1,PLN"), "2 payout_id: the value is missing;"},
        {ROW("P 1,2028-01-31,m,,payment,1,0,1,PLN"),
         "2 payout_id: an id is at most 80 letters, digits and plain signs;"},
        {ROW("P1,31.01.2028,m,,payment,1,0,1,PLN"),
         "2 payout_date: this is no day such as 2028-01-31;"},
        {ROW("P1,2028-01-31 09:00:00,m,,payment,1,0,1,PLN"),
         "2 payout_date: this is no day such as 2028-01-31;"},
        {ROW("P1,2028-02-30,m,,payment,1,0,1,PLN"), "2 payout_date: the calendar has no such day;"},
        {ROW("P1,2028-01-31,,,payment,1,0,1,PLN"), "2 movement: the value is missing;"},
        {ROW("P1,2028-01-31,,ref,refund,-1,0,-1,PLN"),
         "2 movement: only payments may have a reference alone;"},
        {ROW("P1,2028-01-31,m,,sale,1,0,1,PLN"),
         "2 kind: a kind is payment, refund, refund_reversal, chargeback, chargeback_reversal, fee "
         "or other;"},
        {ROW("P1,2028-01-31,m,,payment,\"1,00\",0,1,PLN"),
         "2 gross: an amount is digits with a point, such as -1234.50;"},
        {ROW("P1,2028-01-31,m,,payment,1.001,0,1,PLN"),
         "2 gross: the currency has no fractions that small;"},
        {ROW("P1,2028-01-31,m,,payment,1,0,,PLN"),
         "2 net: an amount is digits with a point, such as -1234.50;"},
        {ROW("P1,2028-01-31,m,,payment,1,0,1,XXQ"), "2 currency: this is not a currency;"},
        {ROW("P1,2028-01-31,m,,payment,1,0.10,1,PLN"), "2 net: net is not gross less fee;"},
        {ROW("P1,2028-01-31,m,,payment,-1,0,-1,PLN"),
         "2 gross: payments are above zero, refunds and charge-backs below;"},
        {ROW("P1,2028-01-31,m,,payment,0,0,0,PLN"), "2 gross: nothing has moved;"},
        {ROW("P1,2028-01-31,m,,payment,1,0,1,PLN\nP1,2028-01-31,m,,payment,1,0,1,PLN"),
         "3 : its payout has the same movement in another line;"},
        {ROW("P1,2028-01-31,m,,payment,1,0,1,PLN\nP1,2028-02-01,n,,payment,1,0,1,PLN"),
         "3 : its payout has another day or currency in another line;"},
        {ROW("P1,2028-01-31,m,,payment,1,0,1,PLN\nP1,2028-01-31,n,,payment,1,0,1,EUR"),
         "3 : its payout has another day or currency in another line;"},
        {ROW("P1,2028-01-31,\"m\"x,,payment,1,0,1,PLN\nP1,2028-01-31,n,,sale,1,0,1,EUR"),
         "2 : text behind a closing quote, or too many fields;"
         "3 kind: a kind is payment, refund, refund_reversal, chargeback, chargeback_reversal, fee "
         "or other;"},
        {ROW("P1,2028-01-31,\"m,,payment,1,0,1,PLN"),
         "2 : a quote that is opened is never closed;"},
        {ROW("P1,2028-01-31,m\xff,,payment,1,0,1,PLN"), "1 : the file is not UTF-8;"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        expect(cases[i].text, cases[i].told);
}

static void more_bad_lines_than_are_told_are_counted(void **state)
{
    struct payout_file file;
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_add_str(&text, PLAIN);
    for (int i = 0; i < PAYOUT_FILE_BAD_MAX + 5; ++i)
        buf_add_str(&text, "P1,2028-01-31,m,,payment,1,0,1,XXQ\n");
    assert_false(payout_file_read(&file, buf_span(&text), keys));
    assert_int_equal(file.bad_count, PAYOUT_FILE_BAD_MAX + 5);
    payout_file_release(&file);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_files_are_read),
        cmocka_unit_test(our_reference_leads_to_the_payment),
        cmocka_unit_test(stripes_report_is_read_by_its_own_names),
        cmocka_unit_test(bad_lines_are_told_with_their_place),
        cmocka_unit_test(more_bad_lines_than_are_told_are_counted),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
