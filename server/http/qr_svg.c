#include "http/qr_svg.h"

#include <qrencode.h>

enum { QUIET_ZONE = 4 };

static bool is_black(const QRcode *code, int x, int y)
{
    return (code->data[y * code->width + x] & 1) != 0;
}

/* One row: runs of black as h<len>, runs of white as m<len> 0. */
static void print_row(const QRcode *code, int y, struct buf *svg)
{
    int pen = -1; /* where the last run ended; none yet in this row */
    for (int x = 0; x < code->width;) {
        int start = x;
        while (x < code->width && is_black(code, x, y))
            ++x;
        if (x == start) {
            ++x;
            continue;
        }
        if (pen < 0)
            buf_printf(svg, "M%d %d.5", start + QUIET_ZONE, y + QUIET_ZONE);
        else
            buf_printf(svg, "m%d 0", start - pen);
        buf_printf(svg, "h%d", x - start);
        pen = x;
    }
}

bool qr_svg_print(struct span text, bool is_medium_correction, struct buf *svg)
{
    QRcode *code = QRcode_encodeData((int)text.len, (const unsigned char *)text.base, 0,
                                     is_medium_correction ? QR_ECLEVEL_M : QR_ECLEVEL_L);
    if (code == NULL)
        return false;
    int side = code->width + 2 * QUIET_ZONE;
    buf_printf(svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
               "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
               "<path stroke=\"#000\" d=\"",
               side, side, side, side);
    for (int y = 0; y < code->width; ++y)
        print_row(code, y, svg);
    buf_add_str(svg, "\"/></svg>");
    QRcode_free(code);
    return true;
}
