#include "flow/statement_file.h"

#include "flow/camt_reader.h"
#include "flow/mt940_reader.h"

/* The first byte that is neither blank nor a mark of an encoding: MT940 begins with a colon, a
 * brace or a control byte. */
enum statement_form statement_form_of(struct span file)
{
    for (size_t i = 0; i < file.len; ++i) {
        unsigned char c = (unsigned char)file.base[i];
        bool is_mark = c >= 0x80 || c == 0 || strchr(" \t\r\n", c) != NULL;
        if (!is_mark)
            return c == '<' ? STATEMENT_CAMT_053 : STATEMENT_MT940;
    }
    return STATEMENT_MT940;
}

static int read_camt(struct span file, const struct statement_sink *sink, struct err *err)
{
    struct camt_reader *reader = camt_reader_new(sink);
    int rc = camt_reader_feed(reader, file, err);
    if (rc == 0)
        rc = camt_reader_finish(reader, err);
    camt_reader_free(reader);
    return rc;
}

static int read_mt940(struct span file, enum bank_charset charset,
                      const struct statement_sink *sink, struct err *err)
{
    struct mt940_reader reader;
    if (charset == BANK_CHARSET_AUTO)
        charset = bank_charset_guess(file);
    mt940_reader_init(&reader, charset, sink);
    int rc = mt940_reader_feed(&reader, file, err);
    if (rc == 0)
        rc = mt940_reader_finish(&reader, err);
    mt940_reader_release(&reader);
    return rc;
}

int statement_file_read(struct span file, enum bank_charset charset,
                        const struct statement_sink *sink, struct err *err)
{
    return statement_form_of(file) == STATEMENT_CAMT_053 ? read_camt(file, sink, err)
                                                         : read_mt940(file, charset, sink, err);
}
