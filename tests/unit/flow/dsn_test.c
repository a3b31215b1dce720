/* Bounces in the shapes of common servers, written after RFC 3464 and what is publicly known of
 * each; they are the fuzzer's corpus, too. */
#include "flow/dsn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static const char code[] = "0Ab1Cd2Ef3Gh4Ij5Kl";

static void read_file(const char *name, struct dsn *dsn)
{
    char path[300], *bytes = malloc(DSN_SIZE_MAX);
    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/dsn/%s.eml", SOURCE_DIR, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, DSN_SIZE_MAX, file);
    fclose(file);
    dsn_read(span_of(bytes, len), SPAN_LIT("b.example"), dsn);
    free(bytes);
}

static void bounces_of_common_servers_are_read(void **state)
{
    static const struct {
        const char *name;
        enum dsn_action action;
        enum message_news_kind kind;
        enum message_news_address address;
        const char *reason;
        bool is_alarm;
    } rows[] = {
        {"postfix_failed", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_DEAD,
         "bounced 5.1.1", false},
        {"postfix_delayed", DSN_DELAYED, MESSAGE_NEWS_SENT_ON, MESSAGE_NEWS_ADDRESS_SOFT,
         "delayed 4.4.1", false},
        {"exim_failed", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_DEAD,
         "bounced 5.1.1", false},
        {"exchange_full", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_SOFT,
         "bounced 5.2.2", false},
        {"gmail_policy", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_KEPT,
         "bounced 5.7.26", true},
        {"delivered", DSN_DELIVERED, MESSAGE_NEWS_DELIVERED, MESSAGE_NEWS_ADDRESS_KEPT,
         "delivered 2.0.0", false},
        {"two_recipients", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_KEPT,
         "bounced 5.4.4", false},
        {"encoded", DSN_FAILED, MESSAGE_NEWS_UNDELIVERED, MESSAGE_NEWS_ADDRESS_DEAD,
         "bounced 5.1.2", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct dsn dsn;
        struct message_news news;
        bool is_alarm;
        char reason[64];
        read_file(rows[i].name, &dsn);
        if (dsn.code_count != 1 || strcmp(dsn.codes[0], code) != 0)
            fail_msg("%s: %d codes, %s", rows[i].name, dsn.code_count, dsn.codes[0]);
        if (dsn.action != rows[i].action || !dsn_judge(&dsn, &news, &is_alarm, reason))
            fail_msg("%s: action %d", rows[i].name, dsn.action);
        if (news.kind != rows[i].kind || news.address != rows[i].address ||
            is_alarm != rows[i].is_alarm || strcmp(reason, rows[i].reason) != 0)
            fail_msg("%s: kind %d, address %d, alarm %d, %s", rows[i].name, news.kind, news.address,
                     is_alarm, reason);
    }
}

static void what_is_no_notification_says_nothing(void **state)
{
    (void)state;
    struct dsn dsn;
    struct message_news news;
    bool is_alarm;
    char reason[64];
    read_file("away", &dsn);
    assert_int_equal(dsn.action, DSN_NONE);
    assert_false(dsn_judge(&dsn, &news, &is_alarm, reason));
    read_file("strange_inside", &dsn); /* neither a code in a body nor a bounce in a bounce */
    assert_int_equal(dsn.action, DSN_NONE);
    assert_int_equal(dsn.code_count, 0);
}

static void codes_come_from_addresses_of_our_domain_alone(void **state)
{
    static const struct {
        const char *to;
        int count;
    } rows[] = {
        {"bounce+0Ab1Cd2Ef3Gh4Ij5Kl@b.example", 1},
        {"<bounce+0Ab1Cd2Ef3Gh4Ij5Kl@b.example>, bounce+0Ab1Cd2Ef3Gh4Ij5Km@b.example", 2},
        {"bounce+0Ab1Cd2Ef3Gh4Ij5Kl@c.example", 0},
        {"bounce+0Ab1Cd2Ef3Gh4Ij5K@b.example", 0},
        {"bounce+0Ab1Cd2Ef3Gh4Ij5Kl0@b.example", 0},
        {"bounce+0Ab1Cd2Ef3Gh4Ij5K-@b.example", 0},
        {"bounce+", 0},
        {"bounce+0Ab1Cd2Ef3Gh4Ij5Kl@b.exampl", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char mail[300];
        struct dsn dsn;
        int len = snprintf(mail, sizeof(mail), "To: %s\r\n\r\nx\r\n", rows[i].to);
        dsn_read(span_of(mail, (size_t)len), SPAN_LIT("b.example"), &dsn);
        if (dsn.code_count != rows[i].count)
            fail_msg("%s: %d codes", rows[i].to, dsn.code_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounces_of_common_servers_are_read),
        cmocka_unit_test(what_is_no_notification_says_nothing),
        cmocka_unit_test(codes_come_from_addresses_of_our_domain_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
