/* Prints the codes of many links or the references of many payments, for load generators:
 *
 *   bench_codes KEY-FILE paylink|payment <"customer_id number" lines >codes */
#include "domain/paylink.h"
#include "domain/payment_reference.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct keyring *read_keys(const char *file)
{
    char text[4096];
    struct err err = {0};
    FILE *in = fopen(file, "r");
    size_t len = in == NULL ? 0 : fread(text, 1, sizeof(text), in);
    struct keyring *keys = keyring_new(span_of(text, len), &err);
    if (keys == NULL) {
        fprintf(stderr, "bench_codes: %s: %s\n", file, err.text);
        exit(1);
    }
    fclose(in);
    return keys;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_codes KEY-FILE paylink|payment\n");
        return 2;
    }
    struct keyring *keys = read_keys(argv[1]);
    bool is_payment = strcmp(argv[2], "payment") == 0;
    int64_t customer_id;
    int32_t number;
    while (scanf("%" SCNd64 " %" SCNd32, &customer_id, &number) == 2) {
        char text[SEALED_LEN + 1];
        if (is_payment)
            payment_reference_print(keys, (struct payment_id){customer_id, number}, text);
        else
            paylink_print_code(keys, (struct paylink_id){customer_id, number}, text);
        puts(text);
    }
    keyring_free(keys);
    return 0;
}
