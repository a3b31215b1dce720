#include "domain/forbidden_phrase.h"

#include "base/buf.h"

#include <stdlib.h>

enum { GAP_MAX = 40 };

/* Small letters, Polish ones written plainly. */
const struct forbidden_phrase forbidden_phrases[] = {
    {"komornik", "a threat of enforcement"},
    {"egzekucj* komornic", "a threat of enforcement"},
    {"windyka*do domu", "a threat of visits"},
    {"windyka*w miejscu zamieszkania", "a threat of visits"},
    {"odwiedzi*w domu", "a threat of visits"},
    {"wizyt* windykator", "a threat of visits"},
    {"wizyt* terenow", "a threat of visits"},
    {"wpis* do rejestru dluznik", "a threat of being listed"},
    {"wpis* do krd", "a threat of being listed"},
    {"wpis* do big", "a threat of being listed"},
    {"wpisz*do rejestru", "a threat of being listed"},
    {"lista dluznikow", "a threat of being listed"},
    {"sprawa karna", "a threat of prosecution"},
    {"prokurat", "a threat of prosecution"},
    {"wylud", "an accusation"},
    {"oszust", "an accusation"},
    {"zajeci* wynagrodzenia", "a threat of seizure"},
    {"zajmiemy", "a threat of seizure"},
    {"powiadomi*pracodawc", "contact with third parties"},
    {"poinformuj*pracodawc", "contact with third parties"},
    {"powiadomi*rodzin", "contact with third parties"},
    {"poinformuj*sasiad", "contact with third parties"},
    {"ostateczne ostrzezenie", "scare wording"},
    {"natychmiast*pod rygorem", "scare wording"},
    {"poniesiesz konsekwencje", "scare wording"},
    {"promocj", "an offer to buy"},
    {"nowa oferta", "an offer to buy"},
    {"skorzystaj z pozyczki", "an offer to buy"},
    {"bailiff", "a threat of enforcement"},
    {"debt collector*your home", "a threat of visits"},
    {"visit*at your home", "a threat of visits"},
    {"debtor* register", "a threat of being listed"},
    {"blacklist", "a threat of being listed"},
    {"criminal", "a threat of prosecution"},
    {"prosecut", "a threat of prosecution"},
    {"fraud", "an accusation"},
    {"seize*wages", "a threat of seizure"},
    {"your employer", "contact with third parties"},
    {"final warning", "scare wording"},
    {"special offer", "an offer to buy"},
    {"new loan", "an offer to buy"},
    {"колектор", "a threat of visits"},
    {"виконавч", "a threat of enforcement"},
    {"реєстр* боржник", "a threat of being listed"},
    {"кримінальн", "a threat of prosecution"},
    {"прокуратур", "a threat of prosecution"},
    {"шахра", "an accusation"},
    {"роботодавц", "contact with third parties"},
    {"останнє попередження", "scare wording"},
    {"акційн", "an offer to buy"},
    {NULL, NULL},
};

/* The text in small letters, Polish ones plain, and where each byte of it came from. */
struct folded {
    struct buf text;
    size_t *from;
};

/* "ąa": a letter of two bytes and what it is written as. */
static const char polish[] = "ąaćcęełlńnóośsźzżzĄaĆcĘeŁlŃnÓoŚsŹzŻz";

static char plain_of(const char pair[2])
{
    for (const char *p = polish; *p != '\0'; p += 3)
        if (memcmp(p, pair, 2) == 0)
            return p[2];
    return 0;
}

static void add_pair(struct buf *out, const char pair[2])
{
    unsigned c = ((unsigned char)pair[0] & 0x1fu) << 6 | ((unsigned char)pair[1] & 0x3fu);
    char plain = plain_of(pair);
    if (c >= 0x410 && c <= 0x42f) /* А to Я */
        c += 0x20;
    else if (c >= 0x400 && c <= 0x40f) /* Є, І, Ї … */
        c += 0x50;
    char small[2] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
    buf_add(out, plain != 0 ? span_of(&plain, 1) : span_of(small, 2));
}

static void add_byte(struct buf *out, char c)
{
    bool is_blank = c == '\n' || c == '\r' || c == '\t';
    buf_add_char(out, is_blank ? ' ' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
}

static void fold(struct folded *folded, struct span text)
{
    buf_init(&folded->text, text.len + 1);
    folded->from = malloc((text.len + 1) * sizeof(folded->from[0]));
    if (folded->from == NULL)
        abort();
    for (size_t i = 0; i < text.len;) {
        unsigned char c = (unsigned char)text.base[i];
        bool is_pair = c >= 0xc2 && c < 0xe0 && i + 1 < text.len;
        size_t before = buf_span(&folded->text).len;
        if (is_pair)
            add_pair(&folded->text, text.base + i);
        else
            add_byte(&folded->text, text.base[i]);
        for (size_t at = before; at < buf_span(&folded->text).len; ++at)
            folded->from[at] = i;
        i += is_pair ? 2 : 1;
    }
}

static bool matches(struct span text, const char *pattern)
{
    for (; *pattern != '\0' && *pattern != '*'; ++pattern, text = span_from(text, 1))
        if (text.len == 0 || text.base[0] != *pattern)
            return false;
    if (*pattern == '\0')
        return true;
    for (int gap = 0; gap <= GAP_MAX; ++gap, text = span_from(text, 1)) {
        if (matches(text, pattern + 1))
            return true;
        if (text.len == 0 || memchr(".!?", text.base[0], 3) != NULL)
            return false;
    }
    return false;
}

static const struct forbidden_phrase *phrase_of(struct span text)
{
    for (const struct forbidden_phrase *p = forbidden_phrases; p->pattern != NULL; ++p)
        if (matches(text, p->pattern))
            return p;
    return NULL;
}

static bool is_of_a_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

bool forbidden_phrase_find(struct span text, size_t from, struct forbidden_find *found)
{
    struct folded folded;
    fold(&folded, text);
    struct span all = buf_span(&folded.text);
    *found = (struct forbidden_find){.phrase = NULL};
    for (size_t at = 0; at < all.len && found->phrase == NULL; ++at) {
        if (folded.from[at] < from || (at > 0 && is_of_a_word(all.base[at - 1])))
            continue;
        found->phrase = phrase_of(span_from(all, at));
        found->at = folded.from[at];
    }
    free(folded.from);
    buf_release(&folded.text);
    return found->phrase != NULL;
}
