#include "flow/message_texts.h"

#include "domain/forbidden_phrase.h"
#include "domain/mail_html.h"
#include "domain/mustache.h"
#include "domain/sms_text.h"
#include "flow/message_sample.h"
#include "flow/message_text.h"
#include "flow/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool has(struct span text, const char *part)
{
    return text.len > 0 && memmem(text.base, text.len, part, strlen(part)) != NULL;
}

/* ---- every shipped text, on each channel it has, with each sample ---- */

struct written {
    const struct message_stored *shipped;
    enum message_channel channel;
    enum message_sample_kind sample;
    struct buf title, body, html;
};

static void fail_written(const struct written *w, const char *why)
{
    fail_msg("%s/%.*s.%s %s, sample %d: %s\n%s\n%s", language_code(w->shipped->language),
             SPAN_ARG(w->shipped->name), message_tone_name(w->shipped->tone),
             message_channel_name(w->channel), (int)w->sample, why, buf_span(&w->title).base,
             buf_span(&w->body).base);
}

static void check_characters(const struct written *w)
{
    const struct buf *both[] = {&w->title, &w->body};
    for (int i = 0; i < 2; ++i) {
        struct span text = buf_span(both[i]);
        for (size_t c = 0; c < text.len; ++c)
            if ((unsigned char)text.base[c] < ' ' && (i == 0 || text.base[c] != '\n'))
                fail_written(w, "a control character");
        if (has(text, "\xe2\x80\xae"))
            fail_written(w, "a direction mark");
        if (w->sample != MESSAGE_SAMPLE_ODD && (has(text, "{{") || has(text, "}}")))
            fail_written(w, "braces");
        if (has(text, " ,") || has(text, " .") || has(text, "  ") || has(text, "()") ||
            has(text, "\n\n\n"))
            fail_written(w, "a hole");
        if (has(text, "\nBcc"))
            fail_written(w, "a line of the data's own");
        struct forbidden_find found;
        if (forbidden_phrase_find(text, 0, &found))
            fail_written(w, found.phrase->why);
    }
}

static void check_link(const struct written *w)
{
    static const char link[] = MESSAGE_SAMPLE_LINK;
    struct span rest = buf_span(&w->body);
    int count = 0;
    for (const char *at; (at = memmem(rest.base, rest.len, link, sizeof(link) - 1)) != NULL;) {
        rest = span_from(rest, (size_t)(at - rest.base) + sizeof(link) - 1);
        bool is_way_out = span_starts(rest, SPAN_LIT("/wypisz"));
        if (!is_way_out && rest.len > 0 && rest.base[0] != ' ' && rest.base[0] != '\n')
            fail_written(w, "no blank behind the link");
        count += !is_way_out;
    }
    bool wants = message_needs_link(w->shipped->name) &&
                 (w->channel == MESSAGE_SMS || w->channel == MESSAGE_EMAIL);
    if (wants && count == 0)
        fail_written(w, "no link");
    if (w->channel == MESSAGE_SMS && count > 1)
        fail_written(w, "more than one link");
    if (w->channel == MESSAGE_PUSH && count > 0)
        fail_written(w, "a link in a push");
}

static void check_sms(const struct written *w)
{
    struct sms_measure m = sms_text_measure(buf_span(&w->body));
    bool is_ukrainian = w->shipped->language == LANGUAGE_UKRAINIAN;
    if (w->sample == MESSAGE_SAMPLE_ODD)
        return;
    if (m.parts > (is_ukrainian ? 2 : 1)) {
        char why[64];
        snprintf(why, sizeof(why), "%d parts of %d units", (int)m.parts, (int)m.units);
        fail_written(w, why);
    }
    if (!is_ukrainian && m.alphabet != SMS_GSM)
        fail_written(w, "not the GSM alphabet");
}

/* KPF: what stands on a lock screen must not show how much somebody owes. */
static void check_push(const struct written *w)
{
    if (has(buf_span(&w->body), "412") || has(buf_span(&w->body), "345,67") ||
        has(buf_span(&w->title), "412") || has(buf_span(&w->title), "345,67"))
        fail_written(w, "an amount in a push");
    if (buf_span(&w->title).len > 80 || buf_span(&w->body).len > 220)
        fail_written(w, "too long for a push");
}

static int count_of(struct span text, const char *part)
{
    int count = 0;
    for (const char *at; (at = memmem(text.base, text.len, part, strlen(part))) != NULL; ++count)
        text = span_from(text, (size_t)(at - text.base) + strlen(part));
    return count;
}

static void check_html(struct written *w, const struct message_facts *facts)
{
    struct span others[] = {facts->creditor->website, facts->unsubscribe};
    mail_html_write(&w->html, &(struct mail_letter){.language = w->shipped->language,
                                                    .subject = buf_span(&w->title),
                                                    .body = buf_span(&w->body),
                                                    .creditor = facts->creditor->name,
                                                    .link = message_first_debt(facts)->link,
                                                    .others = others,
                                                    .other_count = 2});
    struct span html = buf_span(&w->html);
    if (has(html, "<script") || has(html, "<b>") || has(html, "onerror") ||
        has(html, "href=\"https://evil"))
        fail_written(w, "mark-up out of the data");
    if (count_of(html, "class=\"go\"") != 1)
        fail_written(w, "not one button");
    if (count_of(html, "<p") != count_of(html, "</p>") ||
        count_of(html, "<ul") != count_of(html, "</ul>") ||
        count_of(html, "<a ") != count_of(html, "</a>") ||
        count_of(html, "<table") != count_of(html, "</table>"))
        fail_written(w, "tags that do not close");
    if (has(html, "http://") || has(html, "<img") || has(html, "url("))
        fail_written(w, "something to be loaded");
}

static void write_and_check(const struct message_stored *shipped, const struct mustache *template,
                            enum message_channel channel, enum message_sample_kind sample)
{
    struct written w = {.shipped = shipped, .channel = channel, .sample = sample};
    struct err err = {0};
    const struct message_facts facts = message_sample(sample);
    const struct message_way way = {
        .channel = channel, .language = shipped->language, .is_plain = true};
    buf_init(&w.title, 1024);
    buf_init(&w.body, MESSAGE_BODY_MAX);
    buf_init(&w.html, MAIL_HTML_MAX);
    if (message_text_write(template, &facts, &way, &w.title, &w.body, &err) != 0)
        fail_written(&w, err.text);
    check_characters(&w);
    check_link(&w);
    if (channel == MESSAGE_SMS)
        check_sms(&w);
    if (channel == MESSAGE_PUSH)
        check_push(&w);
    if (channel == MESSAGE_EMAIL)
        check_html(&w, &facts);
    buf_release(&w.title);
    buf_release(&w.body);
    buf_release(&w.html);
}

static bool is_neutral_text(struct span name)
{
    return span_starts(name, SPAN_LIT("neutral"));
}

static void check_shipped(void *owner, const struct message_stored *shipped)
{
    int *count = owner;
    struct err err = {0};
    struct mustache *template = mustache_new(shipped->text, &err);
    assert_non_null(template);
    unsigned channels = message_channels_of(template);
    if (is_neutral_text(shipped->name))
        channels = 1u << MESSAGE_PUSH;
    for (int channel = 0; channel < MESSAGE_CHANNEL_COUNT; ++channel)
        for (int sample = 0; sample < MESSAGE_SAMPLE_COUNT; ++sample)
            if ((channels >> channel & 1) != 0) {
                write_and_check(shipped, template, (enum message_channel)channel,
                                (enum message_sample_kind)sample);
                ++*count;
            }
    mustache_free(template);
}

static void every_shipped_text_is_whole_short_and_safe_with_every_sample(void **state)
{
    (void)state;
    int count = 0;
    message_shipped_list(check_shipped, &count);
    assert_in_range(count, 3 * 20 * 3 * 4, 2000);
}

/* What the presets name, typed from the contract: no step may be without words. */
static void every_template_of_the_presets_is_there_in_each_language(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum message_tone tone;
        bool has_own_file;
        const char *channels;
    } wanted[] = {
        {"issue", MESSAGE_FRIENDLY, false, "sms push email voice call"},
        {"before", MESSAGE_NEUTRAL, true, "sms push email"},
        {"before", MESSAGE_FRIENDLY, true, "sms push email voice call"},
        {"before", MESSAGE_FIRM, true, "sms push email"},
        {"before_leasing", MESSAGE_NEUTRAL, true, "sms push email"},
        {"due", MESSAGE_NEUTRAL, true, "sms push email voice call"},
        {"late", MESSAGE_NEUTRAL, true, "sms push email"},
        {"late", MESSAGE_FRIENDLY, true, "sms push email"},
        {"late", MESSAGE_FIRM, true, "sms push email voice call"},
        {"late", MESSAGE_FINAL, true, "sms push email"},
        {"late_instalments", MESSAGE_FIRM, false, "sms push email"},
        {"consequences", MESSAGE_FIRM, false, "sms push email"},
        {"offer", MESSAGE_FIRM, false, "sms push email"},
        {"instalment_before", MESSAGE_NEUTRAL, true, "sms push email"},
        {"instalment_due", MESSAGE_NEUTRAL, true, "sms push email"},
        {"instalment_missed", MESSAGE_NEUTRAL, true, "sms push email"},
        {"plan_agreed", MESSAGE_NEUTRAL, true, "sms push email"},
        {"plan_broken", MESSAGE_NEUTRAL, true, "sms push email"},
        {"answered", MESSAGE_NEUTRAL, true, "sms push email"},
        {"details", MESSAGE_NEUTRAL, true, "sms push email"},
        {"call", MESSAGE_NEUTRAL, true, "voice call"},
        {"call", MESSAGE_FIRM, true, "voice call"},
        {"handover", MESSAGE_FINAL, false, "handover"},
        {"merged", MESSAGE_FIRM, false, "sms push email voice call handover"},
        {"thanks", MESSAGE_NEUTRAL, true, "sms push email"},
        {"neutral", MESSAGE_NEUTRAL, true, "push"},
        {"neutral_thanks", MESSAGE_NEUTRAL, true, "push"},
        {"before_2", MESSAGE_NEUTRAL, true, "sms push email"},
        {"after_2", MESSAGE_NEUTRAL, true, "sms push email"},
        {"after_9", MESSAGE_NEUTRAL, true, "sms push email"},
        {"after_16", MESSAGE_NEUTRAL, true, "sms push email"},
    };
    struct err err = {0};
    struct message_texts *texts = message_texts_new(&err);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); ++i)
        for (int language = 0; language < LANGUAGE_COUNT; ++language) {
            struct span name = span_str(wanted[i].name);
            struct span own = message_shipped_text(name, wanted[i].tone, (enum language)language);
            assert_true(message_texts_has(texts, name, wanted[i].tone));
            assert_int_equal(own.base != NULL, wanted[i].has_own_file);
            for (int channel = 0; channel < MESSAGE_CHANNEL_COUNT; ++channel) {
                const char *word = message_channel_name((enum message_channel)channel);
                if (strstr(wanted[i].channels, word) == NULL)
                    continue;
                struct message_choice choice;
                const struct message_wish wish = {name, wanted[i].tone, (enum language)language,
                                                  (enum message_channel)channel};
                if (!message_texts_find(texts, &wish, &choice))
                    fail_msg("%s %s", wanted[i].name, word);
                assert_int_equal(choice.language, language);
            }
        }
    message_texts_free(texts);
}

/* ---- finding ---- */

static struct span write_choice(const struct message_choice *choice, struct buf *body)
{
    struct err err = {0};
    struct buf title;
    const struct message_facts facts = message_sample(MESSAGE_SAMPLE_USUAL);
    const struct message_way way = {.channel = MESSAGE_SMS, .language = choice->language};
    buf_init(&title, 100);
    buf_init(body, 1000);
    assert_int_equal(message_text_write(choice->template, &facts, &way, &title, body, &err), 0);
    buf_release(&title);
    return buf_span(body);
}

static void assert_found(const struct message_texts *texts, struct message_wish wish,
                         int32_t version, const char *expected)
{
    struct message_choice choice;
    struct buf body;
    assert_true(message_texts_find(texts, &wish, &choice));
    assert_int_equal(choice.version, version);
    if (!has(write_choice(&choice, &body), expected))
        fail_msg("%s is not in: %s", expected, buf_span(&body).base);
    buf_release(&body);
}

static void an_admins_text_comes_first_then_the_tone_then_the_neutral_then_polish(void **state)
{
    (void)state;
    struct err err = {0};
    struct message_texts *texts = message_texts_new(&err);
    const struct message_stored stored[] = {
        {SPAN_LIT("late"), MESSAGE_FIRM, LANGUAGE_ENGLISH, 7, SPAN_LIT("{{#sms}}ours{{/sms}}"),
         false},
        {SPAN_LIT("promise"), MESSAGE_NEUTRAL, LANGUAGE_POLISH, 2,
         SPAN_LIT("{{#sms}}obietnica {{amount}}{{/sms}}"), true},
        {SPAN_LIT("late"), MESSAGE_FINAL, LANGUAGE_ENGLISH, 1, SPAN_LIT("{{#sms}}broken"), true},
    };
    message_texts_store(texts, stored, 3);
    const struct message_wish firm = {SPAN_LIT("late"), MESSAGE_FIRM, LANGUAGE_ENGLISH,
                                      MESSAGE_SMS};
    struct message_wish wish = firm;
    assert_found(texts, wish, 7, "ours");
    wish.tone = MESSAGE_FRIENDLY;
    assert_found(texts, wish, 0, "Did it slip");
    wish.tone = MESSAGE_FINAL; /* the admin's does not compile */
    assert_found(texts, wish, 0, "Still no payment");
    wish.template = SPAN_LIT("due");
    assert_found(texts, wish, 0, "Due today");
    wish.template = SPAN_LIT("promise"); /* in Polish alone, and so are its amounts */
    assert_found(texts, wish, 2, "obietnica 412,50 PLN");
    /* Its e-mail is not the admin's: that one has an SMS alone. */
    struct message_choice choice;
    wish = firm;
    wish.channel = MESSAGE_EMAIL;
    assert_true(message_texts_find(texts, &wish, &choice));
    assert_int_equal(choice.version, 0);
    message_texts_store(texts, NULL, 0);
    assert_found(texts, firm, 0, "was due");
    wish.template = SPAN_LIT("promise");
    assert_false(message_texts_find(texts, &wish, &choice));
    assert_false(message_texts_has(texts, SPAN_LIT("promise"), MESSAGE_FIRM));
    message_texts_free(texts);
}

static void calls_and_hand_overs_have_words_for_every_template_but_thanks(void **state)
{
    (void)state;
    struct err err = {0};
    struct message_choice choice;
    struct message_texts *texts = message_texts_new(&err);
    struct message_wish wish = {SPAN_LIT("late"), MESSAGE_FIRM, LANGUAGE_UKRAINIAN, MESSAGE_CALL};
    assert_true(message_texts_find(texts, &wish, &choice));
    wish.channel = MESSAGE_VOICE;
    assert_true(message_texts_find(texts, &wish, &choice));
    wish.channel = MESSAGE_HANDOVER;
    assert_true(message_texts_find(texts, &wish, &choice));
    wish.template = SPAN_LIT("thanks");
    assert_false(message_texts_find(texts, &wish, &choice));
    wish.channel = MESSAGE_CALL;
    assert_false(message_texts_find(texts, &wish, &choice));
    message_texts_free(texts);
}

/* ---- filling ---- */

static int fill(const char *text, const struct message_facts *facts, struct message_way way,
                struct buf *body, struct err *err)
{
    struct mustache *template = mustache_new(span_str(text), err);
    struct buf title;
    assert_non_null(template);
    buf_init(&title, 1000);
    buf_init(body, 4000);
    int rc = message_text_write(template, facts, &way, &title, body, err);
    buf_release(&title);
    mustache_free(template);
    return rc;
}

static void assert_filled(const char *text, const struct message_facts *facts,
                          struct message_way way, const char *expected)
{
    struct err err = {0};
    struct buf body;
    assert_int_equal(fill(text, facts, way, &body, &err), 0);
    assert_string_equal(buf_span(&body).base, expected);
    buf_release(&body);
}

#define NB "\xc2\xa0"

static void every_field_is_written_for_its_language_and_its_way(void **state)
{
    (void)state;
    const struct message_facts facts = message_sample(MESSAGE_SAMPLE_LARGE);
    static const char text[] = "{{amount}}|{{date}}|{{days_late}}|{{account}}|{{title}}|"
                               "{{instalment_count}}{{#instalments}}|{{amount}} {{date}}"
                               "{{/instalments}}|{{debt_count}}|{{total}}|{{row.sklep}}";
    /* 12345.67 in three: 4115.23, 4115.22, 4115.22; a week after 26 May is 2 June. */
    assert_filled(text, &facts, (struct message_way){MESSAGE_SMS, LANGUAGE_POLISH, true},
                  "12 345,67 PLN|12.05.2026|14 dni|PL27 1140 2004 0000 3002 0135 5387|"
                  "FV/2026/05/0042|3|4 115,23 PLN 02.06.2026|4 115,22 PLN 02.07.2026|"
                  "4 115,22 PLN 02.08.2026|1|12 345,67 PLN|Krakow, Dluga 5");
    assert_filled("{{amount}}|{{date}}|{{days_late}}|{{row.sklep}}", &facts,
                  (struct message_way){MESSAGE_CALL, LANGUAGE_UKRAINIAN, true},
                  "12" NB "345,67" NB "zł|12" NB "травня" NB "2026|14" NB "днів|Kraków, Długa 5");
    assert_filled("{{amount}}|{{date}}|{{days_late}}", &facts,
                  (struct message_way){MESSAGE_VOICE, LANGUAGE_ENGLISH, true},
                  "PLN 12345.67|12 May 2026|14 days");
    assert_filled("{{name}}|{{first_name}}|{{creditor}}", &facts,
                  (struct message_way){MESSAGE_CALL, LANGUAGE_POLISH, true},
                  "Maksymiliana Aleksandra Wojciechowska-Brzęczyszczykiewicz|Maksymiliana|"
                  "Bank Przykładowy SA");
    const struct message_facts usual = message_sample(MESSAGE_SAMPLE_USUAL);
    assert_filled("{{account}}", &usual, (struct message_way){MESSAGE_SMS, LANGUAGE_POLISH, true},
                  "PL61 1090 1014 0000 0712 1981 2874");
}

static void a_debt_in_a_plan_has_its_parts_instead_of_a_proposal(void **state)
{
    (void)state;
    const struct message_facts facts = message_sample(MESSAGE_SAMPLE_PLAN);
    const struct message_facts usual = message_sample(MESSAGE_SAMPLE_USUAL);
    const struct message_way way = {MESSAGE_SMS, LANGUAGE_ENGLISH, true};
    /* The second of three, each of 412.50; the first one is paid. */
    assert_filled(
        "{{part_no}}/{{part_count}} {{amount}} {{date}}, {{parts_left}} left: {{plan_left}}"
        "{{#instalments}}|{{amount}} {{date}}{{/instalments}}|{{instalment_count}}",
        &facts, way,
        "2/3 PLN 412.50 12 May 2026, 2 left: PLN 825.00|PLN 412.50 12 May 2026|"
        "PLN 412.50 12 June 2026|2");
    assert_filled("{{#part_no}}a part{{/part_no}}{{#plan_left}}a plan{{/plan_left}}none", &usual,
                  way, "none");
}

static void a_field_that_is_empty_is_named_instead_of_sent(void **state)
{
    (void)state;
    const struct message_facts facts = message_sample(MESSAGE_SAMPLE_BARE);
    static const char *const names[] = {"product", "account", "name",  "first_name",  "days_late",
                                        "phone",   "website", "row.x", "unsubscribe", "nothing"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        char text[64];
        struct err err = {0};
        struct buf body;
        snprintf(text, sizeof(text), "a {{%s}} b", names[i]);
        const struct message_way way = {MESSAGE_SMS, LANGUAGE_POLISH, true};
        assert_int_equal(fill(text, &facts, way, &body, &err), ERR_INPUT);
        snprintf(text, sizeof(text), "{{%s}} is empty", names[i]);
        assert_string_equal(err.text, text);
        assert_int_equal(buf_span(&body).len, 0);
        buf_release(&body);
    }
}

static void several_debts_are_listed_and_added_up_by_currency(void **state)
{
    (void)state;
    struct message_facts facts = message_sample(MESSAGE_SAMPLE_USUAL);
    const struct message_debt debts[] = {
        {.number = SPAN_LIT("B"), .left = money_of(1050, "PLN"), .due = {2026, 6, 1}},
        {.number = SPAN_LIT("A"), .left = money_of(2000, "PLN"), .due = {2026, 5, 1}},
        {.number = SPAN_LIT("C"), .left = money_of(700, "EUR"), .due = {2026, 5, 2}},
    };
    facts.debts = debts;
    facts.debt_count = 3;
    assert_filled("{{debt_count}} {{total}}: {{#debts}}{{number}}={{amount}};{{/debts}} {{number}}"
                  "{{#instalment_count}}never{{/instalment_count}}",
                  &facts, (struct message_way){MESSAGE_SMS, LANGUAGE_POLISH, true},
                  "3 30,50 PLN + 7,00 EUR: B=10,50 PLN;A=20,00 PLN;C=7,00 EUR; A");
}

/* ---- e-mail ---- */

static void the_html_of_a_mail_is_its_text_with_one_button(void **state)
{
    (void)state;
    struct buf out;
    const struct span others[] = {SPAN_LIT("https://www.example.com"),
                                  SPAN_LIT(MESSAGE_SAMPLE_LINK "/wypisz")};
    buf_init(&out, MAIL_HTML_MAX);
    mail_html_write(&out,
                    &(struct mail_letter){
                        .language = LANGUAGE_POLISH,
                        .subject = SPAN_LIT("A & B"),
                        .creditor = SPAN_LIT("Bank <1>"),
                        .body = SPAN_LIT("Jeden\ndwa\n\n- trzy\n- \"4\"\n" MESSAGE_SAMPLE_LINK
                                         "\nzob. https://www.example.com, " MESSAGE_SAMPLE_LINK
                                         "/wypisz i https://evil.example"),
                        .link = SPAN_LIT(MESSAGE_SAMPLE_LINK),
                        .others = others,
                        .other_count = 2});
    struct span html = buf_span(&out);
    assert_true(has(html, "<title>A &amp; B</title>"));
    assert_true(has(html, ">Bank &lt;1&gt;<"));
    assert_true(has(html, ">Jeden<br>dwa</p><ul"));
    assert_true(has(html, ">trzy</li>"));
    assert_true(has(html, ">&quot;4&quot;</li></ul><table"));
    assert_true(has(html, ">Zapłać</a></td></tr></table><p"));
    assert_true(
        has(html, ">https://www.example.com</a>, <a href=\"" MESSAGE_SAMPLE_LINK "/wypisz\""));
    assert_true(has(html, " i https://evil.example</p>"));
    assert_int_equal(count_of(html, "href="), 3);
    assert_true(has(html, "max-width:600px"));
    assert_true(has(html, "prefers-color-scheme:dark"));
    assert_true(has(html, "<html lang=\"pl\">"));
    buf_release(&out);
}

static void only_https_becomes_a_link(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, MAIL_HTML_MAX);
    mail_html_write(&out, &(struct mail_letter){.language = LANGUAGE_ENGLISH,
                                                .subject = SPAN_LIT("x"),
                                                .creditor = SPAN_LIT("x"),
                                                .body = SPAN_LIT("javascript:alert(1)\n\nend"),
                                                .link = SPAN_LIT("javascript:alert(1)")});
    assert_false(has(buf_span(&out), "href"));
    assert_true(has(buf_span(&out), "javascript:alert(1)"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_text_is_whole_short_and_safe_with_every_sample),
        cmocka_unit_test(every_template_of_the_presets_is_there_in_each_language),
        cmocka_unit_test(an_admins_text_comes_first_then_the_tone_then_the_neutral_then_polish),
        cmocka_unit_test(calls_and_hand_overs_have_words_for_every_template_but_thanks),
        cmocka_unit_test(every_field_is_written_for_its_language_and_its_way),
        cmocka_unit_test(a_debt_in_a_plan_has_its_parts_instead_of_a_proposal),
        cmocka_unit_test(a_field_that_is_empty_is_named_instead_of_sent),
        cmocka_unit_test(several_debts_are_listed_and_added_up_by_currency),
        cmocka_unit_test(the_html_of_a_mail_is_its_text_with_one_button),
        cmocka_unit_test(only_https_becomes_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
