/* camt.053: whole files of both versions (tests/vectors/statements, with what stands in them
 * written by hand beside), and a table of what is refused: every row is the good file with one
 * change. */
#include "flow/camt_reader.h"

#include "unit/flow/statement_render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void load(const char *name, struct buf *out)
{
    char path[500];
    snprintf(path, sizeof(path), SOURCE_DIR "/tests/vectors/statements/%s", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("no %s", path);
    char bytes[4096];
    size_t len;
    buf_reset(out);
    while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_add(out, span_of(bytes, len));
    fclose(file);
}

/* In pieces of `step` bytes. */
static int read_all(struct span file, size_t step, struct rendering *r, struct err *err)
{
    struct statement_sink sink = rendering_sink(r);
    struct camt_reader *reader = camt_reader_new(&sink);
    int rc = 0;
    *err = (struct err){.code = 0};
    for (size_t at = 0; at < file.len && rc == 0; at += step) {
        struct span rest = span_from(file, at);
        rc = camt_reader_feed(reader, span_of(rest.base, rest.len < step ? rest.len : step), err);
    }
    if (rc == 0)
        rc = camt_reader_finish(reader, err);
    camt_reader_free(reader);
    return rc;
}

static void files_of_both_versions_are_read(void **state)
{
    static const char *const names[] = {"v02", "v08"};
    static const size_t steps[] = {1, 7, 100000};
    struct buf file, expected;
    (void)state;
    buf_init(&file, 100000);
    buf_init(&expected, 100000);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        char name[40];
        snprintf(name, sizeof(name), "%s.xml", names[i]);
        load(name, &file);
        snprintf(name, sizeof(name), "%s.xml.txt", names[i]);
        load(name, &expected);
        for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); ++s) {
            struct rendering r;
            struct err err;
            rendering_init(&r);
            if (read_all(buf_span(&file), steps[s], &r, &err) != 0)
                fail_msg("%s: %s", names[i], err.text);
            if (!span_is(buf_span(&r.text), buf_span(&expected)))
                fail_msg("%s:\n%s", names[i], buf_span(&r.text).base);
            rendering_release(&r);
        }
    }
    buf_release(&file);
    buf_release(&expected);
}

/* The file with the first `from` in it made `to`. */
static void change(struct span file, const char *from, const char *to, struct buf *out)
{
    const char *at = memmem(file.base, file.len, from, strlen(from));
    if (at == NULL)
        fail_msg("\"%s\" is not in the file", from);
    size_t before = (size_t)(at - file.base);
    buf_reset(out);
    buf_add(out, span_of(file.base, before));
    buf_add_str(out, to);
    buf_add(out, span_from(file, before + strlen(from)));
}

static void what_cannot_be_believed_is_refused_with_its_line(void **state)
{
#define BALANCE "line 9: the opening balance and the entries do not make the closing balance"
    static const struct {
        const char *from, *to, *mistake;
    } rows[] = {
        /* Nothing but what stands in the file itself. */
        {"<Document", "<!DOCTYPE Document [<!ENTITY a \"x\">]>\n<Document",
         "line 2: a document type is not taken: no entities, nothing from elsewhere"},
        {"<Document", "<!DOCTYPE Document SYSTEM \"http://127.0.0.1:9/a.dtd\">\n<Document",
         "line 2: a document type is not taken: no entities, nothing from elsewhere"},
        {"<Document",
         "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]>\n<Document",
         "line 2: a document type is not taken: no entities, nothing from elsewhere"},
        {"FV/11", "&a;", "line 51: this is not well-formed XML"},
        {"Wierzyciel", "&xxe;", "line 48: this is not well-formed XML"},
        {"<Cdtr>", "<Cdtr xmlns:a=\"&a;\">", "line 48: this is not well-formed XML"},
        {"</Stmt>", "</Statement>", "line 72: this is not well-formed XML"},
        {"</Document>", "", "line 75: this is not well-formed XML"},
        {"</Document>", "</Document><Document/>", "line 74: this is not well-formed XML"},
        {"camt.053.001.02", "camt.053.001.04",
         "line 2: this is not camt.053.001.02 or camt.053.001.08, by its namespace"},
        {" xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"", "",
         "line 2: this is not camt.053.001.02 or camt.053.001.08, by its namespace"},
        {"<Stmt>", "<Stmt xmlns=\"urn:other\">", "line 1: there is no statement in the file"},
        /* The head. */
        {"<PgNb>1<", "<PgNb>2<",
         "line 34: the file is one page of several: a statement is taken whole"},
        {"<LastPgInd>true<", "<LastPgInd>false<",
         "line 34: the file is one page of several: a statement is taken whole"},
        {"<IBAN>PL74105010251000009012345678</IBAN>", "", "line 34: the statement has no account"},
        {"OPBD", "ITBD", "line 34: the statement has no opening balance (OPBD or PRCD)"},
        {"CLBD", "CLAV", "line 34: the statement has no closing balance (CLBD)"},
        {"<Ccy>PLN<", "<Ccy>EUR<", "line 16: the amount's currency is not the account's"},
        {"<Ccy>PLN<", "<Ccy>PLX<", "line 13: the account has no known currency"},
        {"<CdtDbtInd>CRDT</CdtDbtInd><Dt>", "<Dt>",
         "line 17: the balance has no amount, direction or day"},
        {"CRDT", "CREDIT", "line 16: a direction is CRDT or DBIT"},
        {"2026-11-19<", "2026-02-29<",
         "line 16: this is no day of the calendar, such as 2028-01-31"},
        /* Sums. */
        {"2030.00", "2030.01", BALANCE},
        {"1000.00", "999.99", BALANCE},
        {"\"PLN\">1230.00", "\"PLN\">1230.01", BALANCE},
        {"<Sts>PDNG</Sts>", "<Sts>BOOK</Sts><ValDt><Dt>2026-11-20</Dt></ValDt>", BALANCE},
        {"<NbOfNtries>2<", "<NbOfNtries>3<",
         "line 9: the statement says another number of entries than it has"},
        {"<Sum>1430<", "<Sum>1430.01<",
         "line 9: the statement says another sum of its entries than they have"},
        {"<TtlNetNtryAmt>1030<", "<TtlNetNtryAmt>1031<",
         "line 9: the statement says another net sum of its entries than they have"},
        {"</TtlNetNtryAmt><CdtDbtInd>CRDT", "</TtlNetNtryAmt><CdtDbtInd>DBIT",
         "line 9: the statement says another net sum of its entries than they have"},
        {"<NbOfNtries>2<", "<NbOfNtries>two<", "line 28: this is not a number of entries"},
        /* Entries. */
        {"\"PLN\">1230.00", "\"PLN\">1230.000",
         "line 35: the amount has more decimals than its currency"},
        {"\"PLN\">1230.00", "\"PLN\">1230,00", "line 35: this is not an amount"},
        {"\"PLN\">1230.00", "\"PLN\">-1230.00", "line 35: this is not an amount"},
        {"\"PLN\">1230.00", "\"PLN\">99999999999999999.00",
         "line 35: the amount is larger than we count"},
        {"\"PLN\">1230.00", "\"EUR\">1230.00",
         "line 35: the amount's currency is not the account's"},
        {"<Amt Ccy=\"PLN\">1230.00", "<Amt>1230.00", "line 35: the amount has no known currency"},
        {"<Sts>BOOK</Sts>", "", "line 55: the entry has no status"},
        {"<BookgDt><DtTm>2026-11-20T10:00:00+01:00</DtTm></BookgDt>", "",
         "line 67: the entry has no day"},
        {"<RvslInd>true<", "<RvslInd>yes<", "line 57: this is neither true nor false"},
    };
    struct buf file, changed;
    (void)state;
    buf_init(&file, 100000);
    buf_init(&changed, 100000);
    load("v02.xml", &file);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct rendering r;
        struct err err;
        rendering_init(&r);
        change(buf_span(&file), rows[i].from, rows[i].to, &changed);
        int rc = read_all(buf_span(&changed), 100000, &r, &err);
        if (rc != ERR_INPUT || strcmp(err.text, rows[i].mistake) != 0)
            fail_msg("%s to %s: %d \"%s\"", rows[i].from, rows[i].to, rc, err.text);
        rendering_release(&r);
    }
    buf_release(&file);
    buf_release(&changed);
}

static void files_that_are_no_xml_are_refused(void **state)
{
    static const char *const files[] = {
        "", " ", ":20:MT940\n:25:X\n", "<", "<?xml version=\"1.0\"?>", "\xff\xfe<", "{\"a\":1}"};
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i) {
        struct rendering r;
        struct err err;
        rendering_init(&r);
        assert_int_equal(read_all(span_str(files[i]), 1, &r, &err), ERR_INPUT);
        rendering_release(&r);
    }
}

/* Each of these goes on for 40 MB, and is refused long before. */
static void what_has_no_end_costs_no_memory(void **state)
{
    static const struct {
        const char *head, *repeated;
    } rows[] = {
        {"<Document "
         "xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>",
         "a"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">", "<a>"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><a b=\"", "c"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><!--", "c"},
        {"<", "a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct rendering r;
        struct buf piece;
        struct err err;
        rendering_init(&r);
        buf_init(&piece, 100000);
        while (buf_span(&piece).len < 40000)
            buf_add_str(&piece, rows[i].repeated);
        struct statement_sink sink = rendering_sink(&r);
        struct camt_reader *reader = camt_reader_new(&sink);
        int rc = camt_reader_feed(reader, span_str(rows[i].head), &err), fed = 0;
        while (rc == 0 && fed < 1000) {
            rc = camt_reader_feed(reader, buf_span(&piece), &err);
            ++fed;
        }
        if (rc == 0 && i == 0) /* a text is judged where it ends; meanwhile no more of it is kept */
            rc = camt_reader_feed(reader, SPAN_LIT("</Id>"), &err);
        assert_int_equal(rc, ERR_INPUT);
        assert_true(i == 0 || fed < 10);
        camt_reader_free(reader);
        buf_release(&piece);
        rendering_release(&r);
    }
}

static void the_sinks_refusal_ends_the_reading(void **state)
{
    struct buf file;
    (void)state;
    buf_init(&file, 100000);
    load("v02.xml", &file);
    for (int call = 1; call <= 5; ++call) {
        struct rendering r;
        struct err err;
        rendering_init(&r);
        r.fail_at = call;
        assert_int_equal(read_all(buf_span(&file), 1, &r, &err), ERR_DATABASE);
        assert_int_equal(r.call_count, call);
        rendering_release(&r);
    }
    buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_both_versions_are_read),
        cmocka_unit_test(what_cannot_be_believed_is_refused_with_its_line),
        cmocka_unit_test(files_that_are_no_xml_are_refused),
        cmocka_unit_test(what_has_no_end_costs_no_memory),
        cmocka_unit_test(the_sinks_refusal_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
