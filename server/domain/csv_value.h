/* What stands in the cells of an accounting export, read as people and programs write it. Each
 * reader takes one cell in UTF-8, forgives blanks around it, and either fills its result or says
 * why not: nothing is guessed. An empty cell is CSV_EMPTY, for the caller to judge. */
#ifndef DUNLIN_DOMAIN_CSV_VALUE_H
#define DUNLIN_DOMAIN_CSV_VALUE_H

#include "domain/calendar.h"
#include "domain/contact_terms.h"
#include "domain/iban.h"
#include "domain/money.h"
#include "domain/text_format.h"

/* X(NAME, word that stays the same for ever, one sentence) */
#define CSV_REFUSALS(X)                                                                            \
    X(EMPTY, "empty", "the value is missing")                                                      \
    X(AMOUNT_MALFORMED, "amount_malformed", "this is not an amount")                               \
    X(AMOUNT_AMBIGUOUS, "amount_ambiguous",                                                        \
      "three digits behind a single separator may be thousands or a fraction")                     \
    X(AMOUNT_NEGATIVE, "amount_negative", "an amount to be paid is above zero")                    \
    X(AMOUNT_ZERO, "amount_zero", "an amount to be paid is above zero")                            \
    X(AMOUNT_TOO_PRECISE, "amount_too_precise", "the currency has no fractions that small")        \
    X(AMOUNT_TOO_LARGE, "amount_too_large", "the amount is larger than we count")                  \
    X(AMOUNT_CURRENCY_DIFFERS, "amount_currency_differs",                                          \
      "the amount names another currency than the row")                                            \
    X(DATE_MALFORMED, "date_malformed", "this is not a date as YYYY-MM-DD or DD.MM.YYYY")          \
    X(DATE_IMPOSSIBLE, "date_impossible", "the calendar has no such day")                          \
    X(DATE_OUT_OF_RANGE, "date_out_of_range", "the year is not between 1990 and 2100")             \
    X(PHONE_MALFORMED, "phone_malformed", "this is not a telephone number")                        \
    X(EMAIL_MALFORMED, "email_malformed", "this is not an e-mail address")                         \
    X(IDENTITY_MALFORMED, "identity_malformed", "the digits are not 4 to 16 digits")               \
    X(LANGUAGE_UNKNOWN, "language_unknown", "the language is not Polish, English or Ukrainian")    \
    X(CHANNEL_UNKNOWN, "channel_unknown", "the channel is not push, sms, email, voice or call")    \
    X(CONSENT_UNKNOWN, "consent_unknown", "the consent is not yes or no, tak or nie")              \
    X(CURRENCY_UNKNOWN, "currency_unknown", "this is not a currency")                              \
    X(KIND_UNKNOWN, "kind_unknown", "this is not a kind of debt")                                  \
    X(ACCOUNT_MALFORMED, "account_malformed", "this is not an account number")                     \
    X(ACCOUNT_COUNTRY_UNKNOWN, "account_country_unknown",                                          \
      "no country has account numbers that begin so")                                              \
    X(ACCOUNT_LENGTH_WRONG, "account_length_wrong",                                                \
      "the account number is too long or too short for its country")                               \
    X(ACCOUNT_CHECK_WRONG, "account_check_wrong",                                                  \
      "the account number's check digits are wrong: a digit is mistyped")

enum csv_refusal {
    CSV_GOOD = 0,
#define CSV_REFUSAL(name, word, sentence) CSV_##name,
    CSV_REFUSALS(CSV_REFUSAL)
#undef CSV_REFUSAL
        CSV_REFUSAL_COUNT
};

/* "amount_ambiguous": for programs. */
const char *csv_refusal_name(enum csv_refusal r);
/* The sentence: for people. */
const char *csv_refusal_text(enum csv_refusal r);

/* "1 234,56", "1,234.56", "1.234,56", "1234.56", "1234", blanks of any kind between thousands, with
 * or without a currency behind. `currency` is that of the row's own column, or empty: then what
 * stands behind the number decides, and without that PLN. "1,234" alone is CSV_AMOUNT_AMBIGUOUS. */
enum csv_refusal csv_value_amount(struct span text, struct span currency, struct money *out);
/* "2026-05-12" (also with a time behind, which is dropped), "12.05.2026", "12-5-2026",
 * "12/05/2026", "2026.05.12". The day comes before the month. */
enum csv_refusal csv_value_date(struct span text, struct date *out);

enum { CSV_PHONE_LEN_MAX = 16, CSV_EMAIL_LEN_MAX = 254 };

/* E.164: "+48501234567". Nine digits without a country are Polish. */
enum csv_refusal csv_value_phone(struct span text, char out[CSV_PHONE_LEN_MAX + 1]);
/* One address that can go into a mail header as it is; whether it exists only mail can tell. */
enum csv_refusal csv_value_email(struct span text, char out[CSV_EMAIL_LEN_MAX + 1]);
/* Tags and names: "pl-PL", "polski", "ukraiński", "english", "ua". */
enum csv_refusal csv_value_language(struct span text, enum language *out);
/* Channels by their usual names: "SMS", "e-mail", "telefon" is a call. */
enum csv_refusal csv_value_channel(struct span text, enum contact_channel *out);
/* "yes", "tak", "1", "no", "nie", "0", … */
enum csv_refusal csv_value_consent(struct span text, bool *out);
/* ISO codes in either case, "zł", "€", "euro". */
enum csv_refusal csv_value_currency(struct span text, char out[4]);
/* IBAN, or the 26 digits of a Polish account. */
enum csv_refusal csv_value_account(struct span text, char out[IBAN_LEN_MAX + 1]);

enum invoice_kind {
    INVOICE_KIND_INVOICE = 1,
    INVOICE_KIND_INSTALMENT,
    INVOICE_KIND_PREMIUM,
    INVOICE_KIND_OTHER,
};

/* "invoice", "instalment", "premium", "other". */
const char *invoice_kind_name(enum invoice_kind kind);
/* By its first word: "faktura VAT", "rata 3/24", "składka OC", … */
enum csv_refusal csv_value_kind(struct span text, enum invoice_kind *out);

/* Takes blanks of every kind off both ends. */
struct span csv_trim(struct span text);
/* For comparing words: small letters, Polish ones without their marks, each run of blanks, dots,
 * hyphens and underscores one blank, none at the ends. Writes at most room - 1 bytes and a NUL;
 * what does not fit is cut. Returns the length. */
size_t csv_fold(struct span text, char *out, size_t room);

#endif
