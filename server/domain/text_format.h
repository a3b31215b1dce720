/* Amounts, dates, accounts and names as people read them, in the languages of our customers. */
#ifndef DUNLIN_DOMAIN_TEXT_FORMAT_H
#define DUNLIN_DOMAIN_TEXT_FORMAT_H

#include "base/buf.h"
#include "domain/calendar.h"
#include "domain/money.h"

enum language {
    LANGUAGE_POLISH = 0,
    LANGUAGE_ENGLISH,
    LANGUAGE_UKRAINIAN,
    LANGUAGE_COUNT,
};

/* "pl", "en", "uk". */
const char *language_code(enum language language);
/* By a tag as browsers and people write it: "pl", "pl-PL", "EN_gb". False when it is none of ours,
 * and *language is untouched. */
bool language_find(struct span tag, enum language *language);

/* Where the text will stand. An SMS with one letter outside GSM-7 costs double, so there "zł" is
 * PLN, "€" is EUR, Polish and Ukrainian months are numbers, and no blank is a non-breaking one. */
enum text_place {
    TEXT_PAGE = 1,
    TEXT_SMS,
    TEXT_SPOKEN, /* by a machine: no groups of digits, no blanks that do not break, no ",00" */
};

struct text_style {
    enum language language;
    enum text_place place;
};

/* "1 234,56 zł", "PLN 1,234.56", "1 234,56 zł". */
void text_format_amount(struct buf *out, struct money m, struct text_style style);
/* "12 maja 2026", "12 May 2026", "12 травня 2026"; in an SMS "12.05.2026". */
void text_format_date(struct buf *out, struct date d, struct text_style style);
/* "1 dzień", "14 dni"; "1 day", "14 days"; "1 день", "2 дні", "14 днів". */
void text_format_days(struct buf *out, int32_t days, struct text_style style);
/* "PL61 1090 1014 …" in groups of four; `account` is a normalised IBAN. */
void text_format_account(struct buf *out, struct span account);
/* The initials of the first two words, "A. K.": enough for the person meant to know themselves, too
 * little for anyone else. `name` is UTF-8. */
void text_format_masked_name(struct buf *out, struct span name);

#endif
