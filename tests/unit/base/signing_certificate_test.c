#include "base/signing_certificate.h"

#include "support/issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { START = 1700000000, DAY = 86400 };

static struct issued root, leaf, stranger;

static int make_all(void **state)
{
    (void)state;
    issuer_make(&root, (struct issue){.name = "root",
                                      .from = START - 10 * DAY,
                                      .until = START + 10 * DAY,
                                      .constraints = "critical,CA:TRUE",
                                      .usage = "keyCertSign"});
    issuer_make(&leaf, (struct issue){.name = "leaf",
                                      .by = &root,
                                      .from = START,
                                      .until = START + DAY,
                                      .usage = "digitalSignature"});
    /* Has the root's name, and another key. */
    issuer_make(&stranger, (struct issue){.name = "root",
                                          .from = START - 10 * DAY,
                                          .until = START + 10 * DAY,
                                          .constraints = "critical,CA:TRUE"});
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    issuer_release(&root);
    issuer_release(&leaf);
    issuer_release(&stranger);
    return 0;
}

static struct signing_certificate *read_as(const char *pem, const char *root_pem)
{
    struct err err = {0};
    struct signing_certificate *c =
        signing_certificate_new(span_str(pem), span_str(root_pem), &err);
    assert_true(c == NULL ? err.code == ERR_INPUT && err.text[0] != 0 : err.code == 0);
    return c;
}

static void its_signatures_are_told_from_others(void **state)
{
    (void)state;
    uint8_t signature[1024];
    struct span message = SPAN_LIT("what was said");
    struct signing_certificate *c = read_as(leaf.pem, root.pem);
    assert_non_null(c);
    size_t len = issuer_sign(&leaf, message, signature);
    struct span good = span_of((const char *)signature, len);
    assert_true(signing_certificate_signed(c, message, good));
    assert_false(signing_certificate_signed(c, SPAN_LIT("what was said "), good));
    assert_false(signing_certificate_signed(c, message, span_of(good.base, len - 1)));
    assert_false(signing_certificate_signed(c, message, (struct span){NULL, 0}));
    signature[7] ^= 1;
    assert_false(signing_certificate_signed(c, message, good));
    signature[7] ^= 1;
    assert_true(signing_certificate_signed(c, message, good)); /* refusals leave nothing behind */
    len = issuer_sign(&root, message, signature);
    assert_false(signing_certificate_signed(c, message, span_of((const char *)signature, len)));
    signing_certificate_free(c);
}

static void its_dates_are_those_of_the_shortest_of_its_chain(void **state)
{
    (void)state;
    static const struct {
        int64_t from, until; /* of the leaf */
        int64_t first, last; /* good */
    } rows[] = {
        {START, START + DAY, START, START + DAY},
        {START - 20 * DAY, START + DAY, START - 10 * DAY, START + DAY},
        {START, START + 20 * DAY, START, START + 10 * DAY},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct issued one;
        issuer_make(&one,
                    (struct issue){
                        .name = "leaf", .by = &root, .from = rows[i].from, .until = rows[i].until});
        struct signing_certificate *c = read_as(one.pem, root.pem);
        assert_non_null(c);
        for (int64_t off = -1; off <= 1; ++off) {
            struct instant first = {(rows[i].first + off) * 1000000};
            struct instant last = {(rows[i].last + off) * 1000000};
            assert_int_equal(signing_certificate_is_in_date(c, first), off >= 0);
            assert_int_equal(signing_certificate_is_in_date(c, last), off <= 0);
        }
        signing_certificate_free(c);
        issuer_release(&one);
    }
}

static void what_our_root_does_not_vouch_for_is_refused(void **state)
{
    (void)state;
    struct issued by_stranger, by_leaf, weak, other_use, elliptic;
    struct issue what = {.name = "leaf", .by = &stranger, .from = START, .until = START + DAY};
    issuer_make(&by_stranger, what);
    what.by = &leaf;
    issuer_make(&by_leaf, what);
    what.by = &root;
    what.usage = "keyEncipherment";
    issuer_make(&other_use, what);
    what.usage = NULL;
    what.key = EVP_RSA_gen(1024);
    issuer_make(&weak, what);
    what.key = EVP_EC_gen("P-256");
    issuer_make(&elliptic, what);
    char two[2 * sizeof(leaf.pem)], five[5 * sizeof(leaf.pem)] = "", cut[sizeof(leaf.pem)];
    snprintf(two, sizeof(two), "%s%s", by_leaf.pem, leaf.pem);
    for (int i = 0; i < 5; ++i)
        strcat(five, leaf.pem);
    snprintf(cut, sizeof(cut), "%.200s", leaf.pem);
    const struct {
        const char *says, *pem, *root_pem;
    } rows[] = {
        {"issued by one with the root's name", by_stranger.pem, root.pem},
        {"another root", leaf.pem, stranger.pem},
        {"issued by a leaf", two, root.pem},
        {"the root itself", root.pem, root.pem},
        {"no issuer of its own", leaf.pem, leaf.pem},
        {"a weak key", weak.pem, root.pem},
        {"no RSA", elliptic.pem, root.pem},
        {"a key for something else", other_use.pem, root.pem},
        {"nothing", "", root.pem},
        {"no PEM", "<html>", root.pem},
        {"half of it", cut, root.pem},
        {"too many", five, root.pem},
        {"no root", leaf.pem, ""},
        {"two roots", leaf.pem, two},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct signing_certificate *c = read_as(rows[i].pem, rows[i].root_pem);
        if (c != NULL)
            fail_msg("%s was believed", rows[i].says);
    }
    issuer_release(&by_stranger);
    issuer_release(&by_leaf);
    issuer_release(&weak);
    issuer_release(&other_use);
    issuer_release(&elliptic);
}

static void one_between_it_and_the_root_may_stand_behind_it(void **state)
{
    (void)state;
    struct issued between, below;
    char both[2 * sizeof(leaf.pem)];
    issuer_make(&between, (struct issue){.name = "between",
                                         .by = &root,
                                         .from = START,
                                         .until = START + DAY,
                                         .constraints = "critical,CA:TRUE"});
    issuer_make(&below, (struct issue){
                            .name = "below", .by = &between, .from = START, .until = START + DAY});
    snprintf(both, sizeof(both), "%s%s", below.pem, between.pem);
    assert_null(read_as(below.pem, root.pem));
    struct signing_certificate *c = read_as(both, root.pem);
    assert_non_null(c);
    signing_certificate_free(c);
    issuer_release(&between);
    issuer_release(&below);
}

static void a_root_is_one_certificate(void **state)
{
    (void)state;
    char two[2 * sizeof(root.pem)];
    snprintf(two, sizeof(two), "%s%s", root.pem, root.pem);
    assert_true(signing_root_is_ok(span_str(root.pem)));
    assert_false(signing_root_is_ok(span_str(two)));
    assert_false(signing_root_is_ok(span_str("<html>")));
    assert_false(signing_root_is_ok(SPAN_LIT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_signatures_are_told_from_others),
        cmocka_unit_test(its_dates_are_those_of_the_shortest_of_its_chain),
        cmocka_unit_test(what_our_root_does_not_vouch_for_is_refused),
        cmocka_unit_test(a_root_is_one_certificate),
        cmocka_unit_test(one_between_it_and_the_root_may_stand_behind_it),
    };
    return cmocka_run_group_tests(tests, make_all, release_all);
}
