#include "flow/reminder_text.h"

#include "domain/mustache.h"
#include "domain/text_format.h"
#include "flow/world.h"
#include "messages.h"
#include "store/reminder_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TITLE_MAX = 256, MESSAGE_MAX = 8 * 1024, HTML_MAX = 64 * 1024 };

struct reminder_texts {
    struct mustache **compiled; /* beside messages_files */
};

struct reminder_texts *reminder_texts_new(struct err *err)
{
    struct reminder_texts *texts = calloc(1, sizeof(*texts));
    struct mustache **compiled = calloc(messages_count, sizeof(struct mustache *));
    if (texts == NULL || compiled == NULL)
        abort();
    texts->compiled = compiled;
    for (size_t i = 0; i < messages_count; ++i) {
        const struct embedded_file *file = &messages_files[i];
        compiled[i] = mustache_new(span_of(file->bytes, file->len), err);
        if (compiled[i] == NULL) {
            err_wrap(err, "message %s", file->name);
            reminder_texts_free(texts);
            return NULL;
        }
    }
    return texts;
}

void reminder_texts_free(struct reminder_texts *texts)
{
    for (size_t i = 0; i < messages_count; ++i)
        if (texts->compiled[i] != NULL)
            mustache_free(texts->compiled[i]);
    free(texts->compiled);
    free(texts);
}

/* "thanks_3" is the thank-you for the third payment: its text is "thanks". "due+1" is "due" by the
 * next place of its cascade. */
static struct span text_name(const struct reminder_claimed *claimed, bool is_neutral)
{
    struct span step = span_of(claimed->key.step, strcspn(claimed->key.step, "+"));
    bool is_thanks = span_starts(step, SPAN_LIT("thanks"));
    if (is_neutral)
        return is_thanks ? SPAN_LIT("neutral_thanks") : SPAN_LIT("neutral");
    return is_thanks ? SPAN_LIT("thanks") : step;
}

static const struct mustache *find(const struct reminder_texts *texts, enum language language,
                                   struct span step)
{
    char name[64];
    snprintf(name, sizeof(name), "%s/%.*s.mustache", language_code(language), SPAN_ARG(step));
    for (size_t i = 0; i < messages_count; ++i)
        if (strcmp(messages_files[i].name, name) == 0)
            return texts->compiled[i];
    return NULL;
}

/* Cuts blank lines at both ends. */
static struct span trim(struct span s)
{
    while (s.len > 0 && (s.base[0] == '\n' || s.base[0] == ' '))
        s = span_from(s, 1);
    while (s.len > 0 && (s.base[s.len - 1] == '\n' || s.base[s.len - 1] == ' '))
        --s.len;
    return s;
}

static void split(struct span text, bool has_title, struct buf *title, struct buf *body)
{
    struct span rest = trim(text);
    if (has_title) {
        const char *end = memchr(rest.base, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.base);
        buf_add(title, span_of(rest.base, len));
        rest = trim(span_from(rest, len));
    }
    buf_add(body, rest);
}

static int render(const struct mustache *template, const struct reminder_claimed *claimed,
                  const struct reminder_words *words, struct text_style style, struct buf *out)
{
    char currency[4] = {0};
    memcpy(currency, claimed->currency.base, claimed->currency.len < 4 ? claimed->currency.len : 3);
    struct buf amount, date;
    buf_init(&amount, 64);
    buf_init(&date, 64);
    text_format_amount(&amount, money_of(claimed->due_minor, currency), style);
    text_format_date(&date, date_from_days(claimed->due_date), style);
    const struct mustache_member members[] = {
        {SPAN_LIT("amount"), mustache_text(buf_span(&amount))},
        {SPAN_LIT("date"), mustache_text(buf_span(&date))},
        {SPAN_LIT("number"), mustache_text(claimed->number)},
        {SPAN_LIT("product"), mustache_text(claimed->product)},
        {SPAN_LIT("link"), mustache_text(words->link)},
        {SPAN_LIT("creditor"), mustache_text(words->creditor->name)},
        {SPAN_LIT("website"), mustache_text(words->creditor->website)},
        {SPAN_LIT("phone"), mustache_text(words->creditor->phone)},
        {SPAN_LIT("sms"), mustache_bool(span_is_str(claimed->channel, "sms"))},
        {SPAN_LIT("push"), mustache_bool(span_is_str(claimed->channel, "push"))},
        {SPAN_LIT("email"), mustache_bool(span_is_str(claimed->channel, "email"))},
    };
    const struct mustache_object data = {.members = members,
                                         .count = sizeof(members) / sizeof(members[0])};
    int rc = mustache_render(template, mustache_object(&data), MUSTACHE_PLAIN, out);
    buf_release(&amount);
    buf_release(&date);
    return rc;
}

void reminder_text_init(struct reminder_text *text)
{
    buf_init(&text->title, TITLE_MAX);
    buf_init(&text->body, MESSAGE_MAX);
    buf_init(&text->html, HTML_MAX);
}

void reminder_text_release(struct reminder_text *text)
{
    buf_release(&text->title);
    buf_release(&text->body);
    buf_release(&text->html);
}

int reminder_text_write(const struct reminder_texts *texts, const struct reminder_claimed *debts,
                        size_t count, const struct reminder_words *words, struct reminder_text *out,
                        struct err *err)
{
    const struct reminder_claimed *claimed = &debts[0];
    assert(count > 0);
    enum language language = LANGUAGE_POLISH;
    (void)language_find(claimed->language, &language);
    (void)language_find(claimed->device_language, &language);
    bool is_sms = span_is_str(claimed->channel, "sms");
    const struct text_style style = {.language = language, .place = is_sms ? TEXT_SMS : TEXT_PAGE};
    const struct mustache *template = find(texts, language, text_name(claimed, words->is_neutral));
    if (template == NULL)
        return err_set(err, ERR_INPUT, "the step %s has no text", claimed->key.step);
    struct buf whole;
    buf_init(&whole, MESSAGE_MAX);
    int rc = render(template, claimed, words, style, &whole);
    if (rc != 0)
        err_set(err, ERR_INPUT, "the text of step %s is too long", claimed->key.step);
    else
        split(buf_span(&whole), !is_sms, &out->title, &out->body);
    buf_release(&whole);
    return rc == 0 ? 0 : ERR_INPUT;
}
