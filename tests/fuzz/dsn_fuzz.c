/* A mail in the bounce folder, from anybody. */
#include "flow/dsn.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct dsn dsn;
    struct message_news news;
    bool is_alarm;
    char reason[64];
    dsn_read(span_of((const char *)bytes, len), SPAN_LIT("b.example"), &dsn);
    assert(dsn.code_count >= 0 && dsn.code_count <= DSN_CODES_MAX);
    for (int i = 0; i < dsn.code_count; ++i)
        assert(strspn(dsn.codes[i],
                      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               MESSAGE_CODE_LEN);
    if (!dsn_judge(&dsn, &news, &is_alarm, reason))
        return 0;
    assert(news.kind >= MESSAGE_NEWS_SENT_ON && news.kind <= MESSAGE_NEWS_OPENED);
    assert(news.reason.len > 0 && news.reason.len < sizeof(reason));
    for (size_t i = 0; i < news.reason.len; ++i)
        assert(news.reason.base[i] >= ' ' && news.reason.base[i] <= '~');
    return 0;
}
