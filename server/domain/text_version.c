#include "domain/text_version.h"

#include "base/crypto.h"

void text_version_print(struct span language, struct span text, char out[TEXT_VERSION_LEN + 1])
{
    const struct span parts[] = {language, text};
    uint8_t hash[SHA256_LEN];
    sha256_spans(parts, 2, hash);
    hex_print(hash, sizeof(hash), out);
}

bool text_version_is_fine(struct span version)
{
    if (version.len != TEXT_VERSION_LEN)
        return false;
    for (size_t i = 0; i < version.len; ++i) {
        char c = version.base[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}
