#include "flow/template_check.h"

#include "domain/forbidden_phrase.h"
#include "domain/mustache.h"
#include "domain/sms_text.h"
#include "flow/message_sample.h"
#include "flow/message_text.h"
#include "flow/message_texts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { PARTS_MAX = 3, COLUMNS_MAX = 64, NAME_SHOWN_MAX = 60 };

struct check {
    const struct template_draft *draft;
    struct template_report *report;
    struct mustache *template;
    int section_lines[MESSAGE_CHANNEL_COUNT]; /* where the text for a channel begins, or 1 */
    int link_lines[MESSAGE_CHANNEL_COUNT];    /* of the last {{link}} that is for it, or 0 */
    struct message_column columns[COLUMNS_MAX];
    size_t column_count;
};

__attribute__((format(printf, 4, 5))) static void add(struct check *c, int line, bool is_warning,
                                                      const char *format, ...)
{
    struct template_report *report = c->report;
    report->is_refused = report->is_refused || !is_warning;
    if (report->count == TEMPLATE_MISTAKES_MAX)
        return;
    struct template_mistake *mistake = &report->mistakes[report->count++];
    *mistake = (struct template_mistake){.line = line, .is_warning = is_warning};
    va_list args;
    va_start(args, format);
    vsnprintf(mistake->text, sizeof(mistake->text), format, args);
    va_end(args);
    mistake->text[span_whole_len(span_str(mistake->text))] = 0;
}

/* So that the rest of a message has room. */
static struct span short_of(struct span name)
{
    struct span cut = span_of(name.base, name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX);
    cut.len = span_whole_len(cut);
    return cut;
}

static bool is_full(const struct check *c)
{
    return c->report->count == TEMPLATE_MISTAKES_MAX;
}

static int line_at(const struct check *c, size_t at)
{
    int line = 1;
    for (size_t i = 0; i < at && i < c->draft->text.len; ++i)
        line += c->draft->text.base[i] == '\n';
    return line;
}

/* ---- what it is called ---- */

static void check_names(struct check *c)
{
    const struct template_draft *draft = c->draft;
    bool has_language = language_find(draft->language, &c->report->language) &&
                        span_is_str(draft->language, language_code(c->report->language));
    if (!message_name_is_fine(draft->name))
        add(c, 0, false, "a template's name is 1 to 40 of a-z, 0-9 and _, a letter first");
    if (!message_tone_find(draft->tone, &c->report->tone))
        add(c, 0, false, "the tone is neutral, friendly, firm or final");
    if (!has_language)
        add(c, 0, false, "the language is pl, en or uk");
}

/* ---- characters ---- */

/* The length of the character that begins here; 0: it is no UTF-8. */
static size_t character_len(struct span s)
{
    const unsigned char *c = (const unsigned char *)s.base;
    size_t len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
    if (len == 0 || c[0] > 0xf4 || len > s.len)
        return 0;
    for (size_t i = 1; i < len; ++i)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool is_odd = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
                  (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f);
    return is_odd ? 0 : len;
}

/* Beside line ends: C0, C1, and the marks that turn the direction of writing. */
static bool is_control(struct span s, size_t len)
{
    const unsigned char *c = (const unsigned char *)s.base;
    if (len == 1)
        return (c[0] < ' ' && c[0] != '\n' && c[0] != '\r' && c[0] != '\t') || c[0] == 0x7f;
    if (len == 2)
        return c[0] == 0xc2 && c[1] < 0xa0;
    return len == 3 && c[0] == 0xe2 &&
           ((c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) ||
            (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

static void check_characters(struct check *c)
{
    struct span text = c->draft->text;
    for (size_t at = 0; at < text.len && !is_full(c);) {
        struct span rest = span_from(text, at);
        size_t len = character_len(rest);
        if (len == 0)
            add(c, line_at(c, at), false, "a byte that is no UTF-8");
        else if (is_control(rest, len))
            add(c, line_at(c, at), false, "a control character");
        at += len == 0 ? 1 : len;
    }
}

static bool begins_with(struct span text, const char *word)
{
    return text.len >= strlen(word) && strncasecmp(text.base, word, strlen(word)) == 0;
}

/* "<" before a letter, "/" or "!": people who write "<3" mean no tag. */
static bool is_tag(struct span text)
{
    return text.len > 1 && text.base[0] == '<' &&
           (strchr("/!?", text.base[1]) != NULL || (text.base[1] >= 'a' && text.base[1] <= 'z') ||
            (text.base[1] >= 'A' && text.base[1] <= 'Z'));
}

static void check_markup(struct check *c)
{
    struct span text = c->draft->text;
    for (size_t at = 0; at < text.len && !is_full(c); ++at) {
        struct span rest = span_from(text, at);
        if (is_tag(rest))
            add(c, line_at(c, at), false,
                "HTML: write plain text, the HTML of an e-mail is made of it");
        else if (begins_with(rest, "javascript:") || begins_with(rest, "vbscript:") ||
                 begins_with(rest, "data:text/html"))
            add(c, line_at(c, at), false, "a script has no place in a message");
        else if (begins_with(rest, "http://") || begins_with(rest, "https://"))
            add(c, line_at(c, at), true,
                "an address: only {{link}} leads to the debt, and operators block others");
    }
}

static void check_phrases(struct check *c)
{
    struct forbidden_find found;
    for (size_t from = 0; !is_full(c) && forbidden_phrase_find(c->draft->text, from, &found);
         from = found.at + 1)
        add(c, line_at(c, found.at), true, "\"%s\": %s", found.phrase->pattern, found.phrase->why);
}

/* ---- fields ---- */

static bool is_channel(struct span name)
{
    enum message_channel channel;
    return message_channel_find(name, &channel);
}

/* A name without a section of a channel around it is for all of them. */
static bool is_for(const struct mustache_name *name, enum message_channel channel)
{
    bool is_in_other = false;
    for (size_t i = 0; i < name->section_count; ++i) {
        if (span_is_str(name->sections[i], message_channel_name(channel)))
            return true;
        is_in_other = is_in_other || is_channel(name->sections[i]);
    }
    return !is_in_other;
}

static void note_section(struct check *c, const struct mustache_name *name)
{
    enum message_channel channel;
    if (!message_channel_find(name->name, &channel))
        return;
    if (name->use == MUSTACHE_ASKED && c->section_lines[channel] == 0)
        c->section_lines[channel] = name->line;
    for (size_t i = 0; i < name->section_count; ++i)
        if (is_channel(name->sections[i]))
            add(c, name->line, false, "{{#%.*s}} stands in the text for %.*s", SPAN_ARG(name->name),
                SPAN_ARG(name->sections[i]));
}

static void note_column(struct check *c, struct span name)
{
    if (c->column_count < COLUMNS_MAX)
        c->columns[c->column_count++] =
            (struct message_column){span_from(name, strlen("row.")), SPAN_LIT("x")};
}

/* Whether it stands where another field is not empty with which it is always there. */
static bool has_company(const struct mustache_name *name)
{
    static const struct {
        const char *name, *there_with;
    } pairs[] = {{"part_count", "part_no"}, {"parts_left", "plan_left"}};
    for (size_t p = 0; p != sizeof(pairs) / sizeof(pairs[0]); ++p)
        for (size_t i = 0; i != name->section_count; ++i)
            if (span_is_str(name->name, pairs[p].name) &&
                span_is_str(name->sections[i], pairs[p].there_with))
                return true;
    return false;
}

/* What may be empty must be asked for first, or the message is not sent. */
static bool is_safe(const struct check *c, const struct mustache_name *name,
                    const struct message_field *field)
{
    bool is_link = span_is_str(name->name, "link");
    return !field->may_be_empty || name->is_guarded || has_company(name) ||
           (is_link && message_needs_link(c->draft->name)) ||
           span_starts(name->name, SPAN_LIT("row."));
}

static void check_print(struct check *c, const struct mustache_name *name,
                        const struct message_field *field)
{
    bool is_amount = span_is_str(name->name, "amount") || span_is_str(name->name, "total");
    if (field->kind == MESSAGE_LIST)
        add(c, name->line, false, "{{%.*s}} is a list: {{#%.*s}}...{{/%.*s}}", SPAN_ARG(name->name),
            SPAN_ARG(name->name), SPAN_ARG(name->name));
    else if (field->kind == MESSAGE_CHANNEL)
        add(c, name->line, false, "{{%.*s}} is no field: {{#%.*s}}...{{/%.*s}}",
            SPAN_ARG(name->name), SPAN_ARG(name->name), SPAN_ARG(name->name));
    else if (!is_safe(c, name, field))
        add(c, name->line, true,
            "{{%.*s}} may be empty, and the message is then not sent: put it in "
            "{{#%.*s}}...{{/%.*s}}",
            SPAN_ARG(name->name), SPAN_ARG(name->name), SPAN_ARG(name->name));
    if (is_amount && is_for(name, MESSAGE_PUSH) && c->section_lines[MESSAGE_PUSH] != 0)
        add(c, name->line, true, "a push stands on a locked screen: no amounts there");
}

static void on_name(void *owner, const struct mustache_name *name)
{
    struct check *c = owner;
    const struct message_field *field = message_field_find(name->name);
    if (field == NULL) {
        add(c, name->line, false, "{{%.*s}} is no field", SPAN_ARG(short_of(name->name)));
        return;
    }
    note_section(c, name);
    if (span_starts(name->name, SPAN_LIT("row.")))
        note_column(c, name->name);
    if (span_is_str(name->name, "link"))
        for (int channel = 0; channel < MESSAGE_CHANNEL_COUNT; ++channel)
            if (is_for(name, (enum message_channel)channel))
                c->link_lines[channel] = name->line;
    if (name->use == MUSTACHE_PRINTED || name->use == MUSTACHE_PRINTED_AS_IS)
        check_print(c, name, field);
}

/* ---- what it looks like ---- */

static const char sample_link[] = MESSAGE_SAMPLE_LINK;

/* -1: the link is not there; 0: something stands right behind it; 1: fine. */
static int link_state(struct span text)
{
    int state = -1;
    for (const char *at; text.len > 0 && (at = memmem(text.base, text.len, sample_link,
                                                      sizeof(sample_link) - 1));) {
        text = span_from(text, (size_t)(at - text.base) + sizeof(sample_link) - 1);
        if (text.len > 0 && text.base[0] != ' ' && text.base[0] != '\n')
            return 0;
        state = 1;
    }
    return state;
}

static void check_link(struct check *c, enum message_channel channel, struct span body)
{
    const char *name = message_channel_name(channel);
    int state = link_state(body), line = c->link_lines[channel];
    bool is_wanted =
        message_needs_link(c->draft->name) && (channel == MESSAGE_SMS || channel == MESSAGE_EMAIL);
    if (channel == MESSAGE_PUSH && state >= 0)
        add(c, line, true, "a push opens the debt by itself: no {{link}} in it");
    else if (state < 0 && is_wanted)
        add(c, c->section_lines[channel], false, "the text for %s is without {{link}}", name);
    else if (state == 0 && channel == MESSAGE_SMS)
        add(c, line, false,
            "{{link}} needs a blank or the end behind it: what stands there would "
            "become a part of it");
}

static void check_sms(struct check *c, struct span body)
{
    struct sms_measure m = sms_text_measure(body);
    int line = c->section_lines[MESSAGE_SMS];
    int max = c->draft->parts_max > 0 ? c->draft->parts_max : PARTS_MAX;
    bool is_latin = c->report->language != LANGUAGE_UKRAINIAN;
    if (m.parts > max)
        add(c, line, true, "the SMS has %d parts with the longest usual data (%d characters)",
            (int)m.parts, (int)m.units);
    if (m.alphabet == SMS_UCS2 && is_latin)
        add(c, line, true,
            "U+%04X is not in the SMS alphabet, so a part has 70 characters instead of 160",
            (unsigned)m.culprit);
}

static void check_channel(struct check *c, enum message_channel channel)
{
    struct err err = {0};
    struct buf title, body;
    struct message_facts facts = message_sample(MESSAGE_SAMPLE_LARGE);
    facts.columns = c->columns;
    facts.column_count = c->column_count;
    const struct message_way way = {
        .channel = channel, .language = c->report->language, .is_plain = c->draft->is_plain};
    buf_init(&title, MESSAGE_TITLE_MAX);
    buf_init(&body, MESSAGE_BODY_MAX);
    if (message_text_write(c->template, &facts, &way, &title, &body, &err) != 0) {
        bool is_told = c->report->is_refused && err.text[0] == '{'; /* a field that is none */
        if (!is_told)
            add(c, c->section_lines[channel], false, "%s: {{#%s}}...{{/%s}}%s", err.text,
                message_channel_name(channel), message_channel_name(channel),
                channel == MESSAGE_PUSH || channel == MESSAGE_EMAIL
                    ? ", the first line is its title"
                    : "");
    } else {
        check_link(c, channel, buf_span(&body));
        if (channel == MESSAGE_SMS)
            check_sms(c, buf_span(&body));
    }
    buf_release(&title);
    buf_release(&body);
}

static void check_channels(struct check *c)
{
    unsigned has = 0;
    for (int i = 0; i < MESSAGE_CHANNEL_COUNT; ++i)
        has |= c->section_lines[i] != 0 ? 1u << i : 0;
    unsigned wanted = c->draft->channels | has;
    for (int i = 0; i < MESSAGE_CHANNEL_COUNT; ++i)
        if ((wanted >> i & 1) != 0)
            check_channel(c, (enum message_channel)i);
    /* Without any section it is one text for every way, and is judged as a push: the shortest. */
    if (wanted == 0)
        check_channel(c, MESSAGE_PUSH);
}

/* "line 7: a section is not closed" */
static void add_broken(struct check *c, const struct err *err)
{
    int line = 0, read = 0;
    bool has_line = sscanf(err->text, "line %d: %n", &line, &read) == 1 && read > 0;
    add(c, has_line ? line : 0, false, "%s", err->text + (has_line ? read : 0));
}

static int compare_mistakes(const void *a, const void *b)
{
    const struct template_mistake *left = a, *right = b;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return (int)left->is_warning - (int)right->is_warning;
}

void template_check(const struct template_draft *draft, struct template_report *report)
{
    struct check c = {.draft = draft, .report = report};
    struct err err = {0};
    *report = (struct template_report){.count = 0};
    check_names(&c);
    if (draft->text.len > TEMPLATE_TEXT_MAX) {
        add(&c, 0, false, "the text is longer than %d bytes", TEMPLATE_TEXT_MAX);
        return;
    }
    check_characters(&c);
    check_markup(&c);
    check_phrases(&c);
    c.template = mustache_new(draft->text, &err);
    if (c.template == NULL) {
        add_broken(&c, &err);
    } else {
        mustache_visit(c.template, on_name, &c);
        check_channels(&c);
        mustache_free(c.template);
    }
    qsort(report->mistakes, report->count, sizeof(report->mistakes[0]), compare_mistakes);
}
