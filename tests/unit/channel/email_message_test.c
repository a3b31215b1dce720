/* The shape of a mail as RFC 5322, 2045, 2369 and 8058 want it. That other programs read the same
 * out of it is tests/e2e/mail.test.mjs. */
#include "channel/email_message.h"

#include "channel/email_html.h"
#include "domain/transfer_qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static struct email_message usual(void)
{
    return (struct email_message){
        .from = SPAN_LIT("office@bank.example"),
        .from_name = SPAN_LIT("Bank Przykładowy SA"),
        .to = SPAN_LIT("anna@example.com"),
        .subject = SPAN_LIT("FV/1: termin płatności"),
        .text = SPAN_LIT("Dzień dobry,\n\nzapłać tutaj:\nhttps://p.example/AbC\n"),
        .html = SPAN_LIT("<!doctype html><html><body><p>Dzień dobry</p></body></html>\n"),
        .language = SPAN_LIT("pl"),
        .id = SPAN_LIT("CODE"),
        .id_domain = SPAN_LIT("b.bank.example"),
        .unsubscribe = SPAN_LIT("https://p.example/AbC/unsubscribe"),
        .at = {INT64_C(1764000000000000)}, /* 2025-11-24 16:00:00 UTC */
    };
}

/* Null when refused; to be freed. */
static char *print(const struct email_message *m)
{
    struct buf out;
    struct err err;
    buf_init(&out, EMAIL_MESSAGE_MAX);
    bool is_refused = email_message_print(m, &out, &err) != 0;
    char *mail = is_refused ? NULL : strdup(buf_span(&out).base);
    buf_release(&out);
    return mail;
}

static void assert_has(const char *mail, const char *part)
{
    if (strstr(mail, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, mail);
}

static void headers_are_those_of_a_mail_that_may_be_refused(void **state)
{
    (void)state;
    struct email_message m = usual();
    char *mail = print(&m);
    assert_non_null(mail);
    assert_has(mail, "\r\nFrom: Bank =?UTF-8?q?Przyk=C5=82adowy?= SA <office@bank.example>\r\n");
    assert_has(mail, "\r\nTo: anna@example.com\r\n");
    assert_has(mail, "Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n");
    assert_has(mail, "\r\nMessage-Id: <CODE@b.bank.example>\r\n");
    assert_has(mail, "\r\nAuto-Submitted: auto-generated\r\n");
    assert_has(mail, "\r\nList-Unsubscribe: <https://p.example/AbC/unsubscribe>\r\n");
    assert_has(mail, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    assert_has(mail, "\r\nMIME-Version: 1.0\r\n");
    assert_has(mail, "multipart/alternative");
    assert_null(strstr(mail, "image/png"));
    free(mail);
    m.unsubscribe = span_of(NULL, 0);
    mail = print(&m);
    assert_null(strstr(mail, "List-Unsubscribe"));
    free(mail);
}

/* No bare CR or LF, no line above 998 octets (RFC 5322 2.1.1), nothing but ASCII. */
static void every_line_can_go_over_any_wire(void **state)
{
    (void)state;
    char *text = malloc(20001);
    memset(text, 'x', 20000);
    for (int i = 0; i < 20000; i += 5)
        memcpy(text + i, "ż", 2);
    text[20000] = 0;
    struct email_message m = usual();
    m.text = span_str(text);
    m.subject = span_of(text, 390);
    char *mail = print(&m), *line = mail;
    assert_non_null(mail);
    for (char *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
        assert_true(end - line <= 998);
        for (char *c = line; c < end; ++c)
            assert_true((unsigned char)*c >= ' ' || *c == '\t');
        for (char *c = line; c < end; ++c)
            assert_true((unsigned char)*c < 127);
    }
    assert_int_equal(*line, 0);
    free(mail);
    free(text);
}

static void nothing_in_a_field_begins_another_header(void **state)
{
    static const char bad[] = "x\r\nBcc: eve@example.com\nX-A: b\rX-B: c\0X-C: d";
    (void)state;
    struct email_message m = usual();
    m.subject = m.from_name = span_of(bad, sizeof(bad) - 1);
    char *mail = print(&m);
    assert_non_null(mail);
    assert_null(strstr(mail, "\nBcc:"));
    assert_null(strstr(mail, "\nX-A:"));
    assert_null(strstr(mail, "\rX-B:"));
    assert_null(strstr(mail, "\nX-C:"));
    free(mail);
    m = usual();
    m.subject = SPAN_LIT("=?utf-8?q?x=0D=0ABcc:_eve@example.com?= \xff\xfe");
    mail = print(&m);
    assert_non_null(mail);
    assert_null(strstr(mail, "\nBcc:"));
    free(mail);
}

static void addresses_are_addresses(void **state)
{
    static const char *const good[] = {"a@b", "anna.nowak+x@example.com", "o'neil@example.co.uk",
                                       "anna@przykład.pl"};
    static const char *const bad[] = {
        "",          "anna",        "@example.com",   "anna@",         "anna@b.example\r\n",
        "a b@c.d",   "a@b.c,d@e.f", "<a@b.c>",        "a@b.c>",        "\"a b\"@c.d",
        "a@b@c.d",   "anna@b c",    "ännä@b.example", ".a@b.c",        "a.@b.c",
        "a@.b.c",    "a@b.c.",      "a(x)@b.c",       "a@[127.0.0.1]", "a:b@c.d",
        "a@b.c\x7f", "a@b;c",       "a\\b@c.d",       "a@b.\xc5",      "a@b.c\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); ++i)
        if (!email_address_is_good(span_str(good[i])))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        if (email_address_is_good(span_str(bad[i])))
            fail_msg("taken: %s", bad[i]);
    assert_false(email_address_is_good(span_of("a\0b@c.d", 7)));
    struct email_message m = usual();
    m.to = SPAN_LIT("anna@example.com, eve@example.com");
    assert_null(print(&m));
    m = usual();
    m.reply_to = SPAN_LIT("x\r\ny@z.example");
    assert_null(print(&m));
}

static void transfer_code_is_shown_where_there_is_one(void **state)
{
    (void)state;
    struct transfer transfer = {.recipient = SPAN_LIT("Bank"),
                                .account = SPAN_LIT("PL61109010140000071219812874"),
                                .title = SPAN_LIT("FV/1"),
                                .amount = money_of(12345, "PLN")};
    struct email_message m = usual();
    m.transfer = &transfer;
    char *mail = print(&m);
    assert_has(mail, "multipart/related");
    assert_has(mail, "\r\nContent-Id: <transfer>\r\n");
    assert_has(mail, "Content-Disposition: inline");
    assert_has(mail, "\r\n\r\niVBORw0KGgo"); /* a PNG's first bytes in base64 */
    free(mail);
    transfer.amount = money_of(0, "PLN");
    mail = print(&m);
    assert_null(strstr(mail, "image/png"));
    free(mail);
}

static void picture_stands_at_the_end_of_the_letter(void **state)
{
    static const char end[] = "</td></tr></table></td></tr></table></body></html>";
    static const struct {
        const char *html, *before, *after;
    } rows[] = {
        {"<p>x</p></td></tr></table></td></tr></table></body></html>", "<p>x</p><p>Or scan", end},
        {"<p>x</p></body>", "<p>x</p><p>Or scan", "</p></body>"},
        {"<p>x</p>", "<p>x</p><p>Or scan", "</p>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf out;
        buf_init(&out, 4096);
        email_html_add_picture(span_str(rows[i].html), SPAN_LIT("en"), "pic", 200, &out);
        const char *html = buf_span(&out).base;
        assert_has(html, rows[i].before);
        assert_has(html, "<img src=\"cid:pic\" alt=\"QR\" width=\"200\" height=\"200\"");
        assert_string_equal(html + strlen(html) - strlen(rows[i].after), rows[i].after);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_those_of_a_mail_that_may_be_refused),
        cmocka_unit_test(every_line_can_go_over_any_wire),
        cmocka_unit_test(nothing_in_a_field_begins_another_header),
        cmocka_unit_test(addresses_are_addresses),
        cmocka_unit_test(transfer_code_is_shown_where_there_is_one),
        cmocka_unit_test(picture_stands_at_the_end_of_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
