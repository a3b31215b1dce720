/* ZBP recommendation 1.0 of 3 December 2013, as its users have it: nine fields between eight bars,
 *
 *     NIP | PL | 26 digits | grosze, 6 digits | recipient 1-20 | title 1-32 | | |
 *
 * and EPC069-12 version 002: lines ended by LF,
 *
 *     BCD, 002, 1 (UTF-8), SCT, BIC (empty), recipient 1-70, IBAN, EUR0.00, purpose (empty),
 *     structured reference or empty, free text 0-140
 *
 * Lengths count characters, not bytes. */
#include "domain/transfer_qr.h"

#include "domain/iban.h"

#include <stdio.h>

enum {
    ZBP_AMOUNT_MAX = 999999,
    ZBP_RECIPIENT_MAX = 20,
    ZBP_TITLE_MAX = 32,
    EPC_RECIPIENT_MAX = 70,
    EPC_TITLE_MAX = 140,
    EPC_BYTES_MAX = 331,
    EPC_REFERENCE_MAX = 25, /* ISO 11649 */
    FIELD_ROOM = EPC_TITLE_MAX * 4,
};
#define EPC_AMOUNT_MAX INT64_C(99999999999)

/* ---- characters ---- */

/* The length of the UTF-8 character that `s` begins with and the character; 0 when it is broken. */
static size_t read_character(struct span s, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t head = (uint8_t)s.base[0];
    size_t len = head < 0x80   ? 1
                 : head < 0xc2 ? 0
                 : head < 0xe0 ? 2
                 : head < 0xf0 ? 3
                 : head < 0xf5 ? 4
                               : 0;
    if (len == 0 || len > s.len)
        return 0;
    *character = len == 1 ? head : head & (0x7fu >> len);
    for (size_t i = 1; i < len; ++i) {
        if ((s.base[i] & 0xc0) != 0x80)
            return 0;
        *character = *character << 6 | (s.base[i] & 0x3f);
    }
    return *character < smallest[len] ? 0 : len;
}

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xa0 || c == 0x202f;
}

/* Letters with Latin marks, digits, blanks and what one careful library keeps: how apps take
 * anything else is not known. */
static bool is_zbp_character(uint32_t c)
{
    bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    bool is_marked = c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7;
    return is_plain || is_marked || (c < 0x80 && c != 0 && strchr(",./\\-@#&*_", (int)c) != NULL);
}

static bool is_epc_character(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0);
}

/* Copies at most `max` characters that `is_kept` keeps; runs of blanks become one, none at the
 * ends.
 */
static struct span clean(struct span text, bool (*is_kept)(uint32_t), int max,
                         char room[FIELD_ROOM])
{
    size_t len = 0;
    bool is_gap = false;
    for (int count = 0; text.len > 0 && count < max;) {
        uint32_t c = 0;
        size_t c_len = read_character(text, &c);
        struct span here = span_of(text.base, c_len);
        text = span_from(text, c_len == 0 ? 1 : c_len);
        if (c_len > 0 && is_blank(c)) {
            is_gap = len > 0;
        } else if (c_len > 0 && is_kept(c)) {
            if (is_gap && ++count == max)
                break;
            if (is_gap)
                room[len++] = ' ';
            is_gap = false;
            memcpy(room + len, here.base, here.len);
            len += here.len;
            ++count;
        }
    }
    return span_of(room, len);
}

/* ---- ZBP ---- */

static void add_nip(struct buf *text, struct span nip)
{
    char digits[10];
    size_t len = 0;
    for (size_t i = 0; i < nip.len; ++i) {
        if (nip.base[i] < '0' || nip.base[i] > '9')
            continue;
        if (len == sizeof(digits))
            return;
        digits[len++] = nip.base[i];
    }
    if (len == sizeof(digits))
        buf_add(text, span_of(digits, len));
}

static enum transfer_qr_refusal print_zbp(const struct transfer *t, const char *iban,
                                          struct buf *text)
{
    char recipient_room[FIELD_ROOM], title_room[FIELD_ROOM];
    if (memcmp(iban, "PL", 2) != 0)
        return TRANSFER_QR_ACCOUNT_FOREIGN;
    if (t->is_split_payment)
        return TRANSFER_QR_SPLIT_PAYMENT;
    if (t->amount.minor > ZBP_AMOUNT_MAX)
        return TRANSFER_QR_AMOUNT_TOO_LARGE;
    struct span recipient =
        clean(t->recipient, is_zbp_character, ZBP_RECIPIENT_MAX, recipient_room);
    if (recipient.len == 0)
        return TRANSFER_QR_NO_RECIPIENT;
    struct span title = clean(t->title, is_zbp_character, ZBP_TITLE_MAX, title_room);
    if (title.len == 0)
        return TRANSFER_QR_NO_TITLE;
    add_nip(text, t->nip);
    buf_add_str(text, "|PL|");
    buf_add_str(text, iban + 2);
    buf_add_char(text, '|');
    for (int64_t unit = (ZBP_AMOUNT_MAX + 1) / 10; unit > 1 && t->amount.minor < unit; unit /= 10)
        buf_add_char(text, '0');
    buf_add_int(text, t->amount.minor);
    buf_add_char(text, '|');
    buf_add(text, recipient);
    buf_add_char(text, '|');
    buf_add(text, title);
    buf_add_str(text, "|||");
    return TRANSFER_QR_GOOD;
}

/* ---- EPC ---- */

/* ISO 11649: "RF", check digits, then up to 21 letters and digits; checked as an IBAN is. */
static bool is_structured_reference(struct span text)
{
    if (text.len < 5 || text.len > EPC_REFERENCE_MAX || !span_starts(text, SPAN_LIT("RF")))
        return false;
    int remainder = 0;
    for (size_t i = 0; i < text.len; ++i) {
        char c = text.base[(i + 4) % text.len];
        if (c >= '0' && c <= '9')
            remainder = (remainder * 10 + (c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            remainder = (remainder * 100 + (c - 'A' + 10)) % 97;
        else
            return false;
    }
    return remainder == 1;
}

static enum transfer_qr_refusal print_epc(const struct transfer *t, const char *iban,
                                          struct buf *text)
{
    char recipient_room[FIELD_ROOM], title_room[FIELD_ROOM], lines[4 * EPC_BYTES_MAX];
    if (!t->takes_euro_transfers)
        return TRANSFER_QR_CURRENCY;
    if (t->is_split_payment)
        return TRANSFER_QR_SPLIT_PAYMENT;
    if (t->amount.minor > EPC_AMOUNT_MAX)
        return TRANSFER_QR_AMOUNT_TOO_LARGE;
    struct span recipient =
        clean(t->recipient, is_epc_character, EPC_RECIPIENT_MAX, recipient_room);
    if (recipient.len == 0)
        return TRANSFER_QR_NO_RECIPIENT;
    struct span title = clean(t->title, is_epc_character, EPC_TITLE_MAX, title_room);
    if (title.len == 0)
        return TRANSFER_QR_NO_TITLE;
    bool is_reference = is_structured_reference(title);
    int len = snprintf(
        lines, sizeof(lines), "BCD\n002\n1\nSCT\n\n%.*s\n%s\nEUR%lld.%02d\n\n%s%.*s%s",
        SPAN_ARG(recipient), iban, (long long)(t->amount.minor / 100), (int)(t->amount.minor % 100),
        is_reference ? "" : "\n", SPAN_ARG(title), is_reference ? "\n" : "");
    if (len > EPC_BYTES_MAX)
        return TRANSFER_QR_TOO_LONG;
    buf_add(text, span_of(lines, (size_t)len));
    return TRANSFER_QR_GOOD;
}

enum transfer_qr_refusal transfer_qr_print(const struct transfer *t, struct buf *text,
                                           enum transfer_qr_level *level)
{
    char iban[IBAN_LEN_MAX + 1];
    if (t->amount.minor <= 0)
        return TRANSFER_QR_NOTHING_TO_PAY;
    if (t->account.len == 0)
        return TRANSFER_QR_NO_ACCOUNT;
    if (iban_normalise(t->account, iban) != IBAN_GOOD)
        return TRANSFER_QR_ACCOUNT_WRONG;
    if (money_has_currency(t->amount, SPAN_LIT("PLN"))) {
        *level = TRANSFER_QR_LEVEL_L;
        return print_zbp(t, iban, text);
    }
    if (money_has_currency(t->amount, SPAN_LIT("EUR"))) {
        *level = TRANSFER_QR_LEVEL_M;
        return print_epc(t, iban, text);
    }
    return TRANSFER_QR_CURRENCY;
}
