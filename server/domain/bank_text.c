#include "domain/bank_text.h"

#include <assert.h>

enum { TABLE_FROM = 0x80, UNKNOWN = 0xfffd };

static const char *const names[BANK_CHARSET_COUNT] = {
    [BANK_CHARSET_AUTO] = "auto",
    [BANK_CHARSET_UTF_8] = "utf-8",
    [BANK_CHARSET_CP852] = "cp852",
    [BANK_CHARSET_WINDOWS_1250] = "windows-1250",
    [BANK_CHARSET_ISO_8859_2] = "iso-8859-2",
};

/* What the bytes from 0x80 on mean, from the sets' registrations. */
static const uint16_t tables[BANK_CHARSET_COUNT][128] = {
    [BANK_CHARSET_CP852] =
        {
            0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x016f, 0x0107, 0x00e7, 0x0142, 0x00eb, 0x0150,
            0x0151, 0x00ee, 0x0179, 0x00c4, 0x0106, 0x00c9, 0x0139, 0x013a, 0x00f4, 0x00f6, 0x013d,
            0x013e, 0x015a, 0x015b, 0x00d6, 0x00dc, 0x0164, 0x0165, 0x0141, 0x00d7, 0x010d, 0x00e1,
            0x00ed, 0x00f3, 0x00fa, 0x0104, 0x0105, 0x017d, 0x017e, 0x0118, 0x0119, 0x00ac, 0x017a,
            0x010c, 0x015f, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2,
            0x011a, 0x015e, 0x2563, 0x2551, 0x2557, 0x255d, 0x017b, 0x017c, 0x2510, 0x2514, 0x2534,
            0x252c, 0x251c, 0x2500, 0x253c, 0x0102, 0x0103, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
            0x2550, 0x256c, 0x00a4, 0x0111, 0x0110, 0x010e, 0x00cb, 0x010f, 0x0147, 0x00cd, 0x00ce,
            0x011b, 0x2518, 0x250c, 0x2588, 0x2584, 0x0162, 0x016e, 0x2580, 0x00d3, 0x00df, 0x00d4,
            0x0143, 0x0144, 0x0148, 0x0160, 0x0161, 0x0154, 0x00da, 0x0155, 0x0170, 0x00fd, 0x00dd,
            0x0163, 0x00b4, 0x00ad, 0x02dd, 0x02db, 0x02c7, 0x02d8, 0x00a7, 0x00f7, 0x00b8, 0x00b0,
            0x00a8, 0x02d9, 0x0171, 0x0158, 0x0159, 0x25a0, 0x00a0,
        },
    [BANK_CHARSET_WINDOWS_1250] =
        {
            0x20ac, 0xfffd, 0x201a, 0xfffd, 0x201e, 0x2026, 0x2020, 0x2021, 0xfffd, 0x2030, 0x0160,
            0x2039, 0x015a, 0x0164, 0x017d, 0x0179, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
            0x2013, 0x2014, 0xfffd, 0x2122, 0x0161, 0x203a, 0x015b, 0x0165, 0x017e, 0x017a, 0x00a0,
            0x02c7, 0x02d8, 0x0141, 0x00a4, 0x0104, 0x00a6, 0x00a7, 0x00a8, 0x00a9, 0x015e, 0x00ab,
            0x00ac, 0x00ad, 0x00ae, 0x017b, 0x00b0, 0x00b1, 0x02db, 0x0142, 0x00b4, 0x00b5, 0x00b6,
            0x00b7, 0x00b8, 0x0105, 0x015f, 0x00bb, 0x013d, 0x02dd, 0x013e, 0x017c, 0x0154, 0x00c1,
            0x00c2, 0x0102, 0x00c4, 0x0139, 0x0106, 0x00c7, 0x010c, 0x00c9, 0x0118, 0x00cb, 0x011a,
            0x00cd, 0x00ce, 0x010e, 0x0110, 0x0143, 0x0147, 0x00d3, 0x00d4, 0x0150, 0x00d6, 0x00d7,
            0x0158, 0x016e, 0x00da, 0x0170, 0x00dc, 0x00dd, 0x0162, 0x00df, 0x0155, 0x00e1, 0x00e2,
            0x0103, 0x00e4, 0x013a, 0x0107, 0x00e7, 0x010d, 0x00e9, 0x0119, 0x00eb, 0x011b, 0x00ed,
            0x00ee, 0x010f, 0x0111, 0x0144, 0x0148, 0x00f3, 0x00f4, 0x0151, 0x00f6, 0x00f7, 0x0159,
            0x016f, 0x00fa, 0x0171, 0x00fc, 0x00fd, 0x0163, 0x02d9,
        },
    [BANK_CHARSET_ISO_8859_2] =
        {
            0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd,
            0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd,
            0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0xfffd, 0x00a0,
            0x0104, 0x02d8, 0x0141, 0x00a4, 0x013d, 0x015a, 0x00a7, 0x00a8, 0x0160, 0x015e, 0x0164,
            0x0179, 0x00ad, 0x017d, 0x017b, 0x00b0, 0x0105, 0x02db, 0x0142, 0x00b4, 0x013e, 0x015b,
            0x02c7, 0x00b8, 0x0161, 0x015f, 0x0165, 0x017a, 0x02dd, 0x017e, 0x017c, 0x0154, 0x00c1,
            0x00c2, 0x0102, 0x00c4, 0x0139, 0x0106, 0x00c7, 0x010c, 0x00c9, 0x0118, 0x00cb, 0x011a,
            0x00cd, 0x00ce, 0x010e, 0x0110, 0x0143, 0x0147, 0x00d3, 0x00d4, 0x0150, 0x00d6, 0x00d7,
            0x0158, 0x016e, 0x00da, 0x0170, 0x00dc, 0x00dd, 0x0162, 0x00df, 0x0155, 0x00e1, 0x00e2,
            0x0103, 0x00e4, 0x013a, 0x0107, 0x00e7, 0x010d, 0x00e9, 0x0119, 0x00eb, 0x011b, 0x00ed,
            0x00ee, 0x010f, 0x0111, 0x0144, 0x0148, 0x00f3, 0x00f4, 0x0151, 0x00f6, 0x00f7, 0x0159,
            0x016f, 0x00fa, 0x0171, 0x00fc, 0x00fd, 0x0163, 0x02d9,
        },
};

/* U+00C0 to U+017F as capitals without marks. */
static const char folded[] = "AAAAAAACEEEEIIIIDNOOOOO OUUUUYTSAAAAAAACEEEEIIIIDNOOOOO OUUUUYTY"
                             "AAAAAACCCCCCCCDDDDEEEEEEEEEEGGGGGGGGHHHHIIIIIIIIIIIIJJKKKLLLLLLL"
                             "LLLNNNNNNNNNOOOOOOOORRRRRRSSSSSSSSTTTTTTUUUUUUUUUUUUWWYYYZZZZZZS";

const char *bank_charset_name(enum bank_charset charset)
{
    assert(charset < BANK_CHARSET_COUNT);
    return names[charset];
}

bool bank_charset_read(struct span word, enum bank_charset *charset)
{
    for (int i = 0; i < BANK_CHARSET_COUNT; ++i) {
        *charset = (enum bank_charset)i;
        if (span_is_str(word, names[i]))
            return true;
    }
    return false;
}

/* ---- letters of UTF-8 ---- */

/* The first letter's number and length; length 0 when the bytes are no UTF-8. */
static uint32_t letter_at(struct span s, size_t *len)
{
    unsigned char lead = (unsigned char)s.base[0];
    *len = lead < 0x80   ? 1
           : lead < 0xc2 ? 0
           : lead < 0xe0 ? 2
           : lead < 0xf0 ? 3
           : lead < 0xf5 ? 4
                         : 0;
    if (*len == 1)
        return lead;
    if (*len == 0 || *len > s.len) {
        *len = 0;
        return UNKNOWN;
    }
    uint32_t letter = lead & (0xffu >> (*len + 1));
    for (size_t i = 1; i < *len; ++i) {
        if (((unsigned char)s.base[i] & 0xc0) != 0x80) {
            *len = 0;
            return UNKNOWN;
        }
        letter = letter << 6 | ((unsigned char)s.base[i] & 0x3f);
    }
    bool is_overlong = (*len == 3 && letter < 0x800) || (*len == 4 && letter < 0x10000);
    if (is_overlong || letter > 0x10ffff || (letter >= 0xd800 && letter < 0xe000))
        *len = 0;
    return *len == 0 ? UNKNOWN : letter;
}

static void add_letter(uint32_t letter, struct buf *out)
{
    bool is_control =
        (letter < 0x20 && letter != '\r' && letter != '\n') || (letter >= 0x7f && letter < 0xa0);
    if (is_control)
        letter = UNKNOWN;
    if (letter < 0x80) {
        buf_add_char(out, (char)letter);
    } else if (letter < 0x800) {
        buf_add_char(out, (char)(0xc0 | letter >> 6));
        buf_add_char(out, (char)(0x80 | (letter & 0x3f)));
    } else {
        buf_add_char(out, (char)(0xe0 | letter >> 12));
        buf_add_char(out, (char)(0x80 | (letter >> 6 & 0x3f)));
        buf_add_char(out, (char)(0x80 | (letter & 0x3f)));
    }
}

/* ---- which set ---- */

static bool is_polish(uint32_t letter)
{
    static const uint16_t letters[] = {0x104, 0x105, 0x106, 0x107, 0x118, 0x119,
                                       0x141, 0x142, 0x143, 0x144, 0xd3,  0xf3,
                                       0x15a, 0x15b, 0x179, 0x17a, 0x17b, 0x17c};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); ++i)
        if (letters[i] == letter)
            return true;
    return false;
}

static bool is_utf8(struct span file)
{
    size_t len;
    for (; file.len > 0; file = span_from(file, len)) {
        uint32_t letter = letter_at(file, &len);
        bool is_usual = letter < 0x80 || (letter >= 0xa0 && letter <= 0xff) || is_polish(letter) ||
                        (letter >= 0x2010 && letter <= 0x20ac) || letter == 0xfeff;
        if (len == 0 || !is_usual)
            return false;
    }
    return true;
}

/* A5 and 8F are Polish letters in two sets, and another one in each. */
static int polish_count(struct span file, enum bank_charset charset)
{
    int count = 0;
    for (size_t i = 0; i < file.len; ++i) {
        unsigned char byte = (unsigned char)file.base[i];
        if (byte >= TABLE_FROM && byte != 0xa5 && byte != 0x8f)
            count += is_polish(tables[charset][byte - TABLE_FROM]) ? 1 : 0;
    }
    return count;
}

enum bank_charset bank_charset_guess(struct span file)
{
    if (is_utf8(file))
        return BANK_CHARSET_UTF_8;
    enum bank_charset best = BANK_CHARSET_CP852;
    int best_count = polish_count(file, best);
    for (int i = BANK_CHARSET_WINDOWS_1250; i < BANK_CHARSET_COUNT; ++i) {
        int count = polish_count(file, (enum bank_charset)i);
        if (count > best_count) {
            best = (enum bank_charset)i;
            best_count = count;
        }
    }
    return best;
}

void bank_text_decode(enum bank_charset charset, struct span text, struct buf *out)
{
    assert(charset > BANK_CHARSET_AUTO && charset < BANK_CHARSET_COUNT);
    while (text.len > 0) {
        unsigned char byte = (unsigned char)text.base[0];
        size_t len = 1;
        uint32_t letter = byte;
        if (byte >= TABLE_FROM && charset == BANK_CHARSET_UTF_8)
            letter = letter_at(text, &len);
        else if (byte >= TABLE_FROM)
            letter = tables[charset][byte - TABLE_FROM];
        if (len == 4) /* none that a bank's own sets have */
            letter = UNKNOWN;
        add_letter(letter, out);
        text = span_from(text, len == 0 ? 1 : len);
    }
}

/* ---- comparing ---- */

char bank_text_next(struct span *text)
{
    size_t len;
    uint32_t letter = letter_at(*text, &len);
    *text = span_from(*text, len == 0 ? 1 : len);
    if (letter >= 'a' && letter <= 'z')
        return (char)(letter - 'a' + 'A');
    if ((letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9'))
        return (char)letter;
    if (letter >= 0xc0 && letter < 0x180 && folded[letter - 0xc0] != ' ')
        return folded[letter - 0xc0];
    return 0;
}

void bank_text_bare(struct span text, struct buf *out)
{
    while (text.len > 0) {
        char c = bank_text_next(&text);
        if (c != 0)
            buf_add_char(out, c);
    }
}
