#include "h2_asker.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static const struct ask_field nothing[] = {{NULL, NULL}};
static const struct span small_body = {"{\"aps\":{}}", 10};

static void answer(struct asker *asker, struct h2_request *request, int status, const char *body)
{
    const struct h2_field fields[] = {{SPAN_LIT("apns-id"), SPAN_LIT("an-id")}};
    h2_server_answer(asker->server, request, status, fields, 1, span_str(body));
}

static int setup(void **state)
{
    static struct asker asker;
    asker_begin(&asker, 4);
    *state = &asker;
    return 0;
}

static int teardown(void **state)
{
    asker_end(*state);
    return 0;
}

static void a_request_is_told_whole_and_answered(void **state)
{
    struct asker *asker = *state;
    const struct ask_field fields[] = {
        {":path", "/3/device/ab"}, {"apns-topic", "one"}, {NULL, NULL}};
    struct h2_request *request = asker_ask(asker, fields, small_body);
    assert_non_null(request);
    assert_true(span_is_str(h2_request_field(request, ":method", NULL), "POST"));
    assert_true(span_is_str(h2_request_field(request, ":path", NULL), "/3/device/ab"));
    assert_true(span_is_str(h2_request_field(request, "apns-topic", NULL), "one"));
    assert_null(h2_request_field(request, "apns-id", NULL).base);
    assert_true(span_is(buf_span(&request->body), small_body));
    answer(asker, request, 410, "{\"reason\":\"Unregistered\"}");
    asker_talk(asker);
    assert_int_equal(asker->answers[1].status, 410);
    assert_string_equal(asker->answers[1].id, "an-id");
    assert_string_equal(asker->answers[1].body, "{\"reason\":\"Unregistered\"}");
    assert_true(asker->answers[1].is_closed);
    assert_int_equal(asker->gone_count, 0);
    assert_int_equal(h2_server_open_count(asker->server), 0);
}

static void it_may_come_octet_by_octet(void **state)
{
    struct asker *asker = *state;
    asker->portion = 1;
    struct h2_request *request = asker_ask(asker, nothing, small_body);
    assert_non_null(request);
    assert_true(span_is(buf_span(&request->body), small_body));
}

static void a_header_that_stands_there_twice_is_counted(void **state)
{
    const struct ask_field fields[] = {{"apns-id", "a"}, {"apns-id", "b"}, {NULL, NULL}};
    int count;
    struct h2_request *request = asker_ask(*state, fields, small_body);
    assert_true(span_is_str(h2_request_field(request, "apns-id", &count), "a"));
    assert_int_equal(count, 2);
}

static void a_body_too_long_is_counted_and_not_kept(void **state)
{
    static char body[60000];
    memset(body, 'x', sizeof(body));
    struct h2_request *request = asker_ask(*state, nothing, span_of(body, sizeof(body)));
    assert_int_equal(request->body_len, sizeof(body));
    assert_int_equal(buf_span(&request->body).len, H2_SERVER_BODY_MAX);
}

static void headers_too_large_or_too_many_get_431(void **state)
{
    struct asker *asker = *state;
    static char value[7990];
    memset(value, 'v', sizeof(value) - 1);
    const struct ask_field large[] = {{"x", value}, {NULL, NULL}};
    assert_null(asker_ask(asker, large, small_body));
    assert_int_equal(asker->answers[1].status, 431);
    struct ask_field many[H2_SERVER_FIELDS_MAX] = {{NULL, NULL}};
    for (size_t i = 0; i + 1 < H2_SERVER_FIELDS_MAX; ++i)
        many[i] = (struct ask_field){"x", "y"};
    assert_null(asker_ask(asker, many, small_body));
    assert_int_equal(asker->answers[3].status, 431);
    assert_non_null(asker_ask(asker, nothing, small_body)); /* and the session goes on */
}

static void streams_beyond_the_limit_are_not_looked_at(void **state)
{
    struct asker *asker = *state;
    /* Before it has seen our SETTINGS a client may open as many as it likes. */
    for (int i = 0; i < 6; ++i)
        asker_submit(asker, nothing, (struct span){NULL, 0});
    asker_talk(asker);
    assert_int_equal(asker->asked_count, 4);
    answer(asker, asker->asked[0], 200, "");
    asker_talk(asker);
    assert_int_equal(asker->answers[1].status, 200);
    assert_int_equal(
        nghttp2_session_get_remote_settings(asker->client, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
        4);
    h2_server_allow(asker->server, 250);
    asker_talk(asker);
    assert_int_equal(
        nghttp2_session_get_remote_settings(asker->client, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
        250);
}

static void a_request_taken_back_is_told_once(void **state)
{
    struct asker *asker = *state;
    assert_non_null(asker_ask(asker, nothing, small_body));
    nghttp2_submit_rst_stream(asker->client, NGHTTP2_FLAG_NONE, 1, NGHTTP2_CANCEL);
    asker_talk(asker);
    assert_int_equal(asker->gone_count, 1);
    assert_int_equal(h2_server_open_count(asker->server), 0);
}

static void goaway_answers_up_to_the_last_and_closes_the_rest_unlooked_at(void **state)
{
    struct asker *asker = *state;
    for (int i = 0; i < 3; ++i)
        assert_non_null(asker_ask(asker, nothing, small_body));
    h2_server_goaway(asker->server, asker->asked[1], SPAN_LIT("{\"reason\":\"Shutdown\"}"));
    asker_talk(asker);
    assert_true(asker->is_gone_away);
    assert_int_equal(asker->last_stream, 3);
    assert_string_equal(asker->debug, "{\"reason\":\"Shutdown\"}");
    assert_int_equal(asker->answers[5].code, NGHTTP2_REFUSED_STREAM);
    assert_int_equal(asker->gone_count, 1);
    assert_false(h2_server_is_over(asker->server));
    answer(asker, asker->asked[0], 200, "");
    answer(asker, asker->asked[1], 200, "");
    asker_talk(asker);
    assert_int_equal(asker->answers[3].status, 200);
    assert_true(h2_server_is_over(asker->server));
}

static void what_is_no_http2_ends_the_session(void **state)
{
    struct asker *asker = *state;
    struct err err;
    assert_int_equal(
        h2_server_feed(asker->server, SPAN_LIT("POST /token HTTP/1.1\r\nHost: x\r\n\r\n"), &err),
        ERR_INPUT);
}

static void ending_a_session_tells_of_what_was_not_answered(void **state)
{
    (void)state;
    static struct asker asker;
    asker_begin(&asker, 4);
    asker_ask(&asker, nothing, small_body);
    asker_ask(&asker, nothing, small_body);
    answer(&asker, asker.asked[0], 200, "never pulled");
    asker_end(&asker);
    assert_int_equal(asker.gone_count, 1);
}

int main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_PEER(a_request_is_told_whole_and_answered),
        WITH_PEER(it_may_come_octet_by_octet),
        WITH_PEER(a_header_that_stands_there_twice_is_counted),
        WITH_PEER(a_body_too_long_is_counted_and_not_kept),
        WITH_PEER(headers_too_large_or_too_many_get_431),
        WITH_PEER(streams_beyond_the_limit_are_not_looked_at),
        WITH_PEER(a_request_taken_back_is_told_once),
        WITH_PEER(goaway_answers_up_to_the_last_and_closes_the_rest_unlooked_at),
        WITH_PEER(what_is_no_http2_ends_the_session),
        cmocka_unit_test(ending_a_session_tells_of_what_was_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
