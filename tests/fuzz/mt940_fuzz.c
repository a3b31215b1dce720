/* An MT940 file, whole and byte by byte. What is taken adds up; both readings tell the same. */
#include "flow/mt940_reader.h"

#include "fuzz/statement_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int read_all(struct span file, size_t step, struct probe *p)
{
    struct mt940_reader reader;
    struct statement_sink sink = probe_sink(p);
    struct err err = {.code = 0};
    int rc = 0;
    mt940_reader_init(&reader, bank_charset_guess(file), &sink);
    for (size_t at = 0; at < file.len && rc == 0; at += step) {
        struct span rest = span_from(file, at);
        rc =
            mt940_reader_feed(&reader, span_of(rest.base, rest.len < step ? rest.len : step), &err);
    }
    if (rc == 0)
        rc = mt940_reader_finish(&reader, &err);
    assert(rc == 0 || (rc == ERR_INPUT && strncmp(err.text, "line ", 5) == 0));
    assert(rc != 0 || p->ended > 0);
    mt940_reader_release(&reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct probe whole = {.begun = 0}, pieces = {.begun = 0};
    struct span file = span_of((const char *)data, len);
    int rc = read_all(file, len + 1, &whole);
    probe_same(&whole, rc, &pieces, read_all(file, 1, &pieces));
    return 0;
}
