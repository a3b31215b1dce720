/* libcurl tells neither how far a conversation got nor which command a server refused. Both show in
 * the commands that it sends: a debug function sees each of them just before it goes out, and looks
 * at the first word alone, as passwords pass there too. */
#include "io/fetch_mail.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_smtp(const char *protocol)
{
    return strncmp(protocol, "smtp", 4) == 0;
}

/* ---- what may be asked ---- */

static bool is_one_line(struct span text)
{
    for (size_t i = 0; i < text.len; ++i)
        if ((unsigned char)text.base[i] < ' ' || text.base[i] == 0x7f)
            return false;
    return true;
}

/* Empty is good: a sender may be. */
static bool is_mailbox(struct span address)
{
    for (size_t i = 0; i < address.len; ++i)
        if (strchr("<> \"", address.base[i]) != NULL)
            return false;
    return address.len <= 320 && is_one_line(address);
}

int fetch_mail_check(const struct fetch_request *request, const char *protocol, struct err *err)
{
    if (is_smtp(protocol) && (!is_mailbox(request->sender) || !is_mailbox(request->recipient)))
        return err_set(err, ERR_INPUT, "an address that no envelope can carry");
    if (!is_smtp(protocol) && !is_one_line(span_str(request->method)))
        return err_set(err, ERR_INPUT, "an IMAP command is one line");
    return 0;
}

/* ---- while it goes on ---- */

static bool says(const char *bytes, size_t len, const char *word)
{
    return span_starts(span_of(bytes, len), span_str(word));
}

/* Commands come in their order; an answer to AUTH may look like any word, but not out of it. */
static int on_wire(CURL *easy, curl_infotype type, char *bytes, size_t len, void *owner)
{
    (void)easy;
    struct fetch_mail *mail = owner;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    if (mail->stage == FETCH_STAGE_CONNECT && says(bytes, len, "AUTH ")) {
        mail->stage = FETCH_STAGE_LOGIN;
        mail->has_logged_in = true;
    } else if (mail->stage <= FETCH_STAGE_LOGIN && says(bytes, len, "MAIL FROM:")) {
        mail->stage = FETCH_STAGE_SENDER;
    } else if (mail->stage == FETCH_STAGE_SENDER && says(bytes, len, "RCPT TO:")) {
        mail->stage = FETCH_STAGE_RECIPIENT;
    } else if (mail->stage == FETCH_STAGE_RECIPIENT && says(bytes, len, "DATA")) {
        mail->stage = FETCH_STAGE_DATA;
    } else if (says(bytes, len, "QUIT")) {
        mail->has_said_goodbye = true; /* what is answered to that is of no interest */
    }
    return 0;
}

static size_t on_line(char *bytes, size_t size, size_t count, void *owner)
{
    struct fetch_mail *mail = owner;
    size_t len = size * count;
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        --len;
    if (len > 0 && !mail->has_said_goodbye)
        snprintf(mail->last_line, sizeof(mail->last_line), "%.*s", (int)len, bytes);
    return size * count;
}

/* Asked for after the server's 354. What is not wanted any more ends without its final dot, so that
 * no server takes it. */
static size_t on_wanted(char *bytes, size_t size, size_t count, void *owner)
{
    struct fetch_mail *mail = owner;
    bool is_unwanted = clock_mono().ns > mail->data_by.ns || atomic_load(mail->is_held);
    if (mail->sent == 0 && mail->data_by.ns != 0 && is_unwanted)
        return CURL_READFUNC_ABORT;
    size_t room = size * count, left = mail->len - mail->sent;
    size_t part = left < room ? left : room;
    memcpy(bytes, mail->bytes + mail->sent, part);
    mail->sent += part;
    if (mail->sent == mail->len)
        mail->stage = FETCH_STAGE_END; /* libcurl sends the dot behind it and does not ask again */
    return part;
}

/* ---- what is asked ---- */

static void set_text(CURL *easy, CURLoption option, struct span text)
{
    char *copy = strndup(text.base == NULL ? "" : text.base, text.len);
    if (copy == NULL)
        abort();
    curl_easy_setopt(easy, option, copy); /* copies */
    secret_wipe(copy, strlen(copy));
    free(copy);
}

static void set_message(struct fetch_mail *mail, CURL *easy, const struct fetch_request *request)
{
    mail->bytes = malloc(request->body.len + 1);
    if (mail->bytes == NULL)
        abort();
    memcpy(mail->bytes, request->body.base, request->body.len);
    mail->len = request->body.len;
    mail->data_by = request->data_by;
    set_text(easy, CURLOPT_MAIL_FROM, request->sender);
    struct curl_slist *recipients = NULL;
    char *recipient = strndup(request->recipient.base, request->recipient.len);
    if (recipient == NULL || (recipients = curl_slist_append(NULL, recipient)) == NULL)
        abort();
    free(recipient);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    mail->recipients = recipients;
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_wanted);
    curl_easy_setopt(easy, CURLOPT_READDATA, mail);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->len);
}

void fetch_mail_set(struct fetch_mail *mail, CURL *easy, const struct fetch_request *request,
                    const char *protocol, bool is_loopback)
{
    bool is_plain = is_loopback && request->ca_file.len == 0;
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (request->user.len != 0) {
        set_text(easy, CURLOPT_USERNAME, request->user);
        set_text(easy, CURLOPT_PASSWORD, request->password);
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long)(request->timeout_ms + 999) / 1000);
    if (!is_smtp(protocol)) {
        if (request->method[0] != 0)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, mail);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_wire);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, mail);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* or the debug function is not asked */
    if (request->recipient.len != 0)
        set_message(mail, easy, request);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
}

void fetch_mail_release(struct fetch_mail *mail)
{
    curl_slist_free_all(mail->recipients);
    if (mail->bytes != NULL)
        secret_wipe(mail->bytes, mail->len);
    free(mail->bytes);
}

/* ---- what became of it ---- */

/* A refusal is an answer, though libcurl takes it for an error. */
void fetch_mail_read(struct fetch_mail *mail, CURL *easy, CURLcode code, int *status,
                     struct err *err)
{
    long last = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &last);
    if (code == CURLE_OK || (last >= 400 && last <= 599)) {
        *status = (int)last;
        return;
    }
    mail->last_line[0] = 0; /* it is of a command before */
    if (code == CURLE_ABORTED_BY_CALLBACK)
        err_set(err, ERR_PROVIDER, "too late to be sent");
    else
        err_set(err, ERR_PROVIDER, "%s", curl_easy_strerror(code));
}

enum fetch_fate fetch_mail_fate(const struct fetch_mail *mail, int status)
{
    if (status != 0)
        return FETCH_ANSWERED;
    return mail->stage == FETCH_STAGE_END ? FETCH_UNKNOWN : FETCH_NEVER_SENT;
}
