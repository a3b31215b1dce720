#include "domain/message_field.h"

#include <assert.h>

const struct message_field message_fields[] = {
    {"sms", MESSAGE_CHANNEL, false, "only in an SMS"},
    {"push", MESSAGE_CHANNEL, false, "only in a push; its first line is the title"},
    {"email", MESSAGE_CHANNEL, false, "only in an e-mail; its first line is the subject"},
    {"voice", MESSAGE_CHANNEL, false, "only in what is spoken"},
    {"call", MESSAGE_CHANNEL, false, "only for the person who calls"},
    {"handover", MESSAGE_CHANNEL, false, "only in the hand-over file"},
    {"name", MESSAGE_TEXT, true, "the customer's whole name"},
    {"first_name", MESSAGE_TEXT, true, "the given name, where the customer is a person"},
    {"creditor", MESSAGE_TEXT, false, "who is owed"},
    {"website", MESSAGE_TEXT, true, "the creditor's own address, to check that it is them"},
    {"phone", MESSAGE_TEXT, true, "where to ask"},
    {"number", MESSAGE_TEXT, false, "of the invoice or instalment"},
    {"product", MESSAGE_TEXT, true, "what it is for"},
    {"amount", MESSAGE_TEXT, false, "what is left to pay, with its currency"},
    {"date", MESSAGE_TEXT, false, "the due date"},
    {"days_late", MESSAGE_TEXT, true, "\"14 days\"; empty before the due date and on it"},
    {"account", MESSAGE_TEXT, true, "for an ordinary transfer, in groups of four"},
    {"title", MESSAGE_TEXT, false, "what to write in an ordinary transfer"},
    {"link", MESSAGE_TEXT, true, "the page of the debt; empty in a thank-you without one"},
    {"match_code", MESSAGE_TEXT, true, "stands on that page too: page and message belong together"},
    {"unsubscribe", MESSAGE_TEXT, true, "where such e-mails can be refused"},
    {"instalments", MESSAGE_LIST, true,
     "the plan's parts to come, or a proposal: amount and date of each"},
    {"instalment_count", MESSAGE_TEXT, true, "how many parts these are"},
    {"part_no", MESSAGE_TEXT, true, "of an agreed plan: which part it is about"},
    {"part_count", MESSAGE_TEXT, true, "of an agreed plan: how many parts there are"},
    {"parts_left", MESSAGE_TEXT, true, "of an agreed plan: how many are not paid"},
    {"plan_left", MESSAGE_TEXT, true, "of an agreed plan: what is left of all its parts"},
    {"offer_until", MESSAGE_TEXT, true, "of an open offer: its last day"},
    {"offer_first", MESSAGE_TEXT, true, "of an open offer: the first part"},
    {"offer_first_date", MESSAGE_TEXT, true, "of an open offer: when that is due"},
    {"offer_total", MESSAGE_TEXT, true, "of an open offer: all that is to be paid"},
    {"pay_by", MESSAGE_TEXT, false, "of a demand that goes out today: the last day to pay"},
    {"request_by", MESSAGE_TEXT, false, "… and to ask for restructuring"},
    {"debts", MESSAGE_LIST, false, "all the message is about: number, product, amount, date, link"},
    {"debt_count", MESSAGE_TEXT, false, "how many debts it is about"},
    {"total", MESSAGE_TEXT, false, "all of them together"},
    {NULL, 0, false, NULL},
};

static const struct message_field row_field = {"row", MESSAGE_TEXT, true,
                                               "row.<column>: a column of a campaign's own file"};

const struct message_field *message_field_find(struct span name)
{
    if (span_starts(name, SPAN_LIT("row.")) && name.len > 4)
        return &row_field;
    for (const struct message_field *field = message_fields; field->name != NULL; ++field)
        if (span_is_str(name, field->name))
            return field;
    return NULL;
}

static const char *const channels[MESSAGE_CHANNEL_COUNT] = {"sms",   "push", "email",
                                                            "voice", "call", "handover"};
static const char *const tones[MESSAGE_TONE_COUNT] = {"neutral", "friendly", "firm", "final"};

static int find_word(const char *const *words, int count, struct span word)
{
    for (int i = 0; i < count; ++i)
        if (span_is_str(word, words[i]))
            return i;
    return -1;
}

const char *message_channel_name(enum message_channel channel)
{
    assert(channel < MESSAGE_CHANNEL_COUNT);
    return channels[channel];
}

bool message_channel_find(struct span name, enum message_channel *channel)
{
    int found = find_word(channels, MESSAGE_CHANNEL_COUNT, name);
    if (found >= 0)
        *channel = (enum message_channel)found;
    return found >= 0;
}

const char *message_tone_name(enum message_tone tone)
{
    assert(tone < MESSAGE_TONE_COUNT);
    return tones[tone];
}

bool message_tone_find(struct span name, enum message_tone *tone)
{
    int found = find_word(tones, MESSAGE_TONE_COUNT, name);
    if (found >= 0)
        *tone = (enum message_tone)found;
    return found >= 0;
}

bool message_name_is_fine(struct span name)
{
    if (name.len == 0 || name.len > MESSAGE_NAME_MAX || name.base[0] < 'a' || name.base[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; ++i) {
        char c = name.base[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return true;
}

bool message_is_refusable(struct span template)
{
    static const char *const names[] = {"issue",         "before", "before_2", "before_leasing",
                                        "due",           "thanks", "details",  "instalment_before",
                                        "instalment_due"};
    return find_word(names, sizeof(names) / sizeof(names[0]), template) >= 0;
}

bool message_needs_link(struct span template)
{
    static const char *const without[] = {"neutral", "neutral_thanks", "thanks", "call",
                                          "handover"};
    return find_word(without, sizeof(without) / sizeof(without[0]), template) < 0;
}

/* ---- given names ---- */

static bool is_letter(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

/* Letters, with hyphens and apostrophes inside; not all capitals, as what a firm is often called.
 */
static bool is_name_word(struct span word)
{
    bool has_small = false;
    if (word.len < 2 || !is_letter((unsigned char)word.base[0]))
        return false;
    for (size_t i = 0; i < word.len; ++i) {
        unsigned char c = (unsigned char)word.base[i];
        if (!is_letter(c) && c != '-' && c != '\'')
            return false;
        has_small = has_small || c >= 'a';
    }
    return has_small;
}

static bool is_firm_word(struct span word)
{
    static const char *const words[] = {
        "Spółka", "spółka", "Fundacja",  "Stowarzyszenie", "Firma", "Bank",   "Zakład",
        "Sklep",  "Usługi", "Wspólnota", "Urząd",          "Ltd",   "Gmina",  "Biuro",
        "GmbH",   "Polska", "Poland",    "Leasing",        "Group", "Szkoła", "Przedsiębiorstwo"};
    return find_word(words, sizeof(words) / sizeof(words[0]), word) >= 0;
}

struct span message_first_name(struct span name)
{
    struct span first = {NULL, 0}, rest = name;
    int count = 0;
    while (rest.len > 0) {
        const char *blank = memchr(rest.base, ' ', rest.len);
        size_t len = blank == NULL ? rest.len : (size_t)(blank - rest.base);
        struct span word = span_of(rest.base, len);
        rest = span_from(rest, len + (blank != NULL));
        if (len == 0)
            continue;
        if (!is_name_word(word) || is_firm_word(word))
            return (struct span){NULL, 0};
        if (count++ == 0)
            first = word;
    }
    return count == 2 || count == 3 ? first : (struct span){NULL, 0};
}
