#include "http/guard.h"

#include "base/crypto.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

const struct guard_limits guard_limits_default = {
    .connections_max = 10000,
    .connections_per_address_max = 2000,
    .body_bytes_max = 64 * 1024,
    .head_bytes_max = 16 * 1024,
    .headers_max = 64,
    .requests_burst = 1000,
    .requests_per_second = 500,
    .request_timeout_ms = 10000,
    .idle_timeout_ms = 60000,
    .handshake_timeout_ms = 10000,
    .answer_timeout_ms = 20000,
};

static uint64_t key_of_ipv4(struct in_addr address)
{
    return ((uint64_t)1 << 63) | ntohl(address.s_addr);
}

static uint64_t key_of_ipv6(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        struct in_addr inner;
        memcpy(&inner, address->s6_addr + 12, sizeof(inner));
        return key_of_ipv4(inner);
    }
    uint64_t network;
    memcpy(&network, address->s6_addr, sizeof(network));
    return network;
}

uint64_t guard_address_key(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return key_of_ipv4(((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return key_of_ipv6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return 0;
}

uint64_t guard_address_key_of_text(struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy))
        return 0;
    memcpy(copy, text.base, text.len);
    copy[text.len] = '\0';
    struct in_addr ipv4;
    if (inet_pton(AF_INET, copy, &ipv4) == 1)
        return key_of_ipv4(ipv4);
    struct in6_addr ipv6;
    return inet_pton(AF_INET6, copy, &ipv6) == 1 ? key_of_ipv6(&ipv6) : 0;
}

static const uint8_t ipv4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

static bool bytes_of_text(const char *text, uint8_t bytes[16], int *bits_max)
{
    *bits_max = 128;
    if (inet_pton(AF_INET6, text, bytes) == 1)
        return true;
    *bits_max = 32;
    memcpy(bytes, ipv4_prefix, sizeof(ipv4_prefix));
    return inet_pton(AF_INET, text, bytes + 12) == 1;
}

bool guard_range_parse(struct guard_range *range, const char *text)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
    int bits_max;
    if (len >= sizeof(address))
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (!bytes_of_text(address, range->bytes_, &bits_max))
        return false;
    int bits = bits_max;
    if (slash != NULL) {
        char *end;
        bits = (int)strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end != '\0' || bits < 0 || bits > bits_max)
            return false;
    }
    range->bits_ = 128 - bits_max + bits;
    return true;
}

bool guard_range_has(const struct guard_range *range, const struct sockaddr *address)
{
    uint8_t bytes[16];
    if (address->sa_family == AF_INET) {
        memcpy(bytes, ipv4_prefix, sizeof(ipv4_prefix));
        memcpy(bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    } else {
        return false;
    }
    size_t whole = (size_t)range->bits_ / 8;
    if (memcmp(bytes, range->bytes_, whole) != 0)
        return false;
    int rest = range->bits_ % 8;
    return rest == 0 || ((bytes[whole] ^ range->bytes_[whole]) >> (8 - rest)) == 0;
}

static unsigned slot_of(const struct guard_addresses *a, uint64_t key)
{
    return (unsigned)(((key ^ a->salt_) * 0x9E3779B97F4A7C15u) >> 48);
}

void guard_addresses_init(struct guard_addresses *a)
{
    memset(a, 0, sizeof(*a));
    random_bytes(&a->salt_, sizeof(a->salt_));
}

void guard_addresses_add(struct guard_addresses *a, uint64_t key, int by)
{
    a->counts_[slot_of(a, key)] = (uint16_t)(a->counts_[slot_of(a, key)] + by);
}

unsigned guard_addresses_count(const struct guard_addresses *a, uint64_t key)
{
    return a->counts_[slot_of(a, key)];
}

bool guard_admits(const struct guard_limits *limits, unsigned open_count, unsigned from_address)
{
    if (open_count >= limits->connections_max)
        return false;
    if (open_count <= limits->connections_max / 2)
        return true; /* a mobile carrier puts thousands of customers behind one address */
    /* However many addresses crowd in: nobody gets more than is left for those who come next. */
    return from_address < limits->connections_per_address_max &&
           from_address < limits->connections_max - open_count;
}

void guard_bucket_init(struct guard_bucket *b, const struct guard_limits *limits, uint64_t now_ms)
{
    *b = (struct guard_bucket){.tokens_ = limits->requests_burst, .filled_at_ms_ = now_ms};
}

bool guard_bucket_take(struct guard_bucket *b, const struct guard_limits *limits, uint64_t now_ms)
{
    if (now_ms > b->filled_at_ms_)
        b->tokens_ += (double)(now_ms - b->filled_at_ms_) * limits->requests_per_second / 1000.0;
    b->filled_at_ms_ = now_ms; /* the loop's clock may be set back: then nothing is filled */
    if (b->tokens_ > limits->requests_burst)
        b->tokens_ = limits->requests_burst;
    if (b->tokens_ < 1)
        return false;
    b->tokens_ -= 1;
    return true;
}

void guard_bucket_give(struct guard_bucket *b)
{
    b->tokens_ += 1;
}

/* The next line without its line break; false at the end of the head. */
static bool take_line(struct span *rest, struct span *line)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, '\n', rest->len);
    if (end == NULL)
        return false;
    *line = span_of(rest->base, (size_t)(end - rest->base));
    *rest = span_from(*rest, line->len + 1);
    if (line->len != 0 && line->base[line->len - 1] == '\r')
        --line->len;
    return true;
}

static bool is_header(struct span line, struct span name)
{
    return line.len > name.len && line.base[name.len] == ':' &&
           strncasecmp(line.base, name.base, name.len) == 0;
}

enum guard_framing guard_framing_of(struct span head)
{
    unsigned length_count = 0, coding_count = 0, host_count = 0;
    struct span line;
    do {
        if (!take_line(&head, &line))
            return GUARD_FRAMING_BROKEN;
    } while (line.len == 0); /* an empty line before the request line is allowed */
    bool is_old = line.len >= 8 && memcmp(line.base + line.len - 8, "HTTP/1.0", 8) == 0;

    while (take_line(&head, &line) && line.len != 0) {
        switch (line.base[0]) {
        case ' ':
        case '\t':
            return GUARD_FRAMING_BROKEN;
        case 'C':
        case 'c':
            length_count += is_header(line, SPAN_LIT("content-length"));
            break;
        case 'T':
        case 't':
            coding_count += is_header(line, SPAN_LIT("transfer-encoding"));
            break;
        case 'H':
        case 'h':
            host_count += is_header(line, SPAN_LIT("host"));
            break;
        default:
            break;
        }
    }
    if (length_count + coding_count > 1 || host_count > 1 || (host_count == 0 && !is_old) ||
        (is_old && coding_count != 0))
        return GUARD_FRAMING_BROKEN;
    if (coding_count != 0)
        return GUARD_FRAMING_CHUNKED;
    return length_count != 0 ? GUARD_FRAMING_LENGTH : GUARD_FRAMING_NONE;
}
