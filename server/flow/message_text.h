/* One message written: a template filled with what is known of debts, formatted for the language
 * and the way it goes. Nothing is ever left out silently: a field that is printed and empty is an
 * error, as a message must not be sent with a hole in it.
 *
 * What comes from outside (names, numbers, products, columns of a file) is data: control
 * characters and those that turn the direction of writing become blanks or go, and braces in it
 * mean nothing. */
#ifndef DUNLIN_FLOW_MESSAGE_TEXT_H
#define DUNLIN_FLOW_MESSAGE_TEXT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/calendar.h"
#include "domain/instalment.h"
#include "domain/match_code.h"
#include "domain/message_field.h"
#include "domain/money.h"
#include "domain/text_format.h"

#include <stddef.h>

struct creditor;
struct mustache;

enum {
    MESSAGE_TITLE_MAX = 256,
    MESSAGE_BODY_MAX = 16 * 1024,
    MESSAGE_DEBTS_MAX = 50, /* listed in one message; the others count in the total */
};

/* An agreed plan that is in force. */
struct message_plan {
    int32_t part_no; /* the one that the message is about, counted from 1; 0: none of them */
    int32_t part_count;
    int64_t left_minor;                       /* of all parts */
    struct instalment parts[INSTALMENTS_MAX]; /* those to come, with what is left of each */
    size_t left_count;
};

/* An individual offer that is open. */
struct message_offer {
    bool is_there;
    struct date until, first_date;
    int64_t first_minor, total_minor; /* the first part; all of them */
};

struct message_debt {
    struct span number, product;
    struct span account; /* a normalised IBAN; empty: the creditor's own */
    struct span link;    /* the whole address, or empty */
    char match_code[MATCH_CODE_LEN + 1]; /* of that link; empty without one */
    struct money left;   /* of the part, where it is about one; so is the date */
    struct date due;
    const struct message_plan *plan; /* null: none */
    struct message_offer offer;
};

/* A column of a campaign's file. */
struct message_column {
    struct span name, text;
};

struct message_facts {
    const struct creditor *creditor;
    struct span name; /* the customer's; empty when erased */
    /* At least one. The fields of a single debt are those of the one that was due first. */
    const struct message_debt *debts;
    size_t debt_count;
    struct date today;              /* where the customer is */
    struct date pay_by, request_by; /* of a demand that goes out today */
    struct span unsubscribe;
    int instalment_count;      /* proposed; 0: no proposal */
    int instalment_first_days; /* from today to the first part */
    const struct message_column *columns;
    size_t column_count;
};

/* The one that was due first: whose number, date and link the message has. */
const struct message_debt *message_first_debt(const struct message_facts *);

struct message_way {
    enum message_channel channel;
    enum language language;
    bool is_plain; /* an SMS in letters that GSM has, see domain/sms_text.h */
};

/* Appends title (of push and email: the first line) and body. ERR_INPUT when a field is empty or
 * unknown, when nothing is written for this way, or when it is too long; the text names the field
 * and nothing personal. */
MUST_CHECK int message_text_write(const struct mustache *, const struct message_facts *,
                                  const struct message_way *, struct buf *title, struct buf *body,
                                  struct err *);

#endif
