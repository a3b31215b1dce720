/* What a gateway answers or reports: the first byte chooses, the second is the status or the
 * separator. Whatever the bytes are, what is read is short printable ASCII, and a report names at
 * most as many messages as are taken. */
#include "channel/http_adapter.h"
#include "channel/http_report.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct span take_line(struct span *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->base);
    struct span line = span_of(rest->base, len);
    *rest = span_from(*rest, len + 1);
    return line;
}

static void assert_word(const char *word, size_t room, bool has_blank)
{
    assert(memchr(word, 0, room) != NULL);
    for (; *word != 0; ++word)
        assert((*word > ' ' && *word <= '~') || (has_blank && *word == ' '));
}

static void read_answer(struct span body, int status)
{
    static const struct http_adapter generic = {.method = "POST",
                                                .id_path = "a[1].b",
                                                .error_path = "c.d[0]",
                                                .parts_path = "e",
                                                .price_path = "f"};
    const struct http_adapter *const all[] = {&http_adapter_smsapi, &generic};
    for (int i = 0; i < 2; ++i) {
        struct http_answer answer;
        http_adapter_read(all[i], status, body, &answer);
        assert(answer.verdict >= HTTP_TAKEN && answer.verdict <= HTTP_UNCLEAR);
        assert_word(answer.id, sizeof(answer.id), false);
        assert_word(answer.code, sizeof(answer.code), true);
        assert(answer.words != NULL && answer.parts >= 0 && answer.parts <= 255);
        assert(answer.price_micro >= 0 && answer.price_micro <= INT64_C(1000000000000));
        assert(answer.verdict == HTTP_TAKEN || answer.id[0] == 0);
        assert(answer.verdict != HTTP_TAKEN || answer.id[0] != 0 ||
               answer.meaning == HTTP_DUPLICATE);
    }
}

static struct span fields[4];

static struct span get(void *owner, const char *name)
{
    (void)owner;
    return fields[strcmp(name, "MsgId") == 0    ? 0
                  : strcmp(name, "idx") == 0    ? 1
                  : strcmp(name, "status") == 0 ? 2
                                                : 3];
}

static void read_report(struct span text)
{
    static struct http_report_item items[HTTP_REPORT_ITEMS_MAX];
    for (int i = 0; i < 4; ++i)
        fields[i] = take_line(&text);
    int count = http_report_read(&http_report_smsapi, get, NULL, items);
    assert(count >= -1 && count <= HTTP_REPORT_ITEMS_MAX);
    for (int i = 0; i < count; ++i) {
        assert(items[i].kind >= HTTP_REPORT_WAITING && items[i].kind <= HTTP_REPORT_DELIVERED);
        assert(items[i].id.len <= 64 && items[i].code.len <= 64 && items[i].at_s >= 0);
        assert(items[i].is_known || items[i].kind == HTTP_REPORT_WAITING);
    }
    http_report_is_secret(&http_report_smsapi, fields[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    struct span text = span_of((const char *)bytes + 2, len - 2);
    int64_t micro;
    if (bytes[0] % 2 == 0)
        read_answer(text, 200 + bytes[1] * 2);
    else
        read_report(text);
    http_adapter_micro(text, &micro);
    return 0;
}
