#include "domain/event.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void hash_spans(const struct span *spans, size_t count, uint8_t out[SHA256_LEN])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned len = SHA256_LEN;
    bool is_good = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; is_good && i < count; ++i)
        is_good = spans[i].len == 0 || EVP_DigestUpdate(digest, spans[i].base, spans[i].len) == 1;
    if (!is_good || EVP_DigestFinal_ex(digest, out, &len) != 1)
        abort();
    EVP_MD_CTX_free(digest);
}

void event_hash(struct span prev_hash, const struct event *e, uint8_t out[SHA256_LEN])
{
    char numbers[100];
    int len = snprintf(numbers, sizeof numbers, "%lld|%lld|%lld|%lld|", (long long)e->customer_id,
                       (long long)e->invoice_id, (long long)e->event_no, (long long)e->at.us);
    const struct span spans[] = {prev_hash, e->personal_hash, span_of(numbers, (size_t)len),
                                 e->kind,   SPAN_LIT("|"),    e->facts};
    hash_spans(spans, sizeof spans / sizeof *spans, out);
}

void event_personal_hash(struct span salt, struct span data, uint8_t out[SHA256_LEN])
{
    const struct span spans[] = {salt, data};
    hash_spans(spans, 2, out);
}
