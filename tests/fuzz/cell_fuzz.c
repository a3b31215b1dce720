/* The cells of a CSV file and what is printed from them: what is good once is good as it was
 * printed, and means the same. */
#include "domain/csv_value.h"
#include "domain/transfer_qr.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_amount(struct span text)
{
    struct money m, again;
    if (csv_value_amount(text, (struct span){0}, &m) != CSV_GOOD)
        return;
    assert(m.minor > 0 && m.minor <= MONEY_MINOR_MAX);
    struct buf printed;
    buf_init(&printed, 100);
    text_format_amount(&printed, m, (struct text_style){LANGUAGE_POLISH, TEXT_PAGE});
    enum csv_refusal r = csv_value_amount(buf_span(&printed), (struct span){0}, &again);
    /* "1 234,567 KWD" is as good; only "1,234" with three decimals cannot be told apart. */
    assert(r == CSV_AMOUNT_AMBIGUOUS || (r == CSV_GOOD && again.minor == m.minor));
    buf_release(&printed);
}

static void try_texts(struct span text)
{
    char phone[CSV_PHONE_LEN_MAX + 1], email[CSV_EMAIL_LEN_MAX + 1], iban[IBAN_LEN_MAX + 1];
    char again[CSV_EMAIL_LEN_MAX + 1], folded[20];
    if (csv_value_phone(text, phone) == CSV_GOOD) {
        assert(csv_value_phone(span_str(phone), again) == CSV_GOOD);
        assert(strcmp(phone, again) == 0);
    }
    if (csv_value_email(text, email) == CSV_GOOD)
        assert(strpbrk(email, "\r\n<>, ") == NULL);
    if (csv_value_account(text, iban) == CSV_GOOD) {
        assert(csv_value_account(span_str(iban), again) == CSV_GOOD);
        assert(strcmp(iban, again) == 0);
    }
    assert(csv_fold(text, folded, sizeof(folded)) < sizeof(folded));
}

static void try_transfer(struct span text)
{
    struct transfer t = {
        .recipient = text,
        .nip = text,
        .account = SPAN_LIT("PL61109010140000071219812874"),
        .title = text,
        .amount = money_of(100, "PLN"),
        .takes_euro_transfers = true,
    };
    enum transfer_qr_level level;
    struct buf out;
    buf_init(&out, 2000);
    if (transfer_qr_print(&t, &out, &level) == TRANSFER_QR_GOOD) {
        int bars = 0;
        for (size_t i = 0; i < buf_span(&out).len; ++i)
            bars += buf_span(&out).base[i] == '|';
        assert(bars == 8);
    }
    buf_reset(&out);
    t.amount = money_of(100, "EUR");
    if (transfer_qr_print(&t, &out, &level) == TRANSFER_QR_GOOD)
        assert(buf_span(&out).len <= 331);
    buf_reset(&out);
    text_format_masked_name(&out, text);
    assert(buf_span(&out).len <= text.len + 3);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span text = span_of((const char *)data, len);
    struct date date;
    enum language language;
    enum invoice_kind kind;
    enum contact_channel channel;
    bool is_yes;
    char currency[4];
    try_amount(text);
    try_texts(text);
    try_transfer(text);
    if (csv_value_date(text, &date) == CSV_GOOD)
        assert(date_is_valid(date));
    if (csv_value_currency(text, currency) == CSV_GOOD)
        assert(currency_exponent(span_str(currency)) >= 0);
    (void)csv_value_language(text, &language);
    (void)csv_value_kind(text, &kind);
    (void)csv_value_channel(text, &channel);
    (void)csv_value_consent(text, &is_yes);
    return 0;
}
