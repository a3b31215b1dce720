/* The page of each state in each language, and what hostile data does to it: nothing. */
#include "http/page_view.h"

#include "provider/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The page, its QR code (at most 2 kB, page_transfer_test) and its icon come in one TCP window of
 * 14 kB. */
enum { PAGE_BYTES_MAX = 14 * 1024 - 3 * 1024 };

static const struct provider fake = {.name = "fake", .takes_blik_code = true};
static const struct provider_account accounts[] = {{.provider = &fake}, {.provider = NULL}};
static const struct instant now = {INT64_C(1780000000) * 1000000};

struct fixture {
    struct world world;
    struct keyring *keys;
    struct page_view *view;
    struct page_row row;
    struct page_model model;
    struct page_visit visit;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    f->keys = keyring_new(SPAN_LIT("1 000102030405060708090a0b0c0d0e0f"
                                   "101112131415161718191a1b1c1d1e1f active\n"),
                          &err);
    f->world = (struct world){
        .keys = f->keys,
        .providers = accounts,
        .creditor = {.name = SPAN_LIT("Żubr Leasing SA"),
                     .nip = SPAN_LIT("5265877635"),
                     .phone = SPAN_LIT("+48 22 123 45 67"),
                     .email = SPAN_LIT("pomoc@zubr.example"),
                     .website = SPAN_LIT("zubr.example"),
                     .privacy_url = SPAN_LIT("https://zubr.example/rodo")},
    };
    f->view = page_view_new(&f->world, &err);
    if (f->view == NULL)
        fail_msg("%s", err.text);
    f->row = (struct page_row){
        .language = SPAN_LIT("pl"),
        .name = SPAN_LIT("Anna Kowalska"),
        .number = SPAN_LIT("FV/11/2026/77"),
        .kind = SPAN_LIT("instalment"),
        .product = SPAN_LIT("Leasing auta"),
        .currency = SPAN_LIT("PLN"),
        .account = SPAN_LIT("PL61109010140000071219812874"),
        .due_minor = 123456,
        .due_date = 20419, /* 27 November 2025 */
        .days_left = 3,
    };
    f->visit = (struct page_visit){.code = SPAN_LIT("0aB1cD2eF3gH4iJ5kL"),
                                   .link = {.customer_id = 7, .link_no = 1}};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    page_view_free(f->view);
    keyring_free(f->keys);
    free(f);
    return 0;
}

static const char *show(struct fixture *f, struct page_wishes wishes)
{
    f->model = page_model_of(&f->row, wishes, now);
    return page_view_link(f->view, &f->model, &f->visit).base;
}

static void assert_shows(const char *html, const char *text)
{
    if (strstr(html, text) == NULL)
        fail_msg("\"%s\" is not in: %s", text, html);
}

static void assert_hides(const char *html, const char *text)
{
    if (strstr(html, text) != NULL)
        fail_msg("\"%s\" is in: %s", text, html);
}

static void assert_is_whole(const char *html)
{
    assert_hides(html, "{{");
    assert_hides(html, "[[");
    assert_shows(html, "</html>");
    assert_true(strlen(html) <= PAGE_BYTES_MAX);
}

static void pay(struct fixture *f, enum payment_state state, bool is_blik, const char *reason)
{
    f->row.payment = (struct page_payment){.is_there = true,
                                           .state = state,
                                           .is_blik = is_blik,
                                           .reason = span_str(reason),
                                           .reference = SPAN_LIT("SB-1"),
                                           .amount_minor = 123456,
                                           .whole_minor = 123456,
                                           .created_at = instant_plus_seconds(now, -100),
                                           .changed_at = instant_plus_seconds(now, -100)};
}

/* ---- what each state says ---- */

static void the_app_is_offered_where_there_is_one_and_not_at_its_own_host(void **state)
{
    struct fixture *f = *state;
    assert_hides(show(f, (struct page_wishes){0}), "w aplikacji</a>");
    f->world.app_links.origin = SPAN_LIT("https://app.zubr.example");
    assert_shows(show(f, (struct page_wishes){0}),
                 "<a href=\"https://app.zubr.example/0aB1cD2eF3gH4iJ5kL\">Otwórz w aplikacji</a>");
    f->visit.is_language_chosen = true;
    f->visit.language = LANGUAGE_ENGLISH;
    assert_shows(show(f, (struct page_wishes){0}),
                 "<a href=\"https://app.zubr.example/0aB1cD2eF3gH4iJ5kL?lang=en\">Open in the app");
    assert_is_whole(show(f, (struct page_wishes){0}));
    f->visit.is_at_app_host = true;
    assert_hides(show(f, (struct page_wishes){0}), "app.zubr.example");
}

static void due_page_says_what_how_much_and_until_when(void **state)
{
    struct fixture *f = *state;
    const char *html = show(f, (struct page_wishes){0});
    assert_is_whole(html);
    assert_shows(html, "1\xc2\xa0"
                       "234,56\xc2\xa0zł");
    assert_shows(html, "27\xc2\xa0listopada\xc2\xa0"
                       "2025");
    assert_shows(html, "za 3 dni");
    assert_shows(html, "Rata · <bdi>Leasing auta</bdi>");
    assert_shows(html, "FV/11/2026/77");
    assert_shows(html, "A. K.");
    assert_hides(html, "Kowalska");
    assert_shows(html, "action=\"/0aB1cD2eF3gH4iJ5kL/payments\"");
    assert_shows(html, "name=\"amount\" value=\"123456\"");
    assert_shows(html, "autocomplete=\"one-time-code\"");
    assert_shows(html, "61 1090 1014 0000 0712 1981 2874");
    assert_shows(html, "data-copy=\"61109010140000071219812874\"");
    assert_shows(html, "data-copy=\"1234,56\"");
    assert_shows(html, "href=\"tel:+48221234567\"");
    assert_shows(html, "href=\"https://zubr.example\"");
}

static void overdue_page_says_how_late(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum language language;
        int32_t days_left;
        const char *words;
    } rows[] = {
        {LANGUAGE_POLISH, -1, "1 dzień po terminie"},
        {LANGUAGE_POLISH, -22, "22 dni po terminie"},
        {LANGUAGE_POLISH, 0, ">dziś<"},
        {LANGUAGE_POLISH, 1, ">jutro<"},
        {LANGUAGE_ENGLISH, -1, "1 day late"},
        {LANGUAGE_ENGLISH, -3, "3 days late"},
        {LANGUAGE_ENGLISH, 12, "in 12 days"},
        {LANGUAGE_UKRAINIAN, -21, "прострочено на 21 день"},
        {LANGUAGE_UKRAINIAN, 3, "через 3 дні"},
        {LANGUAGE_UKRAINIAN, 11, "через 11 днів"},
    };
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i) {
        f->visit.language = rows[i].language;
        f->row.days_left = rows[i].days_left;
        assert_shows(show(f, (struct page_wishes){0}), rows[i].words);
    }
}

static void part_paid_page_says_what_came_in(void **state)
{
    struct fixture *f = *state;
    f->row.paid_minor = 10000;
    const char *html = show(f, (struct page_wishes){0});
    assert_shows(html, "Zapłacono już <b>100,00\xc2\xa0zł</b> z 1\xc2\xa0"
                       "334,56\xc2\xa0zł");
    assert_shows(html, "<progress max=\"133456\" value=\"10000\"");
}

static void paid_page_thanks_and_asks_for_nothing(void **state)
{
    struct fixture *f = *state;
    pay(f, PAYMENT_PAID, false, "");
    f->row.due_minor = 0;
    f->row.paid_minor = 123456;
    f->row.paid_on = 20419;
    const char *html = show(f, (struct page_wishes){0});
    assert_is_whole(html);
    assert_shows(html, "Zapłacone. Dziękujemy!");
    assert_shows(html, "SB-1");
    assert_hides(html, "/payments");
    assert_shows(html, "/rating");
    assert_hides(html, "Nadpłata");
}

static void overpaid_page_says_what_comes_back(void **state)
{
    struct fixture *f = *state;
    f->row.due_minor = -1000;
    f->row.paid_minor = 124456;
    assert_shows(show(f, (struct page_wishes){0}), "Nadpłata: 10,00\xc2\xa0zł");
}

static void written_off_debt_is_not_called_paid(void **state)
{
    struct fixture *f = *state;
    f->row.due_minor = 0;
    const char *html = show(f, (struct page_wishes){0});
    assert_shows(html, "Nic do zapłaty");
    assert_hides(html, "Zapłacone.");
}

static void waiting_page_offers_a_way_on(void **state)
{
    struct fixture *f = *state;
    f->visit.is_language_chosen = true;
    f->visit.language = LANGUAGE_ENGLISH;
    pay(f, PAYMENT_STARTED, true, "");
    const char *html = show(f, (struct page_wishes){.is_back = true});
    assert_is_whole(html);
    assert_shows(html, "Confirm in your bank's app");
    assert_shows(html, "href=\"/0aB1cD2eF3gH4iJ5kL?again=1&amp;lang=en\"");
    assert_shows(html, "href=\"/0aB1cD2eF3gH4iJ5kL?back=1&amp;lang=en\"");
    assert_hides(html, "<form");
}

static void each_reason_of_failure_has_clear_words(void **state)
{
    struct fixture *f = *state;
    static const char *const reasons[] = {"blik_code_wrong",
                                          "blik_code_expired",
                                          "blik_code_used",
                                          "blik_not_confirmed",
                                          "limit_exceeded",
                                          "refused_by_bank",
                                          "refused_by_customer",
                                          "insufficient_funds",
                                          "closed",
                                          "timed_out",
                                          "refused",
                                          "what is this"};
    for (int language = 0; language != LANGUAGE_COUNT; ++language)
        for (size_t i = 0; i != sizeof(reasons) / sizeof(reasons[0]); ++i) {
            f->visit.language = (enum language)language;
            pay(f, PAYMENT_FAILED, true, reasons[i]);
            const char *html = show(f, (struct page_wishes){0});
            assert_is_whole(html);
            assert_shows(html, "class=\"n bad\"");
        }
}

static void wrong_blik_code_is_told_at_its_field(void **state)
{
    struct fixture *f = *state;
    const char *html = show(f, (struct page_wishes){.is_blik_wrong = true});
    assert_shows(html, "aria-invalid=\"true\" aria-describedby=\"e\"");
    assert_shows(html, "Kod BLIK ma 6 cyfr");
}

static void euro_debt_has_an_iban_and_no_blik(void **state)
{
    struct fixture *f = *state;
    f->row.currency = SPAN_LIT("EUR");
    const char *html = show(f, (struct page_wishes){0});
    assert_shows(html, "PL61 1090 1014 0000 0712 1981 2874");
    assert_hides(html, "one-time-code");
}

static void debt_without_an_account_has_no_transfer_data(void **state)
{
    struct fixture *f = *state;
    f->row.account = span_of(NULL, 0);
    const char *html = show(f, (struct page_wishes){0});
    assert_is_whole(html);
    assert_hides(html, "data-copy=");
}

static void each_note_and_notice_has_its_words_in_each_language(void **state)
{
    struct fixture *f = *state;
    static const unsigned holds[] = {PAGE_HOLD_PLAN, PAGE_HOLD_PROMISE, PAGE_HOLD_DISPUTE,
                                     PAGE_HOLD_ADMIN};
    for (int language = 0; language != LANGUAGE_COUNT; ++language) {
        f->visit.language = (enum language)language;
        for (size_t i = 0; i != sizeof(holds) / sizeof(holds[0]); ++i) {
            f->row.holds = holds[i];
            assert_shows(show(f, (struct page_wishes){0}), "role=\"status\"><b>");
        }
        for (int notice = 0; notice != PAGE_NOTICE_COUNT; ++notice) {
            const char *html = page_view_notice(f->view, (enum page_notice)notice, &f->visit).base;
            assert_is_whole(html);
            assert_hides(html, "<h1 class=\"t\"></h1>");
            assert_hides(html, "<p></p>");
        }
    }
}

static void notices_show_nothing_of_the_debt(void **state)
{
    struct fixture *f = *state;
    show(f, (struct page_wishes){0});
    for (int notice = 0; notice != PAGE_NOTICE_COUNT; ++notice) {
        const char *html = page_view_notice(f->view, (enum page_notice)notice, &f->visit).base;
        assert_hides(html, "FV/11");
        assert_hides(html, "A. K.");
        assert_hides(html, "234,56");
    }
}

/* ---- hostile data ---- */

static void hostile_texts_are_shown_as_text(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {"<script>alert(1)</script>",
                                        "\"><svg onload=alert(1)>",
                                        "{{7*7}}{{code}}",
                                        "\xe2\x80\xae"
                                        "kcehc",
                                        "😀😀 👩‍👩‍👧",
                                        "=HYPERLINK(\"http://x\")",
                                        "[[paid_title]]",
                                        "&lt;b&gt;"};
    for (size_t i = 0; i != sizeof(texts) / sizeof(texts[0]); ++i) {
        f->row.name = f->row.number = f->row.product = span_str(texts[i]);
        const char *html = show(f, (struct page_wishes){0});
        assert_hides(html, "<script>alert");
        assert_hides(html, "<svg onload");
        assert_hides(html, "\"><svg");
        assert_hides(html, "Zapłacone. Dziękujemy");
        assert_shows(html, "</html>");
        assert_true(strlen(html) <= PAGE_BYTES_MAX);
    }
}

static void very_long_texts_keep_the_page_small(void **state)
{
    struct fixture *f = *state;
    static char text[40001];
    for (size_t i = 0; i != 40000; i += 4)
        memcpy(text + i, "😀", 4);
    f->row.name = f->row.number = f->row.product = span_of(text, 40000);
    assert_is_whole(show(f, (struct page_wishes){0}));
    memset(text, '&', 40000);
    const char *html = show(f, (struct page_wishes){0});
    assert_true(strlen(html) <= PAGE_BYTES_MAX);
}

static void paying_again_is_said_to_be_paying_twice(void **state)
{
    struct fixture *f = *state;
    pay(f, PAYMENT_PENDING, false, "");
    const char *html = show(f, (struct page_wishes){.is_again = true});
    assert_is_whole(html);
    assert_shows(html, "możesz zapłacić dwa razy");
    assert_shows(html, "<a class=\"g\" href=\"/0aB1cD2eF3gH4iJ5kL\">");
    assert_shows(html, "name=\"again\" value=\"1\"");
    assert_hides(html, "<button class=\"g\"");
    f->row.payment = (struct page_payment){0};
    html = show(f, (struct page_wishes){.is_again = true});
    assert_hides(html, "name=\"again\"");
    assert_shows(html, "<button class=\"g\"");
}

static void erased_person_has_no_name(void **state)
{
    struct fixture *f = *state;
    f->row.name = span_of(NULL, 0);
    const char *html = show(f, (struct page_wishes){0});
    assert_is_whole(html);
    assert_hides(html, ", dla ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_app_is_offered_where_there_is_one_and_not_at_its_own_host),
        TEST(due_page_says_what_how_much_and_until_when),
        TEST(overdue_page_says_how_late),
        TEST(part_paid_page_says_what_came_in),
        TEST(paid_page_thanks_and_asks_for_nothing),
        TEST(overpaid_page_says_what_comes_back),
        TEST(written_off_debt_is_not_called_paid),
        TEST(waiting_page_offers_a_way_on),
        TEST(each_reason_of_failure_has_clear_words),
        TEST(wrong_blik_code_is_told_at_its_field),
        TEST(euro_debt_has_an_iban_and_no_blik),
        TEST(debt_without_an_account_has_no_transfer_data),
        TEST(each_note_and_notice_has_its_words_in_each_language),
        TEST(notices_show_nothing_of_the_debt),
        TEST(hostile_texts_are_shown_as_text),
        TEST(very_long_texts_keep_the_page_small),
        TEST(paying_again_is_said_to_be_paying_twice),
        TEST(erased_person_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
