#include "domain/sms_text.h"

#include <assert.h>

/* 3GPP TS 23.038, table 6.2.1, what is not ASCII or stands elsewhere than there: in any order, as
 * nobody asks here for the septets themselves. */
static const char gsm_beyond_ascii[] = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
/* Table 6.2.1.1: behind an escape, so two septets each. */
static const char gsm_extension[] = "\f^{}\\[~]|€";

/* Base letter and composed letter by turns: Unicode's canonical compositions of Latin-1, Latin
 * Extended-A, the Romanian comma letters and Cyrillic. */
static const struct {
    uint32_t mark;
    const char *pairs;
} compositions[] = {
    {0x300, "AÀEÈIÌOÒUÙaàeèiìoòuùЕЀИЍеѐиѝ"},                             /* grave */
    {0x301, "AÁCĆEÉIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeéiílĺnńoórŕsśuúyýzźГЃКЌгѓкќ"}, /* acute */
    {0x302, "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ"},         /* circumflex */
    {0x303, "AÃIĨNÑOÕUŨaãiĩnñoõuũ"},                                     /* tilde */
    {0x304, "AĀEĒIĪOŌUŪaāeēiīoōuū"},                                     /* macron */
    {0x306, "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭИЙУЎийуў"},                         /* breve */
    {0x307, "CĊEĖGĠIİZŻcċeėgġzż"},                                       /* dot above */
    {0x308, "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿІЇЕЁеёії"},                         /* diaeresis */
    {0x30a, "AÅUŮaåuů"},                                                 /* ring */
    {0x30b, "OŐUŰoőuű"},                                                 /* double acute */
    {0x30c, "CČDĎEĚLĽNŇRŘSŠTŤZŽcčdďeělľnňrřsštťzž"},                     /* caron */
    {0x326, "SȘTȚsștț"},                                                 /* comma below */
    {0x327, "CÇGĢKĶLĻNŅRŖSŞTŢcçgģkķlļnņrŗsştţ"},                         /* cedilla */
    {0x328, "AĄEĘIĮUŲaąeęiįuų"},                                         /* ogonek */
};

/* What has a plain way of being written and is no base letter with a mark. */
static const struct {
    const char *characters, *plain;
} plain_forms[] = {
    {"Łł", "Ll"},
    {"ĐđÐð", "DdDd"},
    {"Ħħ", "Hh"},
    {"ıĸ", "ik"},
    {"Ŀŀ", "Ll"},
    {"Ŋŋ", "Nn"},
    {"Ŧŧ", "Tt"},
    {"ſ", "s"},
    {"„”“«»", "\"\"\"\"\""},
    {"‚’‘ʼ`´", "''''''"},
    {"–—−‐‑", "-----"},
    {"•×", "-x"},
    {"\t\u00a0\u2002\u2003\u2007\u2009\u202f", "       "},
};
static const struct {
    const char *character, *plain;
} long_forms[] = {
    {"…", "..."}, {"Œ", "OE"}, {"œ", "oe"}, {"Þ", "Th"},    {"þ", "th"},    {"Ĳ", "IJ"},
    {"ĳ", "ij"},  {"ŉ", "'n"}, {"№", "No"}, {"\u200b", ""}, {"\ufeff", ""}, {"\u00ad", ""},
};

enum { REPLACEMENT = 0xfffd, NOTHING = 0 };

/* ---- characters ---- */

static size_t sequence_len(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
           : first < 0xf5 ? 4
                          : 0;
}

/* Takes one character off the front; a byte that begins none is U+FFFD. */
static uint32_t take(struct span *text)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text->base[0];
    size_t len = sequence_len(first);
    uint32_t c = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; ++i) {
        if (i >= text->len || (text->base[i] & 0xc0) != 0x80) {
            len = 0;
            break;
        }
        c = c << 6 | (text->base[i] & 0x3f);
    }
    if (len == 0 || c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
        *text = span_from(*text, 1);
        return REPLACEMENT;
    }
    *text = span_from(*text, len);
    return c;
}

static void put(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(marks[len] | c);
    buf_add(out, span_of(bytes, len));
}

/* Which character of the set it is, from 0 on; -1 when none. */
static int place_in(const char *set, uint32_t c)
{
    struct span rest = span_str(set);
    for (int place = 0; rest.len > 0; ++place)
        if (take(&rest) == c)
            return place;
    return -1;
}

/* ---- measuring ---- */

int sms_text_septets(uint32_t c)
{
    if (c == '\n' || c == '\r' || (c >= ' ' && c < 0x7f && c != '`'))
        return place_in(gsm_extension, c) >= 0 ? 2 : 1;
    if (c < 0x7f)
        return c == '\f' ? 2 : 0;
    if (place_in(gsm_beyond_ascii, c) >= 0)
        return 1;
    return c == 0x20ac ? 2 : 0;
}

static int units_of(uint32_t c, enum sms_alphabet alphabet)
{
    if (alphabet == SMS_UCS2)
        return c > 0xffff ? 2 : 1;
    return sms_text_septets(c);
}

static void find_alphabet(struct span text, struct sms_measure *m)
{
    m->alphabet = SMS_GSM;
    for (struct span rest = text; rest.len > 0;) {
        size_t at = text.len - rest.len;
        uint32_t c = take(&rest);
        if (sms_text_septets(c) > 0)
            continue;
        m->alphabet = SMS_UCS2;
        m->culprit = c;
        m->culprit_at = at;
        return;
    }
}

struct sms_measure sms_text_measure(struct span text)
{
    struct sms_measure m = {0};
    find_alphabet(text, &m);
    int alone = m.alphabet == SMS_GSM ? SMS_GSM_ALONE : SMS_UCS2_ALONE;
    int joined = m.alphabet == SMS_GSM ? SMS_GSM_JOINED : SMS_UCS2_JOINED;
    int used = 0; /* of the last part, if it is one of several */
    for (struct span rest = text; rest.len > 0;) {
        int units = units_of(take(&rest), m.alphabet);
        m.units += units;
        if (m.parts == 0 || used + units > joined) {
            ++m.parts;
            used = 0;
        }
        used += units;
    }
    if (m.units > 0 && m.units <= alone) {
        m.parts = 1;
        used = m.units;
    }
    m.left = (m.parts > 1 ? joined : alone) - used;
    return m;
}

int64_t sms_text_price(struct sms_measure m, int64_t part_price_micro)
{
    assert(part_price_micro >= 0 && part_price_micro < INT64_C(1000000000000));
    return m.parts * part_price_micro;
}

/* ---- writing plainly ---- */

static uint32_t compose(uint32_t base, uint32_t mark)
{
    for (size_t i = 0; i < sizeof(compositions) / sizeof(compositions[0]); ++i) {
        if (compositions[i].mark != mark)
            continue;
        for (struct span rest = span_str(compositions[i].pairs); rest.len > 0;) {
            uint32_t letter = take(&rest), composed = take(&rest);
            if (letter == base)
                return composed;
        }
    }
    return NOTHING;
}

/* The Latin letter under the mark. */
static uint32_t base_of(uint32_t c)
{
    for (size_t i = 0; i < sizeof(compositions) / sizeof(compositions[0]); ++i)
        for (struct span rest = span_str(compositions[i].pairs); rest.len > 0;) {
            uint32_t letter = take(&rest), composed = take(&rest);
            if (composed == c)
                return letter < 0x80 ? letter : NOTHING;
        }
    return NOTHING;
}

static bool put_short_form(struct buf *out, uint32_t c)
{
    for (size_t i = 0; i < sizeof(plain_forms) / sizeof(plain_forms[0]); ++i) {
        int place = place_in(plain_forms[i].characters, c);
        if (place >= 0) {
            buf_add_char(out, plain_forms[i].plain[place]);
            return true;
        }
    }
    return false;
}

static bool put_long_form(struct buf *out, uint32_t c)
{
    for (size_t i = 0; i < sizeof(long_forms) / sizeof(long_forms[0]); ++i)
        if (place_in(long_forms[i].character, c) == 0) {
            buf_add_str(out, long_forms[i].plain);
            return true;
        }
    return false;
}

static void put_plain(struct buf *out, uint32_t c)
{
    if (sms_text_septets(c) > 0) {
        put(out, c);
        return;
    }
    uint32_t base = base_of(c);
    if (base != NOTHING)
        put(out, base);
    else if (c >= 0x300 && c <= 0x36f)
        return; /* a mark that composes with nothing */
    else if (!put_short_form(out, c) && !put_long_form(out, c))
        put(out, c);
}

void sms_text_plain(struct buf *out, struct span text)
{
    while (text.len > 0) {
        uint32_t c = take(&text);
        while (text.len > 0) {
            struct span behind = text;
            uint32_t composed = compose(c, take(&behind));
            if (composed == NOTHING)
                break;
            c = composed;
            text = behind;
        }
        put_plain(out, c);
    }
}
