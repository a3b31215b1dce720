/* A QR code as one small SVG: black modules drawn as horizontal strokes of one path, on white with
 * the quiet zone of four modules that readers need. */
#ifndef DUNLIN_HTTP_QR_SVG_H
#define DUNLIN_HTTP_QR_SVG_H

#include "base/buf.h"

/* False, and nothing appended, when `text` is too long for a QR code. */
bool qr_svg_print(struct span text, bool is_medium_correction, struct buf *svg);

#endif
