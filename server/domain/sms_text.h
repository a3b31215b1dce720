/* What a text costs as an SMS: its alphabet, its length, its parts; and how to write it in the
 * cheap alphabet. 3GPP TS 23.038 (GSM 03.38), 23.040. Text is UTF-8; what is not counts as U+FFFD.
 *
 * One character outside the GSM alphabet turns the whole message into UCS-2. A small ç is outside
 * here: some tables have it in the place of the capital one, and a count that is too high costs
 * nothing. */
#ifndef DUNLIN_DOMAIN_SMS_TEXT_H
#define DUNLIN_DOMAIN_SMS_TEXT_H

#include "base/buf.h"
#include "base/span.h"

enum {
    SMS_GSM_ALONE = 160, /* septets */
    SMS_GSM_JOINED = 153,
    SMS_UCS2_ALONE = 70, /* UTF-16 units */
    SMS_UCS2_JOINED = 67,
};

enum sms_alphabet {
    SMS_GSM = 1,
    SMS_UCS2,
};

struct sms_measure {
    enum sms_alphabet alphabet;
    int32_t units; /* septets, or UTF-16 units */
    int32_t parts; /* none of an empty text */
    int32_t left;  /* units before there is one part more */
    /* The first character that is not in the GSM alphabet, and its byte; 0: there is none. */
    uint32_t culprit;
    size_t culprit_at;
};

/* Septets of one character: 1, of the extension 2, 0 when the GSM alphabet does not have it. */
int sms_text_septets(uint32_t character);

/* An escaped character or a surrogate pair is never cut by the end of a part. */
struct sms_measure sms_text_measure(struct span text);

/* Millionths of a unit of money; a part costs below a million units. */
int64_t sms_text_price(struct sms_measure m, int64_t part_price_micro);

/* Appends the text in letters that GSM has, where there are any: ą is a, „ is ", … is three dots, a
 * soft hyphen nothing. Letters with combining marks are composed first. What has no plain form, as
 * Cyrillic and emoji, stays, and é, ä, ö, ü, ß and their like are in the alphabet already. */
void sms_text_plain(struct buf *out, struct span text);

#endif
