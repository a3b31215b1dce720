/* A camt.053 file, whole and in small pieces. What is taken adds up; both readings tell the same,
 * but that a sink may have been told more or less of a file that is refused in the end. */
#include "flow/camt_reader.h"

#include "fuzz/statement_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int read_all(struct span file, size_t step, struct probe *p)
{
    struct statement_sink sink = probe_sink(p);
    struct camt_reader *reader = camt_reader_new(&sink);
    struct err err = {.code = 0};
    int rc = 0;
    for (size_t at = 0; at < file.len && rc == 0; at += step) {
        struct span rest = span_from(file, at);
        rc = camt_reader_feed(reader, span_of(rest.base, rest.len < step ? rest.len : step), &err);
    }
    if (rc == 0)
        rc = camt_reader_finish(reader, &err);
    assert(rc == 0 || (rc == ERR_INPUT && strncmp(err.text, "line ", 5) == 0));
    assert(rc != 0 || p->ended > 0);
    camt_reader_free(reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct probe whole = {.begun = 0}, pieces = {.begun = 0};
    struct span file = span_of((const char *)data, len);
    int rc = read_all(file, len + 1, &whole), rc_pieces = read_all(file, 13, &pieces);
    assert(rc == rc_pieces);
    if (rc == 0)
        probe_same(&whole, rc, &pieces, rc_pieces);
    return 0;
}
