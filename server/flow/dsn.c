/* GMime takes the mail apart; the fields of the notification are read here. They come in groups
 * between empty lines, the first about the whole message, each other about one recipient: ours had
 * one, but a list or a forward behind it may have had more. The first that failed counts, else the
 * first. */
#include "flow/dsn.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <strings.h>

enum { DEPTH_MAX = 4, STATUS_SIZE_MAX = 64 * 1024, FIELD_MAX = 1000 };

/* ---- whose ---- */

static bool is_code(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if (!g_ascii_isalnum(text.base[i]))
            return false;
    return text.len == MESSAGE_CODE_LEN;
}

static void add_code(struct dsn *dsn, struct span code)
{
    for (int i = 0; i < dsn->code_count; ++i)
        if (span_is_str(code, dsn->codes[i]))
            return;
    if (dsn->code_count < DSN_CODES_MAX)
        snprintf(dsn->codes[dsn->code_count++], MESSAGE_CODE_LEN + 1, "%.*s", SPAN_ARG(code));
}

/* Every bounce+CODE@domain in the text, in brackets or not. */
static void find_codes(struct dsn *dsn, struct span text, struct span domain)
{
    static const struct span prefix = {"bounce+", 7};
    for (size_t i = 0; i + prefix.len + MESSAGE_CODE_LEN + 1 + domain.len <= text.len; ++i) {
        struct span rest = span_from(text, i);
        struct span code = span_of(rest.base + prefix.len, MESSAGE_CODE_LEN);
        struct span behind = span_from(rest, prefix.len + MESSAGE_CODE_LEN);
        if (strncasecmp(rest.base, prefix.base, prefix.len) == 0 && is_code(code) &&
            behind.base[0] == '@' && strncasecmp(behind.base + 1, domain.base, domain.len) == 0)
            add_code(dsn, code);
    }
}

/* Where servers say which address a mail came to. The body is not searched: it holds what its
 * sender likes. */
static void find_in_headers(struct dsn *dsn, GMimeMessage *mail, struct span domain)
{
    static const char *const names[] = {"Delivered-To", "X-Original-To", "Envelope-To",
                                        "X-Envelope-To", "To"};
    GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(mail));
    int count = g_mime_header_list_get_count(headers);
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); ++n)
        for (int i = 0; i < count && i < 200; ++i) {
            GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
            if (strcasecmp(g_mime_header_get_name(header), names[n]) != 0)
                continue;
            const char *value = g_mime_header_get_raw_value(header);
            struct span text = span_str(value);
            if (text.len > FIELD_MAX)
                text.len = FIELD_MAX;
            find_codes(dsn, text, domain);
        }
}

/* ---- what of it ---- */

static struct span trim(struct span text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.base[0]) != NULL)
        text = span_from(text, 1);
    while (text.len > 0 && strchr(" \t\r\n", text.base[text.len - 1]) != NULL)
        --text.len;
    return text;
}

/* The next line, without its end; continuation lines are left to be passed over. */
static struct span take_line(struct span *text)
{
    const char *end = memchr(text->base, '\n', text->len);
    size_t len = end == NULL ? text->len : (size_t)(end - text->base);
    struct span line = span_of(text->base, len);
    *text = span_from(*text, len + 1);
    if (line.len > 0 && line.base[line.len - 1] == '\r')
        --line.len;
    return line;
}

/* The value of "Name: value", whichever case; false for another name. */
static bool is_field(struct span line, const char *name, struct span *value)
{
    size_t len = strlen(name);
    if (line.len < len || strncasecmp(line.base, name, len) != 0)
        return false;
    struct span rest = trim(span_from(line, len));
    if (rest.len == 0 || rest.base[0] != ':')
        return false;
    *value = trim(span_from(rest, 1));
    return true;
}

static bool is_word(struct span text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && strncasecmp(text.base, word, len) == 0 &&
           (text.len == len || !g_ascii_isalpha(text.base[len]));
}

static enum dsn_action action_of(struct span value)
{
    static const struct {
        const char *word;
        enum dsn_action action;
    } all[] = {{"failed", DSN_FAILED},
               {"delayed", DSN_DELAYED},
               {"delivered", DSN_DELIVERED},
               {"relayed", DSN_RELAYED},
               {"expanded", DSN_RELAYED}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i)
        if (is_word(value, all[i].word))
            return all[i].action;
    return DSN_NONE;
}

/* One recipient's group. */
struct group {
    enum dsn_action action;
    bool has_status, has_diagnostic;
    struct mail_status status, diagnostic;
};

/* "smtp; 550 5.1.1 …", or without the type. */
static bool read_diagnostic(struct span value, struct mail_status *status)
{
    const char *semicolon = memchr(value.base, ';', value.len < 20 ? value.len : 20);
    if (semicolon != NULL)
        value = trim(span_from(value, (size_t)(semicolon - value.base) + 1));
    return mail_status_read_reply(value, status) || mail_status_read(value, status);
}

static void read_field(struct group *group, struct span line)
{
    struct span value;
    if (is_field(line, "Action", &value) && group->action == DSN_NONE)
        group->action = action_of(value);
    else if (is_field(line, "Status", &value) && !group->has_status)
        group->has_status = mail_status_read(value, &group->status);
    else if (is_field(line, "Diagnostic-Code", &value) && !group->has_diagnostic)
        group->has_diagnostic = read_diagnostic(value, &group->diagnostic);
}

/* Exim, for one, says 5.0.0 and leaves what happened to the other server's words. */
static void settle_status(struct group *group)
{
    bool says_nothing =
        !group->has_status || (group->status.subject == 0 && group->status.detail == 0);
    bool fits = group->has_diagnostic &&
                (!group->has_status || group->diagnostic.class_ == group->status.class_);
    if (!says_nothing || !fits)
        return;
    group->status = group->diagnostic;
    group->has_status = true;
}

static void take_group(struct dsn *dsn, struct group *group)
{
    bool is_first = dsn->action == DSN_NONE;
    bool is_worse = group->action == DSN_FAILED && dsn->action != DSN_FAILED;
    if (group->action != DSN_NONE && (is_first || is_worse)) {
        settle_status(group);
        dsn->action = group->action;
        dsn->has_status = group->has_status;
        dsn->status = group->status;
    }
    *group = (struct group){.action = DSN_NONE};
}

static void read_groups(struct dsn *dsn, struct span text)
{
    struct group group = {.action = DSN_NONE};
    while (text.len > 0) {
        struct span line = take_line(&text);
        if (trim(line).len == 0)
            take_group(dsn, &group);
        else if (line.base[0] != ' ' && line.base[0] != '\t')
            read_field(&group, line);
    }
    take_group(dsn, &group);
}

/* ---- where in the mail ---- */

static void read_status_part(struct dsn *dsn, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content == NULL)
        return;
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(content, stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    size_t len = bytes->len < STATUS_SIZE_MAX ? bytes->len : STATUS_SIZE_MAX;
    read_groups(dsn, span_of((const char *)bytes->data, len));
    g_object_unref(stream);
}

/* "message/global-delivery-status" is the same in UTF-8 (RFC 6533). */
static bool is_status(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    return g_mime_content_type_is_type(type, "message", "delivery-status") ||
           g_mime_content_type_is_type(type, "message", "global-delivery-status");
}

/* Not into attached mails: a bounce in a bounce is of somebody else's. */
static void look_into(struct dsn *dsn, GMimeObject *object, int depth)
{
    if (GMIME_IS_PART(object) && is_status(object)) {
        read_status_part(dsn, GMIME_PART(object));
        return;
    }
    if (!GMIME_IS_MULTIPART(object) || depth == DEPTH_MAX)
        return;
    int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
    for (int i = 0; i < count && i < 20 && dsn->action == DSN_NONE; ++i)
        look_into(dsn, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
}

/* GMime wants it once. */
static void begin_mime(void)
{
    static bool has_begun;
    if (!has_begun)
        g_mime_init();
    has_begun = true;
}

void dsn_read(struct span mail, struct span domain, struct dsn *dsn)
{
    memset(dsn, 0, sizeof(*dsn));
    begin_mime();
    if (mail.len > DSN_SIZE_MAX)
        mail.len = DSN_SIZE_MAX;
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail.base, mail.len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message != NULL) {
        GMimeObject *body = g_mime_message_get_mime_part(message);
        find_in_headers(dsn, message, domain);
        if (body != NULL)
            look_into(dsn, body, 0);
        g_object_unref(message);
    }
    g_object_unref(parser);
    g_object_unref(stream);
}

/* ---- what it means ---- */

bool dsn_judge(const struct dsn *dsn, struct message_news *news, bool *is_alarm, char reason[64])
{
    static const struct {
        enum message_news_kind kind;
        const char *word;
    } all[] = {[DSN_FAILED] = {MESSAGE_NEWS_UNDELIVERED, "bounced"},
               [DSN_DELAYED] = {MESSAGE_NEWS_SENT_ON, "delayed"},
               [DSN_DELIVERED] = {MESSAGE_NEWS_DELIVERED, "delivered"},
               [DSN_RELAYED] = {MESSAGE_NEWS_UNKNOWN, "sent on"}};
    enum mail_verdict verdict =
        dsn->has_status ? mail_status_judge(dsn->status) : MAIL_VERDICT_FAILED;
    *is_alarm = dsn->action == DSN_FAILED && verdict == MAIL_VERDICT_POLICY;
    if (dsn->action == DSN_NONE)
        return false;
    news->kind = all[dsn->action].kind;
    news->address = MESSAGE_NEWS_ADDRESS_KEPT;
    if (dsn->action == DSN_FAILED && verdict == MAIL_VERDICT_DEAD)
        news->address = MESSAGE_NEWS_ADDRESS_DEAD;
    else if (dsn->action == DSN_DELAYED ||
             (dsn->action == DSN_FAILED && verdict == MAIL_VERDICT_SOFT))
        news->address = MESSAGE_NEWS_ADDRESS_SOFT;
    if (dsn->has_status)
        snprintf(reason, 64, "%s %d.%d.%d", all[dsn->action].word, dsn->status.class_,
                 dsn->status.subject, dsn->status.detail);
    else
        snprintf(reason, 64, "%s", all[dsn->action].word);
    news->reason = span_str(reason);
    return true;
}
