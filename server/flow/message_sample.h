/* Debts that nobody has, to show and to check texts with: the usual, the largest, one of which
 * little is known, one whose data tries to be more than data, and one in a plan. */
#ifndef DUNLIN_FLOW_MESSAGE_SAMPLE_H
#define DUNLIN_FLOW_MESSAGE_SAMPLE_H

#include "flow/message_text.h"

enum message_sample_kind {
    MESSAGE_SAMPLE_USUAL = 0,
    MESSAGE_SAMPLE_LARGE, /* a long number and name, five digits before the comma */
    MESSAGE_SAMPLE_BARE,  /* no name, product, account; not late; a creditor without a telephone */
    MESSAGE_SAMPLE_ODD,   /* quotes, mark-up, braces, emoji, lines and directions in the data */
    MESSAGE_SAMPLE_PLAN,  /* the usual, the second of three parts of an agreed plan */
    MESSAGE_SAMPLE_OFFER, /* the usual, with an offer that is open */
    MESSAGE_SAMPLE_COUNT,
};

/* 50 characters: as long as links of a usual domain are. */
#define MESSAGE_SAMPLE_LINK "https://pay.example-bank.pl/AbCdEfGhIjKlMnOpQrStUv"

/* Facts that live as long as the process. */
struct message_facts message_sample(enum message_sample_kind);

#endif
