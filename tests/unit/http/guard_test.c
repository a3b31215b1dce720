#include "http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static const struct {
    const char *head;
    enum guard_framing framing;
} framings[] = {
    {GET HOST "\r\n", GUARD_FRAMING_NONE},
    {"\r\n" GET HOST "\r\n", GUARD_FRAMING_NONE},
    {"GET / HTTP/1.0\r\n\r\n", GUARD_FRAMING_NONE},
    {GET "\r\n", GUARD_FRAMING_BROKEN},
    {GET HOST HOST "\r\n", GUARD_FRAMING_BROKEN},
    {GET HOST "hOsT: b\r\n\r\n", GUARD_FRAMING_BROKEN},
    {POST HOST "Content-Length: 3\r\n\r\nabc", GUARD_FRAMING_LENGTH},
    {POST HOST "content-length: 3\r\nX: y\r\n\r\nContent-Length: 4\r\n", GUARD_FRAMING_LENGTH},
    {POST HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", GUARD_FRAMING_BROKEN},
    {POST HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", GUARD_FRAMING_BROKEN},
    {POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", GUARD_FRAMING_CHUNKED},
    {POST HOST "Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n\r\n", GUARD_FRAMING_BROKEN},
    {POST HOST "X: a\r\n Content-Length: 3\r\n\r\n", GUARD_FRAMING_BROKEN},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", GUARD_FRAMING_BROKEN},
    {GET "Host: a\nContent-Length: 0\n\n", GUARD_FRAMING_LENGTH},
    {"", GUARD_FRAMING_BROKEN},
};

static void only_a_head_with_one_reading_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(framings) / sizeof(framings[0]); ++i)
        assert_int_equal(guard_framing_of(span_str(framings[i].head)), framings[i].framing);
}

static void an_address_is_one_ipv4_or_one_ipv6_network_of_64_bits(void **state)
{
    (void)state;
    uint64_t a = guard_address_key_of_text(SPAN_LIT("2001:db8:1:2::1"));
    assert_true(a != 0);
    assert_true(a == guard_address_key_of_text(SPAN_LIT("2001:db8:1:2:ffff::9")));
    assert_true(a != guard_address_key_of_text(SPAN_LIT("2001:db8:1:3::1")));
    uint64_t b = guard_address_key_of_text(SPAN_LIT("192.0.2.1"));
    assert_true(b == guard_address_key_of_text(SPAN_LIT("::ffff:192.0.2.1")));
    assert_true(b != guard_address_key_of_text(SPAN_LIT("192.0.2.2")));
    assert_true(guard_address_key_of_text(SPAN_LIT("unknown")) == 0);
    assert_true(guard_address_key_of_text(SPAN_LIT("")) == 0);
}

static const struct {
    const char *range, *address;
    bool is_in;
} ranges[] = {
    {"127.0.0.1", "127.0.0.1", true},
    {"127.0.0.1", "127.0.0.2", false},
    {"10.1.0.0/16", "10.1.255.255", true},
    {"10.1.0.0/16", "10.2.0.0", false},
    {"192.0.2.128/25", "192.0.2.200", true},
    {"192.0.2.128/25", "192.0.2.100", false},
    {"0.0.0.0/0", "203.0.113.7", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"127.0.0.1", "::ffff:127.0.0.1", true},
};

static void a_range_holds_its_addresses_and_no_others(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(ranges) / sizeof(ranges[0]); ++i) {
        struct guard_range range;
        assert_true(guard_range_parse(&range, ranges[i].range));
        struct sockaddr_in ipv4 = {.sin_family = AF_INET};
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
        bool is_ipv4 = inet_pton(AF_INET, ranges[i].address, &ipv4.sin_addr) == 1;
        assert_true(is_ipv4 || inet_pton(AF_INET6, ranges[i].address, &ipv6.sin6_addr) == 1);
        assert_int_equal(guard_range_has(&range, is_ipv4 ? (void *)&ipv4 : (void *)&ipv6),
                         ranges[i].is_in);
    }
    const char *const broken[] = {"", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "::/129", "::1/-1"};
    for (size_t i = 0; i != sizeof(broken) / sizeof(broken[0]); ++i) {
        struct guard_range range;
        assert_false(guard_range_parse(&range, broken[i]));
    }
}

static void the_limit_of_an_address_bites_only_over_half_full(void **state)
{
    (void)state;
    struct guard_limits limits = {.connections_max = 100, .connections_per_address_max = 10};
    assert_true(guard_admits(&limits, 0, 0));
    assert_true(guard_admits(&limits, 50, 50));
    assert_true(guard_admits(&limits, 51, 9));
    assert_false(guard_admits(&limits, 51, 10));
    assert_false(guard_admits(&limits, 100, 0));
}

static void no_address_gets_more_than_is_left_for_the_others(void **state)
{
    (void)state;
    struct guard_limits limits = {.connections_max = 8000, .connections_per_address_max = 1000};
    unsigned open_count = 0, held[32] = {0};
    for (int round = 0; round < 500; ++round)
        for (int i = 0; i < 32; ++i)
            if (guard_admits(&limits, open_count, held[i])) {
                ++held[i];
                ++open_count;
            }
    assert_in_range(open_count, 7000, 7999);
    assert_true(guard_admits(&limits, open_count, 0));
    assert_true(guard_admits(&limits, open_count, 100));
}

static void connections_are_counted_by_address(void **state)
{
    (void)state;
    static struct guard_addresses addresses;
    guard_addresses_init(&addresses);
    guard_addresses_add(&addresses, 7, 1);
    guard_addresses_add(&addresses, 7, 1);
    assert_int_equal(guard_addresses_count(&addresses, 7), 2);
    guard_addresses_add(&addresses, 7, -1);
    assert_int_equal(guard_addresses_count(&addresses, 7), 1);
}

static void a_bucket_empties_fills_with_time_and_gives_back(void **state)
{
    (void)state;
    struct guard_limits limits = {.requests_burst = 2, .requests_per_second = 10};
    struct guard_bucket bucket;
    guard_bucket_init(&bucket, &limits, 1000);
    assert_true(guard_bucket_take(&bucket, &limits, 1000));
    assert_true(guard_bucket_take(&bucket, &limits, 1000));
    assert_false(guard_bucket_take(&bucket, &limits, 1000));
    assert_true(guard_bucket_take(&bucket, &limits, 1100));
    assert_false(guard_bucket_take(&bucket, &limits, 1199));
    guard_bucket_give(&bucket);
    assert_true(guard_bucket_take(&bucket, &limits, 1199));
    assert_false(guard_bucket_take(&bucket, &limits, 500)); /* a clock set back fills nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_head_with_one_reading_passes),
        cmocka_unit_test(an_address_is_one_ipv4_or_one_ipv6_network_of_64_bits),
        cmocka_unit_test(a_range_holds_its_addresses_and_no_others),
        cmocka_unit_test(the_limit_of_an_address_bites_only_over_half_full),
        cmocka_unit_test(no_address_gets_more_than_is_left_for_the_others),
        cmocka_unit_test(connections_are_counted_by_address),
        cmocka_unit_test(a_bucket_empties_fills_with_time_and_gives_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
