#include "domain/file_kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The smallest files of each kind, by hand from their specifications. Pieces are kept apart so that
 * a hexadecimal escape ends where it should. */
#define PDF_HEAD "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n"
#define PDF_END "startxref\n9\n%%EOF\n"
#define JPEG_APP0 "\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define JPEG_SOF "\xFF\xC0\0\x0B\x08\0\1\0\1\1\1\x11\0"
#define JPEG_SOS "\xFF\xDA\0\x08\1\1\0\0\x3F\0\x7F"
#define JPEG_EOI "\xFF\xD9"
#define PNG_IHDR "\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0\x3A\x7E\x9B\x55"
#define PNG_IDAT "\0\0\0\1IDAT\x78\1\2\3\4"
#define PNG_IEND "\0\0\0\0IEND\xAE\x42\x60\x82"
#define WEBP "RIFF\x0E\0\0\0WEBPVP8L\2\0\0\0\x2F\0"
#define FTYP_HEIC                                                                                  \
    "\0\0\0\x18"                                                                                   \
    "ftypheic\0\0\0\0mif1heic"
#define FTYP_AVIF                                                                                  \
    "\0\0\0\x1C"                                                                                   \
    "ftypmif1\0\0\0\0mif1avifmiaf"
#define META "\0\0\0\x0Cmeta\0\0\0\0"
#define ZIP_END "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void a_file_is_what_its_bytes_say(void **state)
{
    (void)state;
    static const struct {
        struct span file;
        enum file_kind kind;
    } rows[] = {
        {SPAN_LIT(PDF_HEAD PDF_END), FILE_KIND_PDF},
        {SPAN_LIT("%PDF-2.0\n" PDF_END), FILE_KIND_PDF},
        {SPAN_LIT("\xFF\xD8" JPEG_APP0 JPEG_SOF JPEG_SOS JPEG_EOI), FILE_KIND_JPEG},
        {SPAN_LIT("\xFF\xD8" JPEG_SOF JPEG_SOS JPEG_EOI "a video of the phone's"), FILE_KIND_JPEG},
        {SPAN_LIT("\xFF\xD8" JPEG_SOF "\xFF" JPEG_SOS JPEG_EOI), FILE_KIND_JPEG},
        {SPAN_LIT(PNG_IHDR PNG_IDAT PNG_IEND), FILE_KIND_PNG},
        {SPAN_LIT(WEBP), FILE_KIND_WEBP},
        {SPAN_LIT(FTYP_HEIC META), FILE_KIND_HEIC},
        {SPAN_LIT(FTYP_HEIC META "\0\0\0\0mdatpicture"), FILE_KIND_HEIC},
        {SPAN_LIT(FTYP_HEIC META "\0\0\0\1mdat\0\0\0\0\0\0\0\x11"
                                 "x"),
         FILE_KIND_HEIC},
        {SPAN_LIT(FTYP_AVIF META), FILE_KIND_AVIF},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        assert_int_equal(file_kind_of(rows[i].file), rows[i].kind);
}

static void a_disguised_or_broken_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct span file;
    } rows[] = {
        {"nothing", SPAN_LIT("")},
        {"a text", SPAN_LIT("Dear Sir or Madam, I have paid this already.")},
        {"a page", SPAN_LIT("<!doctype html><script>alert(1)</script>")},
        {"a drawing that can hold scripts", SPAN_LIT("<svg xmlns='http://www.w3.org/2000/svg'/>")},
        {"an archive", SPAN_LIT("PK\3\4\x14\0\0\0\0\0\0\0\0\0" ZIP_END "\0\0")},
        {"a program", SPAN_LIT("\x7F"
                               "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0")},
        {"a GIF", SPAN_LIT("GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2")},
        {"a page that is a PDF further on", SPAN_LIT("<html><!--" PDF_HEAD PDF_END "-->")},
        {"a PDF behind a blank", SPAN_LIT(" " PDF_HEAD PDF_END)},
        {"a PDF's first bytes before a page", SPAN_LIT("%PDF-1.7\n<script>alert(1)</script>")},
        {"a PDF cut short", SPAN_LIT(PDF_HEAD)},
        {"a PDF of no version", SPAN_LIT("%PDF-x.7\n" PDF_END)},
        {"a PDF that is an archive, too", SPAN_LIT(PDF_HEAD PDF_END ZIP_END "\0\0")},
        {"an archive whose comment ends a PDF", SPAN_LIT(PDF_HEAD ZIP_END "\x12\0" PDF_END)},
        {"a JPEG that is an archive, too",
         SPAN_LIT("\xFF\xD8" JPEG_SOF JPEG_SOS JPEG_EOI ZIP_END "\0\0")},
        {"a JPEG's first bytes before a page", SPAN_LIT("\xFF\xD8\xFF<html><script></script>")},
        {"a JPEG without a frame", SPAN_LIT("\xFF\xD8" JPEG_APP0 JPEG_SOS JPEG_EOI)},
        {"a JPEG without an end", SPAN_LIT("\xFF\xD8" JPEG_APP0 JPEG_SOF JPEG_SOS)},
        {"a JPEG segment past the end", SPAN_LIT("\xFF\xD8"
                                                 "\xFF\xE0\x40\0JFIF and so on")},
        {"a JPEG segment shorter than itself", SPAN_LIT("\xFF\xD8"
                                                        "\xFF\xE0\0\1" JPEG_SOF JPEG_SOS JPEG_EOI)},
        {"a PNG without a picture", SPAN_LIT(PNG_IHDR PNG_IEND)},
        {"a PNG without an end", SPAN_LIT(PNG_IHDR PNG_IDAT)},
        {"a PNG with a page behind it", SPAN_LIT(PNG_IHDR PNG_IDAT PNG_IEND "<html></html>")},
        {"a PNG chunk past the end", SPAN_LIT(PNG_IHDR "\xFF\xFF\xFF\xFFIDATxxxx" PNG_IEND)},
        {"a WebP of another length", SPAN_LIT(WEBP "\0\0")},
        {"a RIFF of sound", SPAN_LIT("RIFF\x0E\0\0\0WAVEfmt \2\0\0\0\x2F\0")},
        {"a video", SPAN_LIT("\0\0\0\x18"
                             "ftypmp42\0\0\0\0isommp42" META)},
        {"a HEIC without its meta box", SPAN_LIT(FTYP_HEIC "\0\0\0\x0Cmdatxxxx")},
        {"a HEIC with a page behind it", SPAN_LIT(FTYP_HEIC META "<html></html>")},
        {"a HEIC box past the end", SPAN_LIT(FTYP_HEIC META "\0\0\1\0mdatxxxx")},
        {"a HEIC box smaller than its head", SPAN_LIT(FTYP_HEIC META "\0\0\0\4mdatxxxx")},
        {"a HEIC that names itself in its minor version only", SPAN_LIT("\0\0\0\x14"
                                                                        "ftypmp42heicmp42" META)},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (file_kind_of(rows[i].file) != FILE_KIND_OTHER)
            fail_msg("%s was taken", rows[i].what);
}

static void no_cut_of_a_file_reads_past_its_end(void **state)
{
    (void)state;
    static const struct span files[] = {
        SPAN_LIT(PDF_HEAD PDF_END),
        SPAN_LIT("\xFF\xD8" JPEG_APP0 JPEG_SOF JPEG_SOS JPEG_EOI),
        SPAN_LIT(PNG_IHDR PNG_IDAT PNG_IEND),
        SPAN_LIT(WEBP),
        SPAN_LIT(FTYP_HEIC META "\0\0\0\1mdat\0\0\0\0\0\0\0\x11"
                                "x"),
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); ++i)
        for (size_t len = 0; len < files[i].len - 1; ++len) {
            char *cut = malloc(len + (len == 0)); /* the sanitizer watches its end */
            memcpy(cut, files[i].base, len);
            enum file_kind kind = file_kind_of(span_of(cut, len));
            assert_true(kind == FILE_KIND_OTHER || len >= 24);
            free(cut);
        }
}

static void a_kind_is_found_by_its_name(void **state)
{
    (void)state;
    for (int kind = FILE_KIND_PDF; kind < FILE_KIND_COUNT; ++kind)
        assert_int_equal(file_kind_find(span_str(file_kind_name((enum file_kind)kind))), kind);
    assert_int_equal(file_kind_find(SPAN_LIT("")), FILE_KIND_OTHER);
    assert_int_equal(file_kind_find(SPAN_LIT("svg")), FILE_KIND_OTHER);
    assert_string_equal(file_kind_type(FILE_KIND_PDF), "application/pdf");
    assert_string_equal(file_kind_type(FILE_KIND_HEIC), "image/heic");
    assert_null(file_kind_type(FILE_KIND_OTHER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_what_its_bytes_say),
        cmocka_unit_test(a_disguised_or_broken_file_is_refused),
        cmocka_unit_test(no_cut_of_a_file_reads_past_its_end),
        cmocka_unit_test(a_kind_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
