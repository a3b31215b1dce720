/* The expected hashes were made by `printf … | sha256sum`. */
#include "flow/message_kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct span codes[] = {{"AbC123", 6}, {"Zz9", 3}};

static void assert_kept(struct buf *list, const char *wanted)
{
    char *kept = message_kept_take(list);
    assert_string_equal(kept, wanted);
    free(kept);
    buf_release(list);
}

static void the_code_of_a_link_is_left_out_and_the_hash_is_of_what_was_sent(void **state)
{
    (void)state;
    struct buf list;
    buf_init(&list, MESSAGE_KEPT_MAX);
    message_kept_add(&list,
                     &(struct message_kept){.to = SPAN_LIT("+48601000001"),
                                            .body = SPAN_LIT("Zapłać https://p.example/AbC123 "
                                                             "\"dziś\" p.example/Zz9")},
                     codes, 2);
    assert_kept(
        &list,
        "{\"messages\":[{\"to\":\"+48601000001\",\"text\":\"Zapłać "
        "https://p.example/… \\\"dziś\\\" "
        "p.example/"
        "…\",\"sha256\":\"78923a19bced45eeda93e223f5cfa71eb68c84d25feab8764d22da032efb07cc\"}]}");
}

static void devices_with_the_same_words_are_one_message(void **state)
{
    (void)state;
    struct buf list;
    const struct message_kept polish = {.title = SPAN_LIT("Faktura"), .body = SPAN_LIT("Do jutra")};
    buf_init(&list, MESSAGE_KEPT_MAX);
    message_kept_add(&list, &polish, codes, 2);
    message_kept_add(&list, &(struct message_kept){.body = SPAN_LIT("A word")}, codes, 2);
    message_kept_add(&list, &polish, codes, 2);
    assert_kept(
        &list,
        "{\"messages\":[{\"title\":\"Faktura\",\"text\":\"Do jutra\",\"sha256\":"
        "\"82fdcafd5df2a8f80f8feb6b8c1f15dc9da8be09d651be6791e98a308a4dc6af\"},{\"text\":\"A "
        "word\",\"sha256\":\"d6d0977570f5111eed7b92f7a65c384e8099b98f3c08370da7081ef3eeb43aff\"}]"
        "}");
}

static void what_says_nothing_keeps_nothing(void **state)
{
    (void)state;
    struct buf list;
    buf_init(&list, MESSAGE_KEPT_MAX);
    assert_null(message_kept_take(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_of_a_link_is_left_out_and_the_hash_is_of_what_was_sent),
        cmocka_unit_test(devices_with_the_same_words_are_one_message),
        cmocka_unit_test(what_says_nothing_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
