#include "flow/message_texts.h"

#include "base/log.h"
#include "domain/mustache.h"
#include "messages.h"
#include "store/template_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* "en/late.firm": how files are called, without their end. */
enum { KEY_MAX = 3 + MESSAGE_NAME_MAX + 1 + 8 + 1 };

struct text {
    char key[KEY_MAX];
    struct mustache *template;
    unsigned channels;
    int32_t version;
    bool is_plain;
};

struct texts {
    struct text *items; /* in the order of their keys */
    size_t count;
};

struct message_texts {
    struct texts shipped, stored;
};

static void print_key(char key[KEY_MAX], struct span name, enum message_tone tone,
                      enum language language)
{
    snprintf(key, KEY_MAX, "%s/%.*s%s%s", language_code(language), SPAN_ARG(name),
             tone == MESSAGE_NEUTRAL ? "" : ".",
             tone == MESSAGE_NEUTRAL ? "" : message_tone_name(tone));
}

/* ---- compiling ---- */

static void note_channel(void *owner, const struct mustache_name *name)
{
    unsigned *channels = owner;
    enum message_channel channel;
    if (name->use == MUSTACHE_ASKED && message_channel_find(name->name, &channel))
        *channels |= 1u << channel;
}

unsigned message_channels_of(const struct mustache *template)
{
    unsigned channels = 0;
    mustache_visit(template, note_channel, &channels);
    return channels != 0 ? channels : (1u << MESSAGE_CHANNEL_COUNT) - 1;
}

unsigned message_channels_in(struct span text)
{
    struct mustache *template = mustache_new(text, NULL);
    unsigned channels = template == NULL ? 0 : message_channels_of(template);
    mustache_free(template);
    return channels;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(((const struct text *)a)->key, ((const struct text *)b)->key);
}

static void texts_init(struct texts *texts, size_t room)
{
    texts->count = 0;
    texts->items = calloc(room + 1, sizeof(texts->items[0]));
    if (texts->items == NULL)
        abort();
}

static void texts_release(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; ++i)
        mustache_free(texts->items[i].template);
    free(texts->items);
}

static int texts_add(struct texts *texts, const struct message_stored *stored, struct err *err)
{
    struct text *text = &texts->items[texts->count];
    text->template = mustache_new(stored->text, err);
    if (text->template == NULL)
        return err->code;
    print_key(text->key, stored->name, stored->tone, stored->language);
    text->channels = message_channels_of(text->template);
    text->version = stored->version;
    text->is_plain = stored->is_plain;
    ++texts->count;
    return 0;
}

static void texts_sort(struct texts *texts)
{
    if (texts->count > 0)
        qsort(texts->items, texts->count, sizeof(texts->items[0]), compare_texts);
}

/* ---- shipped ---- */

/* "en/late.firm.mustache". What is called otherwise is a mistake in the tree: a test finds it. */
static bool read_file_name(const struct embedded_file *file, struct message_stored *text)
{
    struct span name = span_str(file->name);
    *text = (struct message_stored){.text = span_of(file->bytes, file->len), .is_plain = true};
    if (!language_find(span_of(name.base, 2), &text->language) || name.base[2] != '/')
        return false;
    name = span_from(name, 3);
    const char *dot = memchr(name.base, '.', name.len);
    if (dot == NULL)
        return false;
    text->name = span_of(name.base, (size_t)(dot - name.base));
    name = span_from(name, text->name.len + 1);
    if (span_is_str(name, "mustache"))
        return true;
    dot = memchr(name.base, '.', name.len);
    return dot != NULL &&
           message_tone_find(span_of(name.base, (size_t)(dot - name.base)), &text->tone) &&
           strcmp(dot, ".mustache") == 0;
}

void message_shipped_list(message_shipped_cb on_text, void *owner)
{
    for (size_t i = 0; i < messages_count; ++i) {
        struct message_stored text;
        bool is_fine = read_file_name(&messages_files[i], &text);
        assert(is_fine);
        on_text(owner, &text);
    }
}

struct span message_shipped_text(struct span name, enum message_tone tone, enum language language)
{
    char file[KEY_MAX + 16], key[KEY_MAX];
    print_key(key, name, tone, language);
    snprintf(file, sizeof(file), "%s.mustache", key);
    for (size_t i = 0; i < messages_count; ++i)
        if (strcmp(messages_files[i].name, file) == 0)
            return span_of(messages_files[i].bytes, messages_files[i].len);
    return (struct span){NULL, 0};
}

struct message_texts *message_texts_new(struct err *err)
{
    struct message_texts *texts = calloc(1, sizeof(*texts));
    if (texts == NULL)
        abort();
    texts_init(&texts->shipped, messages_count);
    texts_init(&texts->stored, 0);
    for (size_t i = 0; i < messages_count; ++i) {
        struct message_stored text;
        bool is_fine = read_file_name(&messages_files[i], &text);
        assert(is_fine);
        if (texts_add(&texts->shipped, &text, err) != 0) {
            err_wrap(err, "message %s", messages_files[i].name);
            message_texts_free(texts);
            return NULL;
        }
    }
    texts_sort(&texts->shipped);
    return texts;
}

void message_texts_free(struct message_texts *texts)
{
    texts_release(&texts->shipped);
    texts_release(&texts->stored);
    free(texts);
}

/* ---- stored ---- */

void message_texts_store(struct message_texts *texts, const struct message_stored *stored,
                         size_t count)
{
    struct err err = {0};
    texts_release(&texts->stored);
    texts_init(&texts->stored, count);
    for (size_t i = 0; i < count; ++i)
        if (!message_name_is_fine(stored[i].name) ||
            texts_add(&texts->stored, &stored[i], &err) != 0)
            log_line(LOG_ERROR, "template left out", "name=%.*s version=%d error=%s",
                     SPAN_ARG(stored[i].name), (int)stored[i].version, err.text);
    texts_sort(&texts->stored);
}

void message_texts_store_rows(struct message_texts *texts, const PGresult *result)
{
    size_t count = 0;
    struct message_stored *stored = calloc((size_t)PQntuples(result) + 1, sizeof(*stored));
    if (stored == NULL)
        abort();
    for (int row = 0; row < PQntuples(result); ++row) {
        struct template_row read;
        struct message_stored *text = &stored[count];
        template_read_row(result, row, &read);
        *text = (struct message_stored){.name = read.key.name,
                                        .version = read.version,
                                        .text = read.text,
                                        .is_plain = read.is_plain};
        /* The table has no others. */
        count += message_tone_find(read.key.tone, &text->tone) &&
                 language_find(read.key.language, &text->language);
    }
    message_texts_store(texts, stored, count);
    free(stored);
}

/* ---- finding ---- */

static const struct text *find_in(const struct texts *texts, const char *key, unsigned channels)
{
    struct text wanted;
    snprintf(wanted.key, sizeof(wanted.key), "%s", key);
    const struct text *found =
        bsearch(&wanted, texts->items, texts->count, sizeof(texts->items[0]), compare_texts);
    return found != NULL && (found->channels & channels) != 0 ? found : NULL;
}

static const struct text *find_tone(const struct message_texts *texts, struct span name,
                                    enum message_tone tone, unsigned channels,
                                    enum language language)
{
    char key[KEY_MAX];
    if (name.len > MESSAGE_NAME_MAX)
        return NULL;
    print_key(key, name, tone, language);
    const struct text *text = find_in(&texts->stored, key, channels);
    return text != NULL ? text : find_in(&texts->shipped, key, channels);
}

/* The neutral text stands in for that of another tone. */
static const struct text *find_language(const struct message_texts *texts, struct span name,
                                        enum message_tone tone, unsigned channels,
                                        enum language language)
{
    const struct text *text = find_tone(texts, name, tone, channels, language);
    return text != NULL || tone == MESSAGE_NEUTRAL
               ? text
               : find_tone(texts, name, MESSAGE_NEUTRAL, channels, language);
}

bool message_texts_has(const struct message_texts *texts, struct span name, enum message_tone tone)
{
    return find_language(texts, name, tone, ~0u, LANGUAGE_POLISH) != NULL;
}

static bool find_name(const struct message_texts *texts, struct span name,
                      const struct message_wish *wish, struct message_choice *choice)
{
    choice->language = wish->language;
    const struct text *text =
        find_language(texts, name, wish->tone, 1u << wish->channel, wish->language);
    if (text == NULL && wish->language != LANGUAGE_POLISH) {
        choice->language = LANGUAGE_POLISH;
        text = find_language(texts, name, wish->tone, 1u << wish->channel, LANGUAGE_POLISH);
    }
    if (text == NULL)
        return false;
    choice->template = text->template;
    choice->key = text->key;
    choice->version = text->version;
    choice->is_plain = text->is_plain;
    return true;
}

bool message_texts_find(const struct message_texts *texts, const struct message_wish *wish,
                        struct message_choice *choice)
{
    if (find_name(texts, wish->template, wish, choice))
        return true;
    if (span_is_str(wish->template, "thanks"))
        return false;
    bool is_spoken = wish->channel == MESSAGE_VOICE || wish->channel == MESSAGE_CALL;
    if (is_spoken)
        return find_name(texts, SPAN_LIT("call"), wish, choice);
    return wish->channel == MESSAGE_HANDOVER &&
           find_name(texts, SPAN_LIT("handover"), wish, choice);
}
