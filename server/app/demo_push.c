#include "app/demo_push.h"

#include "app/demo_key.h"
#include "base/crypto.h"
#include "base/secret_file.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_PEM_MAX = 4096, RSA_BITS = 2048 };

static EVP_PKEY *make_p256(void)
{
    return EVP_EC_gen("P-256");
}

static EVP_PKEY *make_rsa(void)
{
    return EVP_RSA_gen(RSA_BITS);
}

/* The PEM text that `write` puts into a file. */
static int print_pem(EVP_PKEY *key, int (*write)(BIO *, EVP_PKEY *), char *out, size_t room,
                     struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int len = write(bio, key) == 1 ? BIO_read(bio, out, (int)room - 1) : -1;
    BIO_free(bio);
    if (len <= 0)
        return err_set(err, ERR_SYSTEM, "a key of the demo could not be printed");
    out[len] = 0;
    return 0;
}

static int write_public(BIO *bio, EVP_PKEY *key)
{
    return PEM_write_bio_PUBKEY(bio, key);
}

static int write_private(BIO *bio, EVP_PKEY *key)
{
    return PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
}

static int take_apns_key(struct demo_push *push, struct err *err)
{
    EVP_PKEY *key = demo_key_take(push->apns_key, make_p256, err);
    if (key == NULL)
        return err->code;
    int rc = print_pem(key, write_public, push->apns_public, sizeof(push->apns_public), err);
    EVP_PKEY_free(key);
    return rc;
}

static int write_account(const struct demo_push *push, const char *key_pem, struct err *err)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", "service_account", "project_id",
                  DEMO_PUSH_PROJECT, "private_key_id", DEMO_PUSH_ACCOUNT_KEY_ID, "private_key",
                  key_pem, "client_email", DEMO_PUSH_ACCOUNT, "token_uri", push->token_uri);
    int fd = secret_file_create(push->account);
    bool is_written = fd >= 0 && json_dumpfd(json, fd, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0;
    json_decref(json);
    if (fd >= 0)
        is_written = close(fd) == 0 && is_written;
    return is_written ? 0 : err_system(err, "writing the demo's service account");
}

/* The account's file names the port, so it is written anew at each start; its key stays. */
static int take_account(struct demo_push *push, const char *key_file, struct err *err)
{
    char pem[KEY_PEM_MAX];
    EVP_PKEY *key = demo_key_take(key_file, make_rsa, err);
    if (key == NULL)
        return err->code;
    int rc = print_pem(key, write_public, push->fcm_public, sizeof(push->fcm_public), err);
    if (rc == 0)
        rc = print_pem(key, write_private, pem, sizeof(pem), err);
    EVP_PKEY_free(key);
    if (rc == 0)
        rc = write_account(push, pem, err);
    secret_wipe(pem, sizeof(pem));
    return rc;
}

static int write_public_file(const char *path, EVP_PKEY *key, struct err *err)
{
    BIO *bio = BIO_new_file(path, "w");
    bool is_written = bio != NULL && write_public(bio, key) == 1 && BIO_flush(bio) == 1;
    BIO_free(bio);
    return is_written ? 0 : err_system(err, "writing the key of the demo's app");
}

static int take_app_key(struct demo_push *push, const char *key_file, struct err *err)
{
    EVP_PKEY *key = demo_key_take(key_file, make_p256, err);
    if (key == NULL)
        return err->code;
    int rc = print_pem(key, write_private, push->app_private, sizeof(push->app_private), err);
    if (rc == 0)
        rc = write_public_file(push->app_public, key, err);
    EVP_PKEY_free(key);
    return rc;
}

int demo_push_take(struct demo_push *push, const char *folder, int apns_port, int fcm_port,
                   struct err *err)
{
    char account_key[512], app_key[512];
    *push = (struct demo_push){.apns_port = apns_port, .fcm_port = fcm_port};
    snprintf(push->token_uri, sizeof(push->token_uri), "https://localhost:%d/token", fcm_port);
    snprintf(push->apns_key, sizeof(push->apns_key), "%.480s/AuthKey.p8", folder);
    snprintf(push->account, sizeof(push->account), "%.480s/account.json", folder);
    snprintf(push->app_public, sizeof(push->app_public), "%.480s/app.pem", folder);
    snprintf(account_key, sizeof(account_key), "%.480s/account.key", folder);
    snprintf(app_key, sizeof(app_key), "%.480s/app.key", folder);
    int rc = demo_certs_make(folder, "Dunlin demo push CA", &push->certs, err);
    if (rc == 0)
        rc = take_apns_key(push, err);
    if (rc == 0)
        rc = take_app_key(push, app_key, err);
    return rc == 0 ? take_account(push, account_key, err) : rc;
}

void demo_push_write_settings(const struct demo_push *push, struct buf *yaml)
{
    buf_printf(yaml,
               "push:\n  apps:\n"
               "    - app: \"%s\"\n      service: apns\n"
               "      key_file: \"%s\"\n      key_id: \"%s\"\n      team_id: \"%s\"\n"
               "      host: localhost\n      port: %d\n      ca_file: \"%s\"\n      text: full\n",
               DEMO_PUSH_APP, push->apns_key, DEMO_PUSH_KEY_ID, DEMO_PUSH_TEAM, push->apns_port,
               push->certs.ca);
    buf_printf(yaml,
               "    - app: \"%s\"\n      service: fcm\n      account_file: \"%s\"\n"
               "      host: localhost\n      port: %d\n      ca_file: \"%s\"\n      text: full\n",
               DEMO_PUSH_APP, push->account, push->fcm_port, push->certs.ca);
    buf_printf(yaml,
               "app:\n  algorithm: ES256\n  issuer: \"%s\"\n  audience: \"%s\"\n"
               "  key_files: [\"%s\"]\n",
               DEMO_PUSH_ISSUER, DEMO_PUSH_AUDIENCE, push->app_public);
}
