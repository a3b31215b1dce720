/* Which column of an export means what: headers in Polish and English with their usual synonyms,
 * compared without case, diacritics, blanks, punctuation and bracketed units. */
#ifndef DUNLIN_FLOW_CSV_COLUMNS_H
#define DUNLIN_FLOW_CSV_COLUMNS_H

#include "domain/contact_terms.h"

enum csv_column {
    CSV_CUSTOMER = 0, /* the creditor's own reference; needed */
    CSV_NAME,         /* needed */
    CSV_PHONE,
    CSV_EMAIL,
    CSV_LANGUAGE, /* default: pl */
    CSV_NUMBER,   /* needed */
    CSV_KIND,     /* default: invoice */
    CSV_PRODUCT,
    CSV_AMOUNT,     /* needed */
    CSV_CURRENCY,   /* default: PLN */
    CSV_ISSUE_DATE, /* default: the day of the import */
    CSV_DUE_DATE,   /* needed */
    CSV_ACCOUNT,
    CSV_IDENTITY, /* what the customer is asked for to confirm who they are: its last digits */
    CSV_PREFERRED,
    CSV_CONSENT, /* to push; those to other channels follow in the order of enum contact_channel */
    CSV_COLUMN_COUNT = CSV_CONSENT + CONTACT_CHANNEL_COUNT,
};

enum { CSV_HEADER_MAX = 64 }; /* longer headers are cut before they are compared */

/* Position of each column in the file; -1: the file has none. */
struct csv_columns {
    int at[CSV_COLUMN_COUNT];
};

/* "invoice number", …: for people. */
const char *csv_column_name(enum csv_column);
bool csv_column_is_needed(enum csv_column);
/* The column that a header in UTF-8 names, or -1. */
int csv_column_of(struct span header);
/* In a campaign's file the telephone is needed, and the debt's customer, name and number are made
 * where they are missing. */
bool csv_column_is_needed_by_campaign(enum csv_column);
/* How many distinct columns the headers name. */
int csv_columns_map(struct csv_columns *, const struct span *headers, int count);
/* The first column that two headers name, with their positions; or -1. */
int csv_columns_twice(const struct span *headers, int count, int *first, int *second);

enum { CSV_FIELD_MAX = 40 };

/* What a column of its own is called in templates (`row.<field>`): small ASCII letters and digits,
 * Polish letters without their marks, whatever else stands between them one '_'. "Nr umowy (2026)"
 * is nr_umowy_2026. May be "": then nothing of the heading is left. */
void csv_field_of(struct span header, char out[CSV_FIELD_MAX + 1]);

#endif
