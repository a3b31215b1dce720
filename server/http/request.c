#include "http/request.h"

#include "base/crypto.h"
#include "base/host.h"
#include "http/connection.h"
#include "http/listener.h"

#include <assert.h>

enum { FORM_FIELDS_MAX = 64 };

struct form_field {
    struct span name, value;
};

struct form_fields {
    size_t count;
    bool is_ok;
    struct form_field fields[FORM_FIELDS_MAX];
};

/* Ids need to be unlike each other and say nothing: a counter mixed by splitmix64, from a random
 * start. */
void request_id_make(char out[17])
{
    static uint64_t state;
    if (state == 0)
        random_bytes(&state, sizeof(state));
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    hex_print(&z, sizeof(z), out);
}

void request_init(struct request *r, h2o_req_t *h2o, struct http_listener *listener,
                  struct world *world)
{
    *r = (struct request){.h2o_ = h2o,
                          .listener_ = listener,
                          .world = world,
                          .method = span_of(h2o->input.method.base, h2o->input.method.len)};
    request_id_make(r->id);
}

static struct span span_of_iovec(h2o_iovec_t v)
{
    return span_of(v.base, v.len);
}

struct span request_method(const struct request *r)
{
    return r->method;
}

/* libh2o has looked for the mark. */
static size_t query_at(const struct request *r)
{
    size_t at = r->h2o_->query_at;
    return at == SIZE_MAX ? r->h2o_->input.path.len : at;
}

struct span request_path(const struct request *r)
{
    return span_of(r->h2o_->input.path.base, query_at(r));
}

static bool header_is(const h2o_header_t *header, struct span name)
{
    return header->name->len == name.len && memcmp(header->name->base, name.base, name.len) == 0;
}

struct span request_header(const struct request *r, const char *name)
{
    struct span wanted = span_str(name);
    for (size_t i = 0; i != r->h2o_->headers.size; ++i)
        if (header_is(&r->h2o_->headers.entries[i], wanted))
            return span_of_iovec(r->h2o_->headers.entries[i].value);
    return (struct span){NULL, 0};
}

int request_header_count(const struct request *r, const char *name)
{
    struct span wanted = span_str(name);
    int count = 0;
    for (size_t i = 0; i != r->h2o_->headers.size; ++i)
        count += header_is(&r->h2o_->headers.entries[i], wanted);
    return count;
}

/* libh2o keeps the header Host apart. */
struct span request_host(const struct request *r)
{
    return host_of(span_of_iovec(r->h2o_->input.authority));
}

struct span request_body(const struct request *r)
{
    return span_of_iovec(r->h2o_->entity);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the UTF-8 character at `s`, or 0 when it is none (overlong forms, surrogates). */
static size_t utf8_len(const unsigned char *s, size_t room)
{
    static const unsigned char second_min[] = {[0xE0 - 0xC2] = 0xA0, [0xF0 - 0xC2] = 0x90};
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    size_t len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (room < len)
        return 0;
    for (size_t i = 1; i != len; ++i)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    size_t row = (size_t)s[0] - 0xC2;
    if (row < sizeof(second_min) && s[1] < second_min[row])
        return 0;
    if ((s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return len;
}

static bool is_text(struct span s)
{
    for (size_t at = 0; at < s.len;) {
        size_t len = utf8_len((const unsigned char *)s.base + at, s.len - at);
        if (len == 0 || s.base[at] == '\0')
            return false;
        at += len;
    }
    return true;
}

/* application/x-www-form-urlencoded; false when the encoding is broken. */
static bool form_decode(struct request *r, struct span from, struct span *to)
{
    char *out = request_alloc(r, from.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < from.len; ++i) {
        char c = from.base[i];
        if (c == '%') {
            if (i + 2 >= from.len || hex_digit(from.base[i + 1]) < 0 ||
                hex_digit(from.base[i + 2]) < 0)
                return false;
            c = (char)(hex_digit(from.base[i + 1]) * 16 + hex_digit(from.base[i + 2]));
            i += 2;
        }
        out[len++] = from.base[i] == '+' ? ' ' : c;
    }
    *to = span_of(out, len);
    return is_text(*to);
}

static bool form_add(struct request *r, struct form_fields *f, struct span pair)
{
    const char *equals = memchr(pair.base, '=', pair.len);
    size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.base);
    struct form_field field = {{NULL, 0}, SPAN_LIT("")};
    if (f->count == FORM_FIELDS_MAX || !form_decode(r, span_of(pair.base, name_len), &field.name))
        return false;
    if (equals != NULL && !form_decode(r, span_from(pair, name_len + 1), &field.value))
        return false;
    for (size_t i = 0; i != f->count; ++i)
        if (span_is(f->fields[i].name, field.name))
            return false;
    f->fields[f->count++] = field;
    return true;
}

static struct form_fields *form_parse(struct request *r, struct span text)
{
    struct form_fields *f = request_alloc(r, sizeof(*f));
    f->count = 0;
    f->is_ok = true;
    while (text.len != 0) {
        const char *end = memchr(text.base, '&', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.base);
        if (len != 0 && !form_add(r, f, span_of(text.base, len)))
            f->is_ok = false;
        text = span_from(text, len + 1);
    }
    return f;
}

static struct span form_get(const struct form_fields *f, const char *name)
{
    for (size_t i = 0; i != f->count; ++i)
        if (span_is_str(f->fields[i].name, name))
            return f->fields[i].value;
    return (struct span){NULL, 0};
}

/* Most requests have no query: asking one for its fields costs nothing. */
static const struct form_fields *query_form(struct request *r)
{
    if (r->query_ == NULL) {
        struct span path = span_of_iovec(r->h2o_->input.path);
        r->query_ = form_parse(r, span_from(path, query_at(r) + 1));
    }
    return r->query_;
}

struct span request_query(struct request *r, const char *name)
{
    if (query_at(r) == r->h2o_->input.path.len)
        return (struct span){NULL, 0};
    return form_get(query_form(r), name);
}

static const struct form_fields *body_form(struct request *r)
{
    if (r->form_ == NULL) {
        struct span type = request_header(r, "content-type");
        bool is_form = span_starts(type, SPAN_LIT("application/x-www-form-urlencoded"));
        r->form_ = form_parse(r, is_form ? request_body(r) : span_of(NULL, 0));
        r->form_->is_ok = r->form_->is_ok && is_form;
    }
    return r->form_;
}

struct span request_form(struct request *r, const char *name)
{
    return form_get(body_form(r), name);
}

bool request_form_is_ok(struct request *r)
{
    return body_form(r)->is_ok;
}

void request_wipe_form(struct request *r, const char *name)
{
    struct span value = form_get(body_form(r), name);
    secret_wipe((char *)value.base, value.len);
    secret_wipe(r->h2o_->entity.base, r->h2o_->entity.len);
}

struct span request_address(struct request *r)
{
    return http_listener_address(r->listener_, r);
}

bool request_is_first(const struct request *r)
{
    return r->connection_->request_count == 1;
}

void *request_alloc(struct request *r, size_t len)
{
    return memset(h2o_mem_alloc_pool(&r->h2o_->pool, len), 0, len);
}

void request_on_gone(struct request *r, void (*on_gone)(void *job), void *job)
{
    assert(!r->is_replied_);
    r->on_gone_ = on_gone;
    r->job_ = job;
}

void request_prove(struct request *r)
{
    assert(!r->is_replied_);
    if (!r->is_proved_)
        guard_bucket_give(&r->connection_->bucket);
    r->is_proved_ = true;
}
