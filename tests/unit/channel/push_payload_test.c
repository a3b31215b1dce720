#include "channel/push_payload.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

typedef void (*payload_fn)(struct buf *, const struct push_words *);
static const payload_fn payloads[] = {push_payload_apns, push_payload_fcm};

static struct push_words words_of(const char *body)
{
    return (struct push_words){
        .title = SPAN_LIT("Bank \"Przykładowy\""),
        .body = span_str(body),
        .step = SPAN_LIT("after_9"),
        .creditor = SPAN_LIT("Bank"),
        .number = SPAN_LIT("FV/1"),
        .link = SPAN_LIT("https://p.bank.example/AbCdEfGhIjKlMnOpQr"),
        .push_id = SPAN_LIT("123e4567-e89b-12d3-a456-426614174000"),
        .collapse_id = SPAN_LIT("0123456789abcdefghijkl"),
        .channel_id = SPAN_LIT("payments"),
        .is_urgent = true,
    };
}

static json_t *made(payload_fn payload, const struct push_words *words, size_t *len)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    payload(&out, words);
    assert_false(buf_is_overflowed(&out));
    struct span text = buf_span(&out);
    json_error_t error;
    json_t *json = json_loadb(text.base, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        print_message("%s: %.*s\n", error.text, SPAN_ARG(text));
    assert_non_null(json);
    if (len != NULL)
        *len = text.len;
    buf_release(&out);
    return json;
}

/* The text at "a/b/c"; "" where there is none. */
static const char *at(const json_t *json, const char *path)
{
    char name[64];
    while (*path != 0) {
        size_t len = strcspn(path, "/");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)(name[0] - '0'))
                                   : json_object_get(json, name);
        path += len + (path[len] == '/');
    }
    return json_is_string(json) ? json_string_value(json) : "";
}

static void apns_gets_alert_link_and_push(void **state)
{
    (void)state;
    struct push_words words = words_of("Dotknij,\naby \\ otworzyć.\x01");
    json_t *json = made(push_payload_apns, &words, NULL);
    assert_string_equal(at(json, "aps/alert/title"), "Bank \"Przykładowy\"");
    assert_string_equal(at(json, "aps/alert/body"), "Dotknij,\naby \\ otworzyć.\x01");
    assert_string_equal(at(json, "aps/sound"), "default");
    assert_string_equal(at(json, "link"), "https://p.bank.example/AbCdEfGhIjKlMnOpQr");
    assert_string_equal(at(json, "push"), "123e4567-e89b-12d3-a456-426614174000");
    json_decref(json);
}

static void fcm_gets_notification_data_tag_and_channel(void **state)
{
    (void)state;
    struct push_words words = words_of("Dotknij.");
    json_t *json = made(push_payload_fcm, &words, NULL);
    assert_string_equal(at(json, "notification/title"), "Bank \"Przykładowy\"");
    assert_string_equal(at(json, "notification/body"), "Dotknij.");
    assert_string_equal(at(json, "data/link"), "https://p.bank.example/AbCdEfGhIjKlMnOpQr");
    assert_string_equal(at(json, "data/push"), "123e4567-e89b-12d3-a456-426614174000");
    assert_string_equal(at(json, "android/priority"), "HIGH");
    assert_string_equal(at(json, "android/notification/tag"), "0123456789abcdefghijkl");
    assert_string_equal(at(json, "android/notification/channel_id"), "payments");
    assert_string_equal(at(json, "android/notification/visibility"), "PRIVATE");
    assert_string_equal(at(json, "apns/headers/apns-collapse-id"), "0123456789abcdefghijkl");
    assert_null(json_object_get(json, "token"));
    json_decref(json);
}

static void keys_are_the_apps_to_localise_and_hold_no_amount(void **state)
{
    (void)state;
    struct push_words words = words_of("");
    json_t *json = made(push_payload_apns, &words, NULL);
    assert_string_equal(at(json, "aps/alert/title-loc-key"), "dunlin_title");
    assert_string_equal(at(json, "aps/alert/title-loc-args/0"), "Bank");
    assert_string_equal(at(json, "aps/alert/loc-key"), "dunlin_after_9");
    assert_string_equal(at(json, "aps/alert/loc-args/0"), "FV/1");
    json_decref(json);
    words.step = SPAN_LIT("thanks_3");
    json = made(push_payload_fcm, &words, NULL);
    assert_null(json_object_get(json, "notification"));
    assert_string_equal(at(json, "android/notification/body_loc_key"), "dunlin_thanks");
    assert_string_equal(at(json, "android/notification/title_loc_key"), "dunlin_title");
    assert_string_equal(at(json, "apns/payload/aps/alert/loc-key"), "dunlin_thanks");
    json_decref(json);
}

/* Bodies of one, two, three and four octets a character, and of what is escaped. */
static void what_is_too_long_is_cut_between_two_characters_to_4096_octets(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "ż", "…", "😀", "\"", "\n", "\x02", "aż😀"};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); ++i) {
        char body[20000] = "";
        size_t len = 0;
        while (len + 16 < sizeof(body))
            len += (size_t)snprintf(body + len, sizeof(body) - len, "%s", units[i]);
        for (size_t p = 0; p < 2; ++p) {
            struct push_words words = words_of(body);
            size_t made_len;
            json_t *json = made(payloads[p], &words, &made_len); /* jansson refuses broken UTF-8 */
            assert_in_range(made_len, PUSH_PAYLOAD_MAX - 12, PUSH_PAYLOAD_MAX);
            const char *shown = at(json, p == 0 ? "aps/alert/body" : "notification/body");
            size_t shown_len = strlen(shown);
            assert_true(shown_len > 100);
            assert_string_equal(shown + shown_len - 3, "…");
            assert_memory_equal(shown, body, shown_len - 3);
            json_decref(json);
        }
    }
}

static void what_just_fits_is_not_cut(void **state)
{
    (void)state;
    for (size_t p = 0; p < 2; ++p) {
        char body[PUSH_PAYLOAD_MAX + 2];
        size_t without;
        struct push_words words = words_of("a");
        json_decref(made(payloads[p], &words, &without));
        size_t room = PUSH_PAYLOAD_MAX - without + 1, len;
        memset(body, 'x', sizeof(body));
        words.body = span_of(body, room);
        json_decref(made(payloads[p], &words, &len));
        assert_int_equal(len, PUSH_PAYLOAD_MAX);
        words.body = span_of(body, room + 1);
        json_t *json = made(payloads[p], &words, &len);
        assert_int_equal(len, PUSH_PAYLOAD_MAX);
        assert_non_null(strstr(at(json, p == 0 ? "aps/alert/body" : "notification/body"), "…"));
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apns_gets_alert_link_and_push),
        cmocka_unit_test(fcm_gets_notification_data_tag_and_channel),
        cmocka_unit_test(keys_are_the_apps_to_localise_and_hold_no_amount),
        cmocka_unit_test(what_is_too_long_is_cut_between_two_characters_to_4096_octets),
        cmocka_unit_test(what_just_fits_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
