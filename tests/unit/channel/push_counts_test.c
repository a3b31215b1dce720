#include "channel/push_counts.h"

#include "channel/push_apps.h"
#include "io/timer.h"
#include "push/apns.h"
#include "push/fcm.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void each_word_of_the_services_tables_is_known(void **state)
{
    (void)state;
    for (const struct verdict_row *row = apns_rows; row->status != 0; ++row)
        assert_string_equal(push_reason_known(span_str(row->reason)), row->reason);
    for (const struct fcm_row *row = fcm_rows; row->row.status != 0; ++row)
        assert_string_equal(push_reason_known(span_str(row->row.reason)), row->row.reason);
}

static void whatever_else_a_service_says_is_other(void **state)
{
    static const char *const words[] = {"unregistered", "Unregistered ", "status 418",
                                        "no connection to 17.0.0.1 port 443: connection failure",
                                        "\"}\n# TYPE evil counter"};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
        assert_string_equal(push_reason_known(span_str(words[i])), "other");
    assert_string_equal(push_reason_known(SPAN_LIT("")), "");
}

/* The whole text of one app, as /metrics has it. */
static void print(const char *app, const struct push_result *results, size_t count, struct buf *out)
{
    struct err err;
    char pem[1024];
    h2o_loop_t *loop = h2o_evloop_create();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    size_t len = (size_t)BIO_read(bio, pem, sizeof(pem));
    struct push_app_order order = {.app = {.app = app,
                                           .service = "apns",
                                           .environment = "sandbox",
                                           .topic = app,
                                           .channel_id = ""},
                                   .settings = {.kind = PUSH_APNS,
                                                .loop = loop,
                                                .apns = {.key_pem = span_of(pem, len),
                                                         .key_id = SPAN_LIT("ABCDE12345"),
                                                         .team_id = SPAN_LIT("TEAM123456")}}};
    push_tuning_default(&order.settings.tuning, PUSH_APNS);
    struct push_apps *apps = push_apps_new(&order, 1, &err);
    assert_non_null(apps);
    for (size_t i = 0; i < count; ++i)
        push_counts_add(push_apps_at(apps, 0)->counts, &results[i]);
    push_counts_alarm(push_apps_at(apps, 0)->counts, PUSH_ALARM_TOPIC, 1790000000);
    buf_init(out, 1 << 20);
    push_counts_print(apps, out);
    buf_add_char(out, '\0');
    push_apps_free(apps);
    BIO_free(bio);
    EVP_PKEY_free(key);
    timer_loop_release(loop);
    h2o_evloop_destroy(loop);
}

static void assert_line(const struct buf *text, const char *line)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "\n%s\n", line);
    if (strstr(buf_span(text).base, whole) == NULL)
        fail_msg("no line %s in\n%s", line, buf_span(text).base);
}

static void outcomes_are_printed_by_reason_and_answers_by_their_time(void **state)
{
    static const struct push_result results[] = {
        {.outcome = PUSH_ACCEPTED, .took_us = 5000},
        {.outcome = PUSH_ACCEPTED, .took_us = 5001},
        {.outcome = PUSH_ACCEPTED, .took_us = 20000000},
        {.outcome = PUSH_REFUSED, .reason = SPAN_LIT("Unregistered"), .took_us = 9999},
        {.outcome = PUSH_REFUSED, .reason = SPAN_LIT("Novelty"), .took_us = 1},
        {.outcome = PUSH_UNKNOWN, .reason = SPAN_LIT("connection lost")},
    };
    struct buf text;
    (void)state;
    print("com.example.bank", results, 6, &text);
#define L "{app=\"com.example.bank\",service=\"apns\",environment=\"sandbox\""
    assert_line(&text, "dunlin_push_outcomes_total" L ",outcome=\"accepted\",reason=\"\"} 3");
    assert_line(&text,
                "dunlin_push_outcomes_total" L ",outcome=\"refused\",reason=\"Unregistered\"} 1");
    assert_line(&text, "dunlin_push_outcomes_total" L ",outcome=\"refused\",reason=\"other\"} 1");
    assert_line(&text, "dunlin_push_outcomes_total" L
                       ",outcome=\"unknown\",reason=\"connection lost\"} 1");
    assert_line(&text, "dunlin_push_outcomes_total" L ",outcome=\"never_sent\",reason=\"\"} 0");
    assert_line(&text, "dunlin_push_answer_seconds_bucket" L ",le=\"0.005\"} 2");
    assert_line(&text, "dunlin_push_answer_seconds_bucket" L ",le=\"0.01\"} 4");
    assert_line(&text, "dunlin_push_answer_seconds_bucket" L ",le=\"10\"} 4");
    assert_line(&text, "dunlin_push_answer_seconds_bucket" L ",le=\"+Inf\"} 5");
    assert_line(&text, "dunlin_push_answer_seconds_sum" L "} 20.020001");
    assert_line(&text, "dunlin_push_answer_seconds_count" L "} 5");
    assert_line(&text, "dunlin_push_alarms_total" L ",alarm=\"topic\"} 1");
    assert_line(&text, "dunlin_push_alarm_timestamp_seconds" L ",alarm=\"topic\"} 1790000000");
    assert_line(&text, "dunlin_push_tokens_total" L "} 0");
    assert_null(strstr(buf_span(&text).base, "Novelty"));
    buf_release(&text);
}

static void a_label_cannot_be_left_by_its_value(void **state)
{
    struct buf text;
    (void)state;
    print("a\"b\\c\nd", NULL, 0, &text);
    assert_line(&text, "dunlin_push_queued{app=\"a\\\"b\\\\c\\nd\",service=\"apns\","
                       "environment=\"sandbox\"} 0");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_of_the_services_tables_is_known),
        cmocka_unit_test(whatever_else_a_service_says_is_other),
        cmocka_unit_test(outcomes_are_printed_by_reason_and_answers_by_their_time),
        cmocka_unit_test(a_label_cannot_be_left_by_its_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
