/* GMime writes the mail: encoded words, folding and boundaries are its own. It is handed nothing
 * that holds a control character, and no address that is not one. */
#include "channel/email_message.h"

#include "channel/email_html.h"
#include "channel/qr_png.h"
#include "domain/transfer_qr.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>

enum { ADDRESS_MAX = 254, LOCAL_MAX = 64, SUBJECT_MAX = 400, PICTURE_MAX = 32 * 1024 };

static const char picture_id[] = "transfer";

/* ---- words that are safe ---- */

static bool is_local(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* Letters of other scripts, too: libraries turn those into xn--. */
static bool is_domain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c >= 0x80;
}

static bool all_are(struct span text, bool (*is_good)(unsigned char))
{
    for (size_t i = 0; i < text.len; ++i)
        if (!is_good((unsigned char)text.base[i]))
            return false;
    return text.len > 0 && text.base[0] != '.' && text.base[text.len - 1] != '.';
}

bool email_address_is_good(struct span address)
{
    const char *at = memrchr(address.base, '@', address.len);
    if (address.len > ADDRESS_MAX || at == NULL)
        return false;
    struct span local = span_of(address.base, (size_t)(at - address.base));
    struct span domain = span_from(address, local.len + 1);
    return local.len <= LOCAL_MAX && all_are(local, is_local) && all_are(domain, is_domain) &&
           g_utf8_validate(domain.base, (gssize)domain.len, NULL);
}

/* A copy in good UTF-8, on one line; g_free. */
static char *one_line(struct span text)
{
    size_t len = text.len < SUBJECT_MAX ? text.len : SUBJECT_MAX;
    while (len < text.len && len > 0 && ((unsigned char)text.base[len] & 0xc0) == 0x80)
        --len; /* between two characters */
    char *line = g_utf8_make_valid(text.base == NULL ? "" : text.base, (gssize)len);
    for (char *c = line; *c != 0; ++c)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return line;
}

/* A copy in good UTF-8; g_free. */
static char *lines(struct span text)
{
    return g_utf8_make_valid(text.base == NULL ? "" : text.base, (gssize)text.len);
}

/* ---- headers ---- */

static void add_address(InternetAddressList *list, struct span address, struct span name)
{
    char *copy = g_strndup(address.base, address.len), *shown = one_line(name);
    InternetAddress *mailbox = internet_address_mailbox_new(shown[0] == 0 ? NULL : shown, copy);
    internet_address_set_charset(mailbox, "utf-8");
    internet_address_list_add(list, mailbox);
    g_object_unref(mailbox);
    g_free(shown);
    g_free(copy);
}

static void set_date(GMimeMessage *mail, struct instant at)
{
    GDateTime *date = g_date_time_new_from_unix_utc(instant_seconds(at));
    g_mime_message_set_date(mail, date);
    g_date_time_unref(date);
}

static void set_headers(GMimeMessage *mail, const struct email_message *m)
{
    char line[700];
    add_address(g_mime_message_get_from(mail), m->from, m->from_name);
    add_address(g_mime_message_get_to(mail), m->to, span_of(NULL, 0));
    if (m->reply_to.len > 0)
        add_address(g_mime_message_get_reply_to(mail), m->reply_to, span_of(NULL, 0));
    char *subject = one_line(m->subject);
    g_mime_message_set_subject(mail, subject, "utf-8");
    g_free(subject);
    set_date(mail, m->at);
    snprintf(line, sizeof(line), "%.*s@%.*s", SPAN_ARG(m->id), SPAN_ARG(m->id_domain));
    g_mime_message_set_message_id(mail, line);
    g_mime_object_set_header(GMIME_OBJECT(mail), "Auto-Submitted", "auto-generated", NULL);
    if (m->unsubscribe.len == 0)
        return;
    snprintf(line, sizeof(line), "<%.*s>", SPAN_ARG(m->unsubscribe));
    g_mime_object_set_header(GMIME_OBJECT(mail), "List-Unsubscribe", line, NULL);
    g_mime_object_set_header(GMIME_OBJECT(mail), "List-Unsubscribe-Post",
                             "List-Unsubscribe=One-Click", NULL);
}

/* ---- parts ---- */

static void add_text_part(GMimeMultipart *parent, const char *subtype, const char *text)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, text);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_mime_multipart_add(parent, GMIME_OBJECT(part));
    g_object_unref(part);
}

static void add_picture_part(GMimeMultipart *parent, struct span png)
{
    GMimePart *part = g_mime_part_new_with_type("image", "png");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(png.base, png.len);
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_part_set_content_id(part, picture_id);
    g_mime_object_set_disposition(GMIME_OBJECT(part), GMIME_DISPOSITION_INLINE);
    g_mime_part_set_filename(part, "transfer.png");
    g_mime_multipart_add(parent, GMIME_OBJECT(part));
    g_object_unref(content);
    g_object_unref(stream);
    g_object_unref(part);
}

/* Empty when there is no code for this transfer. */
static int draw(const struct transfer *transfer, struct buf *png)
{
    enum transfer_qr_level level;
    struct buf text;
    int side = 0;
    buf_init(&text, 1024);
    if (transfer == NULL || transfer_qr_print(transfer, &text, &level) != TRANSFER_QR_GOOD ||
        !qr_png_print(buf_span(&text), level == TRANSFER_QR_LEVEL_M, png, &side))
        side = 0;
    buf_release(&text);
    return side;
}

static void add_html(GMimeMultipart *alternative, const struct email_message *m)
{
    struct buf png, html;
    buf_init(&png, PICTURE_MAX);
    buf_init(&html, EMAIL_MESSAGE_MAX);
    int side = draw(m->transfer, &png);
    char *text = lines(m->html);
    if (side == 0) {
        add_text_part(alternative, "html", text);
    } else {
        GMimeMultipart *related = g_mime_multipart_new_with_subtype("related");
        email_html_add_picture(span_str(text), m->language, picture_id, side, &html);
        add_text_part(related, "html", buf_span(&html).base);
        add_picture_part(related, buf_span(&png));
        g_mime_multipart_add(alternative, GMIME_OBJECT(related));
        g_object_unref(related);
    }
    g_free(text);
    buf_release(&html);
    buf_release(&png);
}

static GMimeMessage *make(const struct email_message *m)
{
    GMimeMessage *mail = g_mime_message_new(TRUE);
    GMimeMultipart *alternative = g_mime_multipart_new_with_subtype("alternative");
    char *text = lines(m->text);
    set_headers(mail, m);
    add_text_part(alternative, "plain", text);
    if (m->html.len > 0)
        add_html(alternative, m);
    g_mime_message_set_mime_part(mail, GMIME_OBJECT(alternative));
    g_object_unref(alternative);
    g_free(text);
    return mail;
}

static void write_mail(GMimeMessage *mail, struct buf *out)
{
    GMimeFormatOptions *format = g_mime_format_options_new();
    GByteArray *bytes = g_byte_array_new();
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), TRUE);
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    g_mime_object_write_to_stream(GMIME_OBJECT(mail), format, stream);
    buf_add(out, span_of((const char *)bytes->data, bytes->len));
    g_object_unref(stream);
    g_mime_format_options_free(format);
}

/* GMime wants it once. */
static void begin_mime(void)
{
    static bool has_begun;
    if (!has_begun)
        g_mime_init();
    has_begun = true;
}

int email_message_print(const struct email_message *m, struct buf *out, struct err *err)
{
    begin_mime();
    if (!email_address_is_good(m->to))
        return err_set(err, ERR_INPUT, "no mail address");
    if (!email_address_is_good(m->from) ||
        (m->reply_to.len > 0 && !email_address_is_good(m->reply_to)))
        return err_set(err, ERR_INPUT, "our own mail address is none");
    GMimeMessage *mail = make(m);
    write_mail(mail, out);
    g_object_unref(mail);
    return buf_is_overflowed(out) ? err_set(err, ERR_INPUT, "the mail is too long") : 0;
}
