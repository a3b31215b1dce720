#include "domain/keyring.h"

#include <assert.h>
#include <stdlib.h>

/* One set of subkeys more than there are numbers: the one for numbers that are not active. */
enum { NOBODY = KEYRING_KEYS_MAX };

struct keyring {
    struct key_pair pairs[KEYRING_KEYS_MAX + 1][KEY_PURPOSE_COUNT];
    bool is_known[KEYRING_KEYS_MAX], is_active[KEYRING_KEYS_MAX];
    int signer;
};

static const char *const purpose_names[KEY_PURPOSE_COUNT] = {
    "paylink", "payment", "form", "collapse", "message", "upload", "match", "fact", "proof"};

static void derive(struct hmac_key *out, struct span master, const char *purpose, const char *use)
{
    char label[32] = "dunlin ";
    uint8_t subkey[SHA256_LEN];
    strcat(strcat(strcat(label, purpose), " "), use);
    hmac_sha256(master, span_str(label), subkey);
    hmac_key_init(out, span_of((const char *)subkey, sizeof(subkey)));
    secret_wipe(subkey, sizeof(subkey));
}

static void derive_pairs(struct key_pair *pairs, struct span master)
{
    for (int purpose = 0; purpose < KEY_PURPOSE_COUNT; ++purpose) {
        derive(&pairs[purpose].mac, master, purpose_names[purpose], "mac");
        derive(&pairs[purpose].cover, master, purpose_names[purpose], "cover");
    }
}

/* Cuts the next word off `rest`. */
static struct span next_word(struct span *rest)
{
    size_t from = 0, to;
    while (from < rest->len && (rest->base[from] == ' ' || rest->base[from] == '\t'))
        ++from;
    for (to = from; to < rest->len && rest->base[to] != ' ' && rest->base[to] != '\t'; ++to)
        continue;
    struct span word = span_of(rest->base + from, to - from);
    *rest = span_from(*rest, to);
    return word;
}

/* 0 to 15, or -1. */
static int parse_number(struct span word)
{
    if (word.len == 0 || word.len > 2)
        return -1;
    int number = 0;
    for (size_t i = 0; i < word.len; ++i) {
        if (word.base[i] < '0' || word.base[i] > '9')
            return -1;
        number = 10 * number + (word.base[i] - '0');
    }
    return number < KEYRING_KEYS_MAX ? number : -1;
}

static int add_line(struct keyring *k, struct span line, int line_no, struct err *e)
{
    int number = parse_number(next_word(&line));
    struct span hex = next_word(&line), state = next_word(&line);
    uint8_t master[KEYRING_KEY_LEN];
    if (number < 0)
        return err_set(e, ERR_SETTINGS, "line %d: the key's number is not 0 to %d", line_no,
                       KEYRING_KEYS_MAX - 1);
    if (k->is_known[number])
        return err_set(e, ERR_SETTINGS, "line %d: key %d is there twice", line_no, number);
    if (!span_is_str(state, "active") && !span_is_str(state, "retired"))
        return err_set(e, ERR_SETTINGS, "line %d: a key is active or retired", line_no);
    if (next_word(&line).len > 0)
        return err_set(e, ERR_SETTINGS, "line %d: more than number, key and state", line_no);
    if (!hex_parse(hex, master, sizeof(master)))
        return err_set(e, ERR_SETTINGS, "line %d: the key is not 64 hex digits", line_no);
    k->is_known[number] = true;
    if (span_is_str(state, "active")) {
        derive_pairs(k->pairs[number], span_of((const char *)master, sizeof(master)));
        k->is_active[number] = true;
        k->signer = number;
    }
    secret_wipe(master, sizeof(master));
    return 0;
}

static int add_lines(struct keyring *k, struct span text, struct err *e)
{
    for (int line_no = 1; text.len > 0; ++line_no) {
        const char *end = memchr(text.base, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.base);
        struct span line = span_of(text.base, len);
        text = span_from(text, end == NULL ? len : len + 1);
        if (line.len > 0 && line.base[line.len - 1] == '\r')
            --line.len;
        struct span rest = line, first = next_word(&rest);
        if (first.len == 0 || first.base[0] == '#')
            continue;
        int rc = add_line(k, line, line_no, e);
        if (rc != 0)
            return rc;
    }
    return k->signer >= 0 ? 0 : err_set(e, ERR_SETTINGS, "there is no active key");
}

struct keyring *keyring_new(struct span text, struct err *e)
{
    struct keyring *k = calloc(1, sizeof(*k));
    if (k == NULL)
        abort();
    k->signer = -1;
    derive_pairs(k->pairs[NOBODY], SPAN_LIT("nobody"));
    if (add_lines(k, text, e) == 0)
        return k;
    keyring_free(k);
    return NULL;
}

void keyring_free(struct keyring *k)
{
    if (k == NULL)
        return;
    secret_wipe(k, sizeof(*k));
    free(k);
}

int keyring_signer(const struct keyring *k)
{
    return k->signer;
}

const struct key_pair *keyring_pair(const struct keyring *k, enum key_purpose purpose, int number,
                                    bool *is_active)
{
    assert(number >= 0 && number < KEYRING_KEYS_MAX);
    *is_active = k->is_active[number];
    return &k->pairs[k->is_active[number] ? number : NOBODY][purpose];
}
