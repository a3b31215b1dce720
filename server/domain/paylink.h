/* The permanent signed link of one debt: its code, and which page stands behind it. */
#ifndef DUNLIN_DOMAIN_PAYLINK_H
#define DUNLIN_DOMAIN_PAYLINK_H

#include "domain/sealed.h"

enum { PAYLINK_CODE_LEN = SEALED_LEN };

struct paylink_id {
    int64_t customer_id;
    int32_t link_no;
};

/* The code after the slash: PAYLINK_CODE_LEN characters and a NUL. The same link gives the same
 * code as long as the signing key stays; codes of older active keys stay good beside it. */
void paylink_print_code(const struct keyring *k, struct paylink_id id,
                        char out[PAYLINK_CODE_LEN + 1]);
/* As sealed_check(). That a link was ever issued under this id is for the database to say. */
bool paylink_check_code(const struct keyring *k, struct span code, struct paylink_id *id);

/* The page of a link. Every state of a debt has one; nobody who owes meets a dead end. */
enum paylink_page {
    PAYLINK_DUE = 1,
    PAYLINK_PART_PAID,
    PAYLINK_PAID,
    PAYLINK_OVERPAID,   /* the creditor owes something back */
    PAYLINK_PROCESSING, /* a payment is under way: nothing to do but wait */
    PAYLINK_IN_PLAN,
    PAYLINK_PROMISED,
    PAYLINK_DISPUTED,
    PAYLINK_REVOKED,
};

struct paylink_facts {
    bool is_revoked;
    bool has_payment_in_flight, has_plan, has_promise, has_dispute; /* holds in force now */
    int64_t due_minor;     /* what is left to pay; below zero: over-paid */
    int64_t charged_minor; /* what the creditor asks for in all: charges, fees, corrections */
};

/* First what ends the matter (revoked, paid), then what is under way, then what is owed. */
enum paylink_page paylink_page(const struct paylink_facts *facts);
/* "due", "part_paid", …: for templates, logs and tests. */
const char *paylink_page_name(enum paylink_page page);

#endif
