#include "flow/csv_text.h"

#include <iconv.h>
#include <stdlib.h>

static const char *const names[] = {
    [CSV_UTF_8] = "UTF-8",
    [CSV_WINDOWS_1250] = "Windows-1250",
    [CSV_ISO_8859_2] = "ISO-8859-2",
};

/* An eight-bit encoding as a table, filled once by iconv: half of the bytes of a long file are not
 * worth a call each. A length of 0: the encoding has no such byte. */
struct letters {
    bool is_ready;
    struct {
        uint8_t len;
        char bytes[4];
    } of[256];
};

const char *csv_encoding_name(enum csv_encoding encoding)
{
    return names[encoding];
}

bool csv_encoding_parse(struct span name, enum csv_encoding *encoding)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        if (!span_is_str(name, names[i]))
            continue;
        *encoding = (enum csv_encoding)i;
        return true;
    }
    return false;
}

/* Bytes wanted behind a lead byte, or -1 (RFC 3629). */
static int tail_len(uint8_t lead)
{
    if (lead < 0x80)
        return 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 1;
    if (lead >= 0xe0 && lead <= 0xef)
        return 2;
    return lead >= 0xf0 && lead <= 0xf4 ? 3 : -1;
}

/* May `next` follow what stands in `sequence`? Refuses overlong forms, surrogates, > U+10FFFF. */
static bool tail_fits(const uint8_t *sequence, int len, uint8_t next)
{
    if (next < 0x80 || next > 0xbf)
        return false;
    if (len > 1)
        return true;
    switch (sequence[0]) {
    case 0xe0:
        return next >= 0xa0;
    case 0xed:
        return next <= 0x9f;
    case 0xf0:
        return next >= 0x90;
    case 0xf4:
        return next <= 0x8f;
    default:
        return true;
    }
}

static void count_utf8(struct csv_text_counts *c, uint8_t byte)
{
    if (c->pending_len_ > 0) {
        if (tail_fits(c->pending_, c->pending_len_, byte)) {
            c->pending_[c->pending_len_++] = byte;
            if (c->pending_len_ > tail_len(c->pending_[0])) {
                ++c->letter_count;
                c->pending_len_ = 0;
            }
            return;
        }
        ++c->broken_count;
        c->pending_len_ = 0;
    }
    int tail = tail_len(byte);
    if (tail < 0)
        ++c->broken_count;
    else if (tail > 0)
        c->pending_[c->pending_len_++] = byte;
}

/* The letters that the two encodings put in different places; 0x80 to 0x9f are controls in
 * ISO-8859-2, which no export has, and quotes, dashes and letters in Windows-1250. */
static void count_eight_bit(struct csv_text_counts *c, uint8_t byte)
{
    switch (byte) {
    case 0xa5: /* Ą */
    case 0xb9: /* ą */
        ++c->windows_count;
        break;
    case 0xa1: /* Ą */
    case 0xb1: /* ą */
    case 0xa6: /* Ś */
    case 0xb6: /* ś */
    case 0xac: /* Ź */
    case 0xbc: /* ź */
        ++c->iso_count;
        break;
    default:
        if (byte >= 0x80 && byte <= 0x9f)
            ++c->windows_count;
    }
}

void csv_text_count(struct csv_text_counts *c, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; ++i) {
        uint8_t byte = (uint8_t)bytes.base[i];
        if (byte < 0x80 && c->pending_len_ == 0)
            continue;
        count_utf8(c, byte);
        if (byte >= 0x80)
            count_eight_bit(c, byte);
    }
}

enum csv_encoding csv_text_judge(const struct csv_text_counts *c)
{
    if (c->broken_count == 0 && c->pending_len_ == 0)
        return CSV_UTF_8;
    if (c->letter_count > 4 * c->broken_count)
        return CSV_UTF_8; /* a broken letter here and there: those rows are reported */
    return c->iso_count > c->windows_count ? CSV_ISO_8859_2 : CSV_WINDOWS_1250;
}

bool utf8_is_valid(struct span text)
{
    struct csv_text_counts c = {0};
    csv_text_count(&c, text);
    return c.broken_count == 0 && c.pending_len_ == 0;
}

static const struct letters *letters_of(enum csv_encoding encoding)
{
    static struct letters all[2];
    struct letters *letters = &all[encoding == CSV_ISO_8859_2];
    if (letters->is_ready)
        return letters;
    iconv_t iconv_to_utf8 =
        iconv_open("UTF-8", encoding == CSV_ISO_8859_2 ? "ISO-8859-2" : "CP1250");
    if (iconv_to_utf8 == (iconv_t)-1)
        abort(); /* glibc without its own conversions: the installation is broken */
    for (int byte = 0; byte < 256; ++byte) {
        char in = (char)byte, *from = &in, *to = letters->of[byte].bytes;
        size_t in_left = 1, out_left = sizeof letters->of[byte].bytes;
        if (iconv(iconv_to_utf8, &from, &in_left, &to, &out_left) == (size_t)-1) {
            iconv(iconv_to_utf8, NULL, NULL, NULL, NULL);
            continue;
        }
        letters->of[byte].len = (uint8_t)(sizeof letters->of[byte].bytes - out_left);
    }
    iconv_close(iconv_to_utf8);
    letters->is_ready = true;
    return letters;
}

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; ++i)
        if ((unsigned char)s.base[i] >= 0x80)
            return false;
    return true;
}

bool csv_text_decode(enum csv_encoding encoding, struct span raw, struct buf *out)
{
    if (is_ascii(raw) || encoding == CSV_UTF_8) {
        if (!utf8_is_valid(raw))
            return false;
        buf_add(out, raw);
        return true;
    }
    const struct letters *letters = letters_of(encoding);
    for (size_t i = 0; i < raw.len; ++i)
        if (letters->of[(uint8_t)raw.base[i]].len == 0)
            return false;
    for (size_t i = 0; i < raw.len; ++i) {
        uint8_t byte = (uint8_t)raw.base[i];
        buf_add(out, span_of(letters->of[byte].bytes, letters->of[byte].len));
    }
    return true;
}

/* Bytes of the well-formed sequence at the start of `s`; 0: there is none. */
static size_t letter_len(struct span s)
{
    int tail = tail_len((uint8_t)s.base[0]);
    if (tail < 0 || s.len <= (size_t)tail)
        return 0;
    for (int i = 1; i <= tail; ++i)
        if (!tail_fits((const uint8_t *)s.base, i, (uint8_t)s.base[i]))
            return 0;
    return (size_t)tail + 1;
}

void csv_text_decode_lossy(enum csv_encoding encoding, struct span raw, struct buf *out)
{
    const struct letters *letters = encoding == CSV_UTF_8 ? NULL : letters_of(encoding);
    while (raw.len > 0) {
        size_t len = encoding == CSV_UTF_8 ? letter_len(raw) : 1;
        struct span letter = span_of(raw.base, len);
        if (encoding != CSV_UTF_8)
            letter = span_of(letters->of[(uint8_t)raw.base[0]].bytes,
                             letters->of[(uint8_t)raw.base[0]].len);
        buf_add(out, letter.len == 0 ? SPAN_LIT("?") : letter);
        raw = span_from(raw, len == 0 ? 1 : len);
    }
}
