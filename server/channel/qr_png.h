/* A QR code as a PNG: mail programs show no SVG. */
#ifndef DUNLIN_CHANNEL_QR_PNG_H
#define DUNLIN_CHANNEL_QR_PNG_H

#include "base/buf.h"

/* Appends the picture, black on white with its quiet zone. False, and nothing of use appended, when
 * no code can hold the text. `side` is its width and height in pixels. */
bool qr_png_print(struct span text, bool is_medium_correction, struct buf *png, int *side);

#endif
