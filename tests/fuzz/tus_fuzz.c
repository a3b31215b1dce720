/* Headers of resumable uploads: a number has one form, a file's name is fit to be shown, a checksum
 * is read or not. */
#include "http/tus.h"

#include <assert.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span text = span_of((const char *)data, len);
    char name[TUS_NAME_MAX + 1], printed[32];
    int64_t number;
    if (tus_number(text, &number)) {
        assert(number >= 0 && number < INT64_C(1) << 62);
        size_t zeros = 0;
        while (zeros + 1 < text.len && text.base[zeros] == '0')
            ++zeros;
        snprintf(printed, sizeof(printed), "%lld", (long long)number);
        assert(span_is_str(span_from(text, zeros), printed));
    }
    if (tus_file_name(text, name)) {
        size_t name_len = strlen(name);
        assert(name_len > 0 && name_len <= TUS_NAME_MAX);
        if (tus_metadata_number(text, "campaign", &number))
            assert(number >= 0);
        assert(strchr(name, '/') == NULL && strpbrk(name, "\r\n\t\x1b") == NULL);
    }
    (void)tus_checksum_of(text, SPAN_LIT("abc"));
    return 0;
}
