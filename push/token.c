#include "push/token.h"

#include "base/crypto.h"
#include "base/json.h"

#include <assert.h>
#include <jwt.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELD_MAX = 8192, FUTURE_MAX_S = 60, ASSERTION_LIFE_S = 3600 };

/* ---- keys ---- */

static int no_passphrase(char *out, int room, int is_writing, void *user)
{
    (void)out, (void)room, (void)is_writing, (void)user;
    return -1; /* and never a prompt on a terminal */
}

static EVP_PKEY *read_key(struct span pem, struct err *err)
{
    static const char pkcs8[] = "-----BEGIN PRIVATE KEY-----";
    if (memmem(pem.base, pem.len, pkcs8, sizeof(pkcs8) - 1) == NULL) {
        err_set(err, ERR_SETTINGS, "the key is not in PKCS#8 (BEGIN PRIVATE KEY)");
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(pem.base, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (key == NULL)
        err_set(err, ERR_SETTINGS, "the key cannot be read: its PEM is damaged");
    return key;
}

int token_check_p256(struct span pem, struct err *err)
{
    EVP_PKEY *key = read_key(pem, err);
    if (key == NULL)
        return err->code;
    char group[64] = "";
    bool is_p256 = EVP_PKEY_is_a(key, "EC") &&
                   EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group,
                                                  sizeof(group), NULL) == 1 &&
                   strcmp(group, "prime256v1") == 0;
    EVP_PKEY_free(key);
    if (!is_p256)
        return err_set(err, ERR_SETTINGS, "the key is not on the curve P-256");
    return 0;
}

int token_check_rsa(struct span pem, struct err *err)
{
    EVP_PKEY *key = read_key(pem, err);
    if (key == NULL)
        return err->code;
    bool is_rsa = EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2048;
    EVP_PKEY_free(key);
    if (!is_rsa)
        return err_set(err, ERR_SETTINGS, "the key is not RSA with 2048 bits or more");
    return 0;
}

/* A claim or header as libjwt wants it: with a NUL behind it. */
static void add_header(jwt_t *jwt, const char *name, struct span value)
{
    char text[256];
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(value));
    int failed = jwt_add_header(jwt, name, text);
    assert(!failed);
}

static void add_claim(jwt_t *jwt, const char *name, const char *text, size_t len)
{
    char *copy = strndup(text, len);
    if (copy == NULL || jwt_add_grant(jwt, name, copy) != 0)
        abort();
    free(copy);
}

static jwt_t *jwt_begin(jwt_alg_t alg, const char *pem, size_t len)
{
    jwt_t *jwt;
    if (jwt_new(&jwt) != 0 || jwt_set_alg(jwt, alg, (const unsigned char *)pem, (int)len) != 0)
        abort();
    return jwt;
}

/* The key was checked when it came, so signing cannot fail but for memory. */
static char *jwt_end(jwt_t *jwt)
{
    char *text = jwt_encode_str(jwt);
    if (text == NULL)
        abort();
    jwt_free(jwt);
    return text;
}

/* ---- APNs ---- */

void apns_token_init(struct apns_token *token, struct span key_pem, struct span key_id,
                     struct span team_id)
{
    *token = (struct apns_token){.key_pem = key_pem,
                                 .key_id = key_id,
                                 .team_id = team_id,
                                 .age_s = 47 * 60,
                                 .age_min_s = 20 * 60};
}

static void drop_value(struct apns_token *token)
{
    if (token->value_ != NULL)
        secret_wipe(token->value_, token->value_len_);
    free(token->value_);
    token->value_ = NULL;
}

void apns_token_release(struct apns_token *token)
{
    drop_value(token);
}

static void mint(struct apns_token *token, int64_t now_s)
{
    jwt_t *jwt = jwt_begin(JWT_ALG_ES256, token->key_pem.base, token->key_pem.len);
    add_header(jwt, "kid", token->key_id);
    add_claim(jwt, "iss", token->team_id.base, token->team_id.len);
    if (jwt_add_grant_int(jwt, "iat", (long)now_s) != 0)
        abort();
    char *text = jwt_end(jwt);
    drop_value(token);
    int len = asprintf(&token->value_, "bearer %s", text);
    if (len < 0)
        abort();
    token->value_len_ = (size_t)len;
    free(text);
    token->minted_at_s_ = now_s;
    ++token->generation_;
}

static bool is_from_future(const struct apns_token *token, int64_t now_s)
{
    return token->minted_at_s_ > now_s + FUTURE_MAX_S;
}

struct span apns_token_get(struct apns_token *token, int64_t now_s)
{
    if (token->value_ == NULL || now_s - token->minted_at_s_ >= token->age_s ||
        is_from_future(token, now_s))
        mint(token, now_s);
    return span_of(token->value_, token->value_len_);
}

uint32_t apns_token_generation(const struct apns_token *token)
{
    return token->generation_;
}

bool apns_token_expired(struct apns_token *token, uint32_t generation, int64_t now_s)
{
    if (generation != token->generation_)
        return true; /* another push has seen to it */
    if (now_s - token->minted_at_s_ < token->age_min_s && !is_from_future(token, now_s))
        return false;
    drop_value(token);
    return true;
}

/* ---- FCM ---- */

static char *copy_of(struct span text)
{
    char *copy = strndup(text.len == 0 ? "" : text.base, text.len);
    if (copy == NULL)
        abort();
    return copy;
}

int fcm_account_parse(struct fcm_account *account, struct span text, struct err *err)
{
    *account = (struct fcm_account){0};
    struct err local = {0};
    json_t *json =
        json_load(text, (struct json_limits){.bytes_max = 65536, .depth_max = 4}, &local);
    struct json_reader reader = json_read(json, "", &local);
    struct span email = json_get_text(&reader, "client_email", FIELD_MAX);
    struct span key = json_get_text(&reader, "private_key", FIELD_MAX);
    struct span key_id = json_get_text(&reader, "private_key_id", 255);
    struct span project = json_get_text(&reader, "project_id", 255);
    struct span token_uri = json_get_text(&reader, "token_uri", FIELD_MAX);
    if (local.code == 0 && token_check_rsa(key, &local) != 0)
        err_wrap(&local, "private_key");
    if (local.code == 0)
        *account = (struct fcm_account){.email = copy_of(email),
                                        .key_pem = copy_of(key),
                                        .key_id = copy_of(key_id),
                                        .project = copy_of(project),
                                        .token_uri = copy_of(token_uri)};
    json_decref(json);
    if (local.code != 0)
        return err_set(err, ERR_SETTINGS, "the service account: %s", local.text);
    return 0;
}

void fcm_account_release(struct fcm_account *account)
{
    if (account->key_pem != NULL)
        secret_wipe(account->key_pem, strlen(account->key_pem));
    free(account->email);
    free(account->key_pem);
    free(account->key_id);
    free(account->project);
    free(account->token_uri);
    *account = (struct fcm_account){0};
}

char *fcm_assertion_sign(const struct fcm_account *account, int64_t now_s)
{
    static const char scope[] = "https://www.googleapis.com/auth/firebase.messaging";
    jwt_t *jwt = jwt_begin(JWT_ALG_RS256, account->key_pem, strlen(account->key_pem));
    add_header(jwt, "kid", span_str(account->key_id));
    add_claim(jwt, "iss", account->email, strlen(account->email));
    add_claim(jwt, "scope", scope, sizeof(scope) - 1);
    add_claim(jwt, "aud", account->token_uri, strlen(account->token_uri));
    if (jwt_add_grant_int(jwt, "iat", (long)now_s) != 0 ||
        jwt_add_grant_int(jwt, "exp", (long)now_s + ASSERTION_LIFE_S) != 0)
        abort();
    return jwt_end(jwt);
}
