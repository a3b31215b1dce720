#include "http/page_proof.h"

#include "domain/keyring.h"
#include "http/page_json.h"
#include "http/page_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct world world;
    struct page_proof_form form;
    struct buf address, html;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->world.keys = keyring_new(
        SPAN_LIT("4 1111111111111111111111111111111111111111111111111111111111111111 active"),
        NULL);
    f->world.upload_url = SPAN_LIT("https://files.bank.example");
    f->form = (struct page_proof_form){.code = SPAN_LIT("aBcD1234"),
                                       .link = {4711, 2},
                                       .ticket = {.invoice_id = 815,
                                                  .dispute_no = 3,
                                                  .issued_at = {INT64_C(1795384520) * 1000000},
                                                  .nonce = {1, 2, 3}}};
    buf_init(&f->address, 1024);
    buf_init(&f->html, 65536);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    keyring_free((struct keyring *)f->world.keys);
    buf_release(&f->address);
    buf_release(&f->html);
    free(f);
    return 0;
}

/* The partial as it stands on a sheet in this language. */
static const char *render(struct fixture *f, enum language language, json_t *values)
{
    struct err err = {0};
    struct buf text;
    struct page_words *words = page_words_new(language_code(language), &err);
    struct page_json *json = page_json_new(values);
    buf_init(&text, 65536);
    assert_int_equal(page_words_fill(words, SPAN_LIT("proof.mustache"), &text, &err), 0);
    struct mustache *template = mustache_new(buf_span(&text), &err);
    buf_reset(&f->html);
    assert_int_equal(
        mustache_render(template, mustache_object(page_json_object(json)), MUSTACHE_HTML, &f->html),
        0);
    mustache_free(template);
    page_json_free(json);
    json_decref(values);
    buf_release(&text);
    page_words_free(words);
    return buf_span(&f->html).base;
}

static const char *render_form(struct fixture *f, enum language language)
{
    buf_reset(&f->address);
    page_proof_print(&f->world, &f->form, &f->address);
    return render(f, language, json_pack("{s:s}", "proof_url", buf_span(&f->address).base));
}

static void the_form_posts_to_the_listener_of_files_with_a_good_ticket(void **state)
{
    static const char start[] = "action=\"https://files.bank.example/aBcD1234/proof/";
    struct fixture *f = *state;
    struct upload_ticket ticket;
    const char *at = strstr(render_form(f, LANGUAGE_ENGLISH), start);
    assert_non_null(at);
    struct span text = span_of(at + sizeof(start) - 1, UPLOAD_TICKET_LEN);
    assert_int_equal(text.base[text.len], '"');
    assert_int_equal(upload_ticket_check(f->world.keys, f->form.link, text,
                                         f->form.ticket.issued_at, UPLOAD_TICKET_SECONDS, &ticket),
                     UPLOAD_TICKET_GOOD);
    assert_int_equal(ticket.invoice_id, 815);
    assert_int_equal(ticket.dispute_no, 3);
    assert_memory_equal(ticket.nonce, f->form.ticket.nonce, UPLOAD_NONCE_LEN);
    assert_non_null(strstr(buf_span(&f->html).base, "enctype=\"multipart/form-data\""));
    assert_non_null(strstr(buf_span(&f->html).base, "type=\"file\" name=\"file\""));
}

static void the_form_speaks_each_language_and_keeps_a_chosen_one(void **state)
{
    static const char *const buttons[LANGUAGE_COUNT] = {[LANGUAGE_POLISH] = "Wyślij plik",
                                                        [LANGUAGE_ENGLISH] = "Send the file",
                                                        [LANGUAGE_UKRAINIAN] = "Надіслати файл"};
    struct fixture *f = *state;
    for (int i = 0; i != LANGUAGE_COUNT; ++i)
        assert_non_null(strstr(render_form(f, (enum language)i), buttons[i]));
    assert_null(strstr(buf_span(&f->html).base, "?lang="));
    f->form.language = "uk";
    assert_non_null(strstr(render_form(f, LANGUAGE_UKRAINIAN), "?lang=uk\""));
}

static void there_is_no_form_where_no_file_is_taken(void **state)
{
    struct fixture *f = *state;
    assert_null(strstr(render(f, LANGUAGE_POLISH, json_object()), "<form"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_form_posts_to_the_listener_of_files_with_a_good_ticket,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_form_speaks_each_language_and_keeps_a_chosen_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(there_is_no_form_where_no_file_is_taken, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
