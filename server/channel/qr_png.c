#include "channel/qr_png.h"

#include <png.h>
#include <qrencode.h>
#include <stdlib.h>

enum { QUIET_ZONE = 4, PIXELS_MODULE = 5 };

static void on_bytes(png_structp png, png_bytep bytes, size_t len)
{
    buf_add(png_get_io_ptr(png), span_of((const char *)bytes, len));
}

static void on_flush(png_structp png)
{
    (void)png;
}

static bool is_black(const QRcode *code, int x, int y)
{
    x = x / PIXELS_MODULE - QUIET_ZONE;
    y = y / PIXELS_MODULE - QUIET_ZONE;
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

/* One bit a pixel, 1 is white. */
static void fill_row(const QRcode *code, int y, int side, unsigned char *row)
{
    memset(row, 0, (size_t)(side + 7) / 8);
    for (int x = 0; x < side; ++x)
        if (!is_black(code, x, y))
            row[x / 8] |= (unsigned char)(0x80 >> (x % 8));
}

/* `row` has room for one; libpng comes back here by longjmp when it fails. */
static bool write_picture(const QRcode *code, int side, unsigned char *row, struct buf *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    if (info == NULL)
        abort();
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, out, on_bytes, on_flush);
    png_set_IHDR(png, info, (png_uint_32)side, (png_uint_32)side, 1, PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < side; ++y) {
        fill_row(code, y, side, row);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

bool qr_png_print(struct span text, bool is_medium_correction, struct buf *png, int *side)
{
    QRcode *code = QRcode_encodeData((int)text.len, (const unsigned char *)text.base, 0,
                                     is_medium_correction ? QR_ECLEVEL_M : QR_ECLEVEL_L);
    if (code == NULL)
        return false;
    *side = (code->width + 2 * QUIET_ZONE) * PIXELS_MODULE;
    unsigned char *row = malloc((size_t)*side / 8 + 1);
    if (row == NULL)
        abort();
    bool is_good = write_picture(code, *side, row, png) && !buf_is_overflowed(png);
    free(row);
    QRcode_free(code);
    return is_good;
}
