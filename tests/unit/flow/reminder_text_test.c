#include "flow/reminder_text.h"

#include "flow/world.h"
#include "store/reminder_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const steps[] = {"issue",   "before_2", "due",     "after_2",
                                    "after_9", "after_16", "thanks_1"};
enum { STEP_COUNT = sizeof(steps) / sizeof(steps[0]), SMS_PART_MAX = 160 };

static const struct creditor creditor = {.name = {"Pożyczki Przykładowe SA", 26},
                                         .phone = {"+48 22 000 00 00", 16},
                                         .website = {"https://www.example.com", 23}};

/* The longest of what is usual: a number of 15 characters, five digits before the comma. */
static struct reminder_claimed claimed_of(const char *step, const char *channel,
                                          const char *language)
{
    struct reminder_claimed claimed = {.channel = span_str(channel),
                                       .language = span_str(language),
                                       .number = SPAN_LIT("FV/2026/11/0042"),
                                       .product = SPAN_LIT("Pożyczka <gotówkowa>"),
                                       .currency = SPAN_LIT("PLN"),
                                       .due_minor = 1234567,
                                       .due_date = 20779};
    snprintf(claimed.key.step, sizeof(claimed.key.step), "%s", step);
    return claimed;
}

static void write_words(const struct reminder_texts *texts, const struct reminder_claimed *claimed,
                        struct reminder_text *text)
{
    struct err err = {0};
    const struct reminder_words words = {
        .creditor = &creditor, .link = SPAN_LIT("https://p.bank.example/AbCdEfGhIjKlMnOpQr")};
    reminder_text_init(text);
    assert_int_equal(reminder_text_write(texts, claimed, 1, &words, text, &err), 0);
    assert_false(buf_is_overflowed(&text->body));
}

static struct reminder_texts *texts_of(void)
{
    struct err err = {0};
    struct reminder_texts *texts = reminder_texts_new(&err);
    assert_non_null(texts);
    return texts;
}

static bool has(struct span text, const char *part)
{
    return text.len > 0 && memmem(text.base, text.len, part, strlen(part)) != NULL;
}

/* 3GPP TS 23.038: none of the Polish letters is in GSM-7, and ^{}[]~\| count twice. */
static void polish_and_english_sms_are_one_part_of_the_gsm_alphabet(void **state)
{
    (void)state;
    struct reminder_texts *texts = texts_of();
    for (int language = 0; language < 2; ++language)
        for (int i = 0; i < STEP_COUNT; ++i) {
            struct reminder_claimed claimed =
                claimed_of(steps[i], "sms", language == 0 ? "pl" : "en");
            struct reminder_text text;
            write_words(texts, &claimed, &text);
            struct span body = buf_span(&text.body);
            assert_in_range(body.len, 40, SMS_PART_MAX);
            for (size_t c = 0; c < body.len; ++c) {
                assert_in_range(body.base[c], ' ', 'z');
                assert_null(strchr("^[]\\`", body.base[c]));
            }
            assert_int_equal(buf_span(&text.title).len, 0);
            reminder_text_release(&text);
        }
    reminder_texts_free(texts);
}

/* KPF: what stands on a lock screen must not show that somebody owes, nor how much. */
static void a_push_tells_no_amount_and_carries_no_address(void **state)
{
    (void)state;
    static const char *const languages[] = {"pl", "en", "uk"};
    struct reminder_texts *texts = texts_of();
    for (int language = 0; language < 3; ++language)
        for (int i = 0; i < STEP_COUNT; ++i) {
            struct reminder_claimed claimed = claimed_of(steps[i], "push", languages[language]);
            struct reminder_text text;
            write_words(texts, &claimed, &text);
            assert_in_range(buf_span(&text.title).len, 5, 80);
            assert_in_range(buf_span(&text.body).len, 10, 200);
            assert_false(has(buf_span(&text.body), "345,67") ||
                         has(buf_span(&text.body), "345.67"));
            assert_false(has(buf_span(&text.body), "https://"));
            reminder_text_release(&text);
        }
    reminder_texts_free(texts);
}

static void a_mail_has_a_subject_the_amount_and_the_link_as_they_stand(void **state)
{
    (void)state;
    struct reminder_texts *texts = texts_of();
    struct reminder_claimed claimed = claimed_of("due", "email", "pl");
    struct reminder_text text;
    write_words(texts, &claimed, &text);
    assert_true(has(buf_span(&text.title), "FV/2026/11/0042"));
    assert_true(has(buf_span(&text.body), "345,67"));
    assert_true(has(buf_span(&text.body), "https://p.bank.example/AbCdEfGhIjKlMnOpQr"));
    assert_true(has(buf_span(&text.body), "Pożyczka <gotówkowa>"));
    assert_null(memchr(buf_span(&text.title).base, '\n', buf_span(&text.title).len));
    reminder_text_release(&text);
    reminder_texts_free(texts);
}

static void an_unknown_language_gets_the_polish_text_and_an_unknown_step_none(void **state)
{
    (void)state;
    struct reminder_texts *texts = texts_of();
    struct reminder_claimed claimed = claimed_of("due", "sms", "xx");
    struct reminder_text text;
    write_words(texts, &claimed, &text);
    assert_true(has(buf_span(&text.body), "Dzis termin"));
    reminder_text_release(&text);
    struct reminder_claimed odd = claimed_of("someday", "sms", "pl");
    const struct reminder_words words = {.creditor = &creditor};
    struct err err = {0};
    reminder_text_init(&text);
    assert_int_equal(reminder_text_write(texts, &odd, 1, &words, &text, &err), ERR_INPUT);
    reminder_text_release(&text);
    reminder_texts_free(texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polish_and_english_sms_are_one_part_of_the_gsm_alphabet),
        cmocka_unit_test(a_push_tells_no_amount_and_carries_no_address),
        cmocka_unit_test(a_mail_has_a_subject_the_amount_and_the_link_as_they_stand),
        cmocka_unit_test(an_unknown_language_gets_the_polish_text_and_an_unknown_step_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
