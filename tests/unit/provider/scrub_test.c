#include "provider/scrub.h"

#include "provider/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const names[] = {"email", "buyer", "card", NULL};

struct row {
    const char *says, *body, *shown;
};

static const struct row rows[] = {
    {"nothing", "", ""},
    {"blanks", " \n", " \n"},
    {"a member", "{\"id\":\"x\",\"email\":\"jan@example.com\"}",
     "{\"id\":\"x\",\"email\":\"***\"}"},
    {"a number, true and null", "{\"card\":4242,\"email\":true,\"buyer\":null}",
     "{\"card\":\"***\",\"email\":\"***\",\"buyer\":\"***\"}"},
    {"an object as a whole", "{\"buyer\":{\"a\":[{\"b\":\"}]\"}],\"c\":1},\"amount\":100}",
     "{\"buyer\":\"***\",\"amount\":100}"},
    {"an array as a whole", "{\"card\":[1,{\"x\":\"]\"}],\"amount\":100}",
     "{\"card\":\"***\",\"amount\":100}"},
    {"a member far down", "[{\"order\":{\"more\":{\"email\":\"jan@example.com\"},\"n\":1}}]",
     "[{\"order\":{\"more\":{\"email\":\"***\"},\"n\":1}}]"},
    {"blanks around, kept", " {\n \"email\" : \"jan\" ,\n \"n\" : 1 }\n",
     " {\n \"email\" : \"***\" ,\n \"n\" : 1 }\n"},
    {"a number and a blank behind it", "{\"card\": 42 }", "{\"card\": \"***\"}"},
    {"an escaped quote in the value", "{\"email\":\"a\\\"b\\\\\",\"n\":1}",
     "{\"email\":\"***\",\"n\":1}"},
    {"an escaped letter in the name", "{\"\\u0065mail\":\"jan\"}", "{\"\\u0065mail\":\"***\"}"},
    {"a name that nobody can decode", "{\"\\uzzzz\":\"jan\"}", "{\"\\uzzzz\":\"***\"}"},
    {"capitals", "{\"eMail\":\"jan\"}", "{\"eMail\":\"***\"}"},
    {"the name twice", "{\"email\":\"a\",\"email\":\"b\"}",
     "{\"email\":\"***\",\"email\":\"***\"}"},
    {"another name that contains it", "{\"email_count\":1,\"x\":\"email\"}",
     "{\"email_count\":1,\"x\":\"email\"}"},
    {"cut in the value", "{\"n\":1,\"email\":\"jan@exam", "{\"n\":1,\"email\":\"***\""},
    {"cut in an object", "{\"buyer\":{\"name\":\"Jan\",\"ema", "{\"buyer\":\"***\""},
    {"cut behind the colon", "{\"email\":", "{\"email\":\"***\""},
    {"cut in the name", "{\"n\":1,\"ema", "{\"n\":1,\"ema"},
    {"cut behind a backslash", "{\"n\":\"\\", "{\"n\":\"\\"},
    {"text behind the document", "{\"n\":1}{\"email\":\"jan\"}", "{\"n\":1}{\"email\":\"***\"}"},
    {"a form", "id=1&email=jan%40example.com&n=2", "id=1&email=***&n=2"},
    {"an encoded name", "id=1&e%6Dail=jan", "id=1&e%6Dail=***"},
    {"names in brackets", "a[email]=jan&buyer%5Bname%5D=Jan&x[y]=1",
     "a[email]=***&buyer%5Bname%5D=***&x[y]=1"},
    {"a field twice", "email=a&email=b", "email=***&email=***"},
    {"a badly encoded name", "e%zz=jan&%4=x", "e%zz=***&%4=***"},
    {"JSON in a field", "data={\"x\":1}&more=%7B%22x%22&list=[1]&n=1",
     "data=***&more=***&list=***&n=1"},
    {"a field without a value", "jan&n=1", "***&n=1"},
    {"empty fields", "&email=&", "&email=***&"},
    {"a value with a sign of equality", "email=a=b&n=c=d", "email=***&n=c=d"},
    {"neither", "Jan Nowak", "***"},
    {"a text alone", "\"jan@example.com\"", "***"},
};

static char *scrubbed(struct span body, const char *const *masked)
{
    struct buf out;
    buf_init(&out, SCRUB_LEN_MAX(body.len));
    scrub_print(body, masked, &out);
    assert_false(buf_is_overflowed(&out));
    char *copy = strdup(buf_span(&out).base);
    assert_int_equal(strlen(copy), buf_span(&out).len);
    buf_release(&out);
    return copy;
}

static void what_is_named_is_masked_and_all_else_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        /* In memory of its own size, so that reading past the end is seen. */
        size_t len = strlen(rows[i].body);
        char *body = malloc(len);
        if (len > 0)
            memcpy(body, rows[i].body, len);
        char *shown = scrubbed(span_of(body, len), names);
        if (strcmp(shown, rows[i].shown) != 0)
            fail_msg("%s: %s", rows[i].says, shown);
        free(shown);
        free(body);
    }
}

static void without_names_nothing_is_masked(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char *shown = scrubbed(span_str(rows[i].body), i % 2 == 0 ? none : NULL);
        assert_string_equal(shown, rows[i].body);
        free(shown);
    }
}

/* Cut anywhere, a message shows nothing of what is masked when it is whole. */
static void a_cut_message_tells_no_more_than_the_whole(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"order\":{\"buyer\":{\"name\":\"SECRET\",\"x\":[\"SECRET\"]},\"n\":1},\"email\":"
        "\"SECRET\"}",
        "n=1&buyer[name]=SECRET&email=SECRET&card=SECRET",
    };
    for (size_t b = 0; b < 2; ++b)
        for (size_t len = 0; len <= strlen(bodies[b]); ++len) {
            char *shown = scrubbed(span_of(bodies[b], len), names);
            if (strstr(shown, "SE") != NULL)
                fail_msg("%zu bytes: %s", len, shown);
            free(shown);
        }
}

/* A provider's own notification with a payer in it, by its own names. */
static void each_provider_masks_its_payers(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *body, *shown;
    } cases[] = {
        {"payu",
         "{\"order\":{\"orderId\":\"A1\",\"customerIp\":\"127.0.0.1\",\"buyer\":{\"email\":"
         "\"jan@example.com\",\"phone\":\"654111654\"},\"status\":\"COMPLETED\"}}",
         "{\"order\":{\"orderId\":\"A1\",\"customerIp\":\"***\",\"buyer\":\"***\",\"status\":"
         "\"COMPLETED\"}}"},
        {"przelewy24", "{\"orderId\":1,\"amount\":100,\"statement\":\"p24-Jan\",\"sign\":\"ab\"}",
         "{\"orderId\":1,\"amount\":100,\"statement\":\"***\",\"sign\":\"***\"}"},
        {"stripe",
         "{\"id\":\"evt_1\",\"data\":{\"object\":{\"amount_total\":100,\"customer_details\":{"
         "\"email\":\"jan@example.com\",\"name\":\"Jan\"}}}}",
         "{\"id\":\"evt_1\",\"data\":{\"object\":{\"amount_total\":100,\"customer_details\":\"***\""
         "}}}"},
        {"standard",
         "{\"data\":{\"reference\":\"r\",\"payer\":{\"name\":\"Jan\"},\"iban\":\"PL1\"}}",
         "{\"data\":{\"reference\":\"r\",\"payer\":\"***\",\"iban\":\"***\"}}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        char *shown =
            scrubbed(span_str(cases[i].body), provider_find(span_str(cases[i].provider))->scrub);
        assert_string_equal(shown, cases[i].shown);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_named_is_masked_and_all_else_stays),
        cmocka_unit_test(without_names_nothing_is_masked),
        cmocka_unit_test(a_cut_message_tells_no_more_than_the_whole),
        cmocka_unit_test(each_provider_masks_its_payers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
