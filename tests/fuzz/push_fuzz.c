/* Whatever a push service may answer: frames to a session with streams open, in portions that the
 * input itself chooses, and bodies to both judges. The first octet says which. */
#include "push/apns.h"
#include "push/fcm.h"
#include "push/h2.h"

#include <assert.h>
#include <stdlib.h>

enum { STREAMS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct h2_stream streams[STREAMS];
static int ends;

static void on_end(void *owner, struct h2_stream *stream, enum h2_end end)
{
    (void)owner, (void)end;
    assert(stream->owner != NULL); /* each ends once */
    stream->owner = NULL;
    ++ends;
}

static void on_settings(void *owner)
{
    (void)owner;
}

static void on_goaway(void *owner, uint32_t code, int32_t last, struct span debug)
{
    struct verdict verdict;
    (void)owner, (void)code, (void)last;
    apns_judge_goaway(debug, &verdict);
}

static void on_pong(void *owner)
{
    (void)owner;
}

static void open_streams(struct h2 *h2)
{
    static const nghttp2_nv fields[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
        {(uint8_t *)":scheme", (uint8_t *)"https", 7, 5, 0},
        {(uint8_t *)":authority", (uint8_t *)"h", 10, 1, 0},
        {(uint8_t *)":path", (uint8_t *)"/3/device/ab", 5, 12, 0},
    };
    struct err err;
    for (size_t i = 0; i < STREAMS; ++i) {
        streams[i].owner = &streams[i];
        int failed = h2_send(h2, &streams[i], fields, 4, SPAN_LIT("{\"aps\":{}}"), &err);
        assert(!failed);
    }
}

static void fuzz_session(const uint8_t *bytes, size_t len)
{
    static const char *const keep[] = {"apns-id", "retry-after", NULL};
    static uint8_t out[65536];
    const struct h2_limits limits = {
        .streams_max = 100, .body_max = 4096, .headers_max = 4096, .keep = keep};
    const struct h2_events events = {
        .on_end = on_end, .on_settings = on_settings, .on_goaway = on_goaway, .on_pong = on_pong};
    struct h2 *h2 = h2_new(&limits, &events, NULL);
    struct err err;
    ends = 0;
    open_streams(h2);
    h2_pull(h2, out, sizeof(out));
    while (len > 1) {
        size_t portion = 1 + (size_t)bytes[0];
        if (portion > len - 1)
            portion = len - 1;
        if (h2_feed(h2, span_of((const char *)bytes + 1, portion), &err) != 0)
            break;
        h2_pull(h2, out, sizeof(out));
        bytes += portion + 1;
        len -= portion + 1;
    }
    h2_finish(h2);
    assert(ends == STREAMS);
    assert(h2_open_count(h2) == 0);
    h2_free(h2);
    for (size_t i = 0; i < STREAMS; ++i)
        buf_release(&streams[i].body);
}

static void fuzz_judges(const uint8_t *bytes, size_t len)
{
    struct verdict verdict;
    if (len < 2)
        return;
    int status = 100 + (bytes[0] * 256 + bytes[1]) % 500;
    struct span body = span_of((const char *)bytes + 2, len - 2);
    apns_judge(status, body, &verdict);
    assert(verdict.kind >= VERDICT_ACCEPTED && verdict.kind <= VERDICT_STOP);
    assert((verdict.kind == VERDICT_ACCEPTED) == (status == 200));
    fcm_judge(status, body, &verdict);
    assert(verdict.kind >= VERDICT_ACCEPTED && verdict.kind <= VERDICT_STOP);
    assert((verdict.kind == VERDICT_ACCEPTED) == (status == 200));
    retry_after_parse(body, 1790000000);
}

static void fuzz_message(const uint8_t *bytes, size_t len)
{
    struct fcm_body body;
    struct err err;
    const struct push_message message = {.target = SPAN_LIT("t"),
                                         .payload = span_of((const char *)bytes, len),
                                         .expires_at_s = 1790000000};
    if (fcm_body_make(&message, &body, &err) == 0)
        free(body.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    if (bytes[0] % 4 == 0)
        fuzz_judges(bytes + 1, len - 1);
    else if (bytes[0] % 4 == 1)
        fuzz_message(bytes + 1, len - 1);
    else
        fuzz_session(bytes + 1, len - 1);
    return 0;
}
