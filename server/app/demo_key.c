#include "app/demo_key.h"

#include "base/secret_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

EVP_PKEY *demo_key_read(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    ERR_clear_error();
    return key;
}

int demo_key_write(const char *path, EVP_PKEY *key, struct err *err)
{
    int fd = secret_file_create(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        err_system(err, "writing a key of the demo");
        if (fd >= 0)
            close(fd);
        return ERR_SYSTEM;
    }
    bool is_ok = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (fclose(file) != 0 || !is_ok)
        return err_set(err, ERR_SYSTEM, "a key of the demo could not be written");
    return 0;
}

EVP_PKEY *demo_key_take(const char *path, EVP_PKEY *(*make)(void), struct err *err)
{
    EVP_PKEY *key = demo_key_read(path);
    if (key != NULL)
        return key;
    key = make();
    if (key == NULL) {
        err_set(err, ERR_SYSTEM, "a key of the demo could not be made");
        return NULL;
    }
    if (demo_key_write(path, key, err) == 0)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}
