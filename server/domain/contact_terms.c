#include "domain/contact_terms.h"

#include <assert.h>
#include <stdio.h>

static const char *const names[CONTACT_CHANNEL_COUNT + 1] = {
    [CONTACT_PUSH] = "push",   [CONTACT_SMS] = "sms",   [CONTACT_EMAIL] = "email",
    [CONTACT_VOICE] = "voice", [CONTACT_CALL] = "call", [CONTACT_NONE] = "",
};

const char *contact_channel_name(enum contact_channel channel)
{
    assert(channel >= CONTACT_PUSH && channel <= CONTACT_NONE);
    return names[channel];
}

enum contact_channel contact_channel_find(struct span name)
{
    int channel = CONTACT_PUSH;
    while (channel < CONTACT_NONE && !span_is_str(name, names[channel]))
        ++channel;
    return (enum contact_channel)channel;
}

static uint8_t bit(int channel)
{
    return (uint8_t)(channel < CONTACT_CHANNEL_COUNT ? 1u << channel : 0);
}

static uint8_t without(uint8_t set, uint8_t others)
{
    return (uint8_t)(set & ~(unsigned)others);
}

/* ---- what a file says ---- */

bool contact_said_anything(const struct contact_said *said)
{
    return said->preferred != CONTACT_NONE || (said->yes | said->no) != 0;
}

bool contact_said_contradicts(const struct contact_said *said, const struct contact_said *other,
                              enum contact_channel *column)
{
    uint8_t both = (uint8_t)((said->yes & other->no) | (said->no & other->yes));
    for (int channel = CONTACT_PUSH; channel < CONTACT_CHANNEL_COUNT; ++channel)
        if (both & bit(channel)) {
            *column = (enum contact_channel)channel;
            return true;
        }
    *column = CONTACT_NONE;
    return said->preferred != CONTACT_NONE && other->preferred != CONTACT_NONE &&
           said->preferred != other->preferred;
}

struct contact_said contact_said_and(const struct contact_said *said,
                                     const struct contact_said *other)
{
    return (struct contact_said){.preferred = said->preferred != CONTACT_NONE ? said->preferred
                                                                              : other->preferred,
                                 .yes = said->yes | other->yes,
                                 .no = said->no | other->no};
}

/* Three bits for the preferred channel, from 1 on, then five and five. */
uint16_t contact_said_word(const struct contact_said *said)
{
    unsigned preferred = said->preferred == CONTACT_NONE ? 0 : (unsigned)said->preferred + 1;
    return (uint16_t)(preferred | (unsigned)said->yes << 3 | (unsigned)said->no << 8);
}

struct contact_said contact_said_of(uint16_t word)
{
    unsigned preferred = word & 7u;
    return (struct contact_said){
        .preferred = preferred == 0 ? CONTACT_NONE : (enum contact_channel)(preferred - 1),
        .yes = (uint8_t)(word >> 3 & 31u),
        .no = (uint8_t)(word >> 8 & 31u)};
}

/* ---- what becomes of it ---- */

struct contact_terms contact_terms_told(const struct contact_terms *terms,
                                        const struct contact_said *said)
{
    struct contact_terms told = *terms;
    uint8_t closed_by_others = without(terms->opted_out, terms->by_file);
    uint8_t opened = without(said->yes, closed_by_others);
    uint8_t closed = without(said->no, terms->opted_out);
    told.opted_out = without(terms->opted_out, opened) | closed;
    told.by_file = without(terms->by_file, opened) | closed;
    told.consented = without(terms->consented, said->no) | opened;
    if (said->preferred != CONTACT_NONE)
        told.preferred = said->preferred;
    return told;
}

bool contact_terms_equal(const struct contact_terms *terms, const struct contact_terms *other)
{
    return terms->preferred == other->preferred && terms->opted_out == other->opted_out &&
           terms->consented == other->consented && terms->by_file == other->by_file;
}

/* ---- as text ---- */

size_t contact_set_print(uint8_t set, char out[CONTACT_SET_TEXT_LEN])
{
    size_t len = 0;
    out[0] = '\0';
    for (int channel = CONTACT_PUSH; channel < CONTACT_CHANNEL_COUNT; ++channel)
        if (set & bit(channel))
            len += (size_t)snprintf(out + len, CONTACT_SET_TEXT_LEN - len, "%s%s",
                                    len == 0 ? "" : " ", names[channel]);
    return len;
}

/* Cuts the next word off. */
static struct span next_word(struct span *text)
{
    size_t len = 0;
    while (len < text->len && text->base[len] != ' ')
        ++len;
    struct span word = span_of(text->base, len);
    *text = span_from(*text, len < text->len ? len + 1 : len);
    return word;
}

uint8_t contact_set_read(struct span text)
{
    uint8_t set = 0;
    while (text.len > 0)
        set |= bit(contact_channel_find(next_word(&text)));
    return set;
}
