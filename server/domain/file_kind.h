/* What a file is, by its bytes: neither the name nor the type that its sender gave says anything.
 *
 * A kind is believed when the file begins with its magic number and the frame around its content is
 * whole: what a disguised file (a page, a script, an archive behind a picture's first bytes) is
 * not. Pictures are not decoded: whoever opens one does that, on a machine of their own.
 *
 * libmagic was looked at and left: it knows hundreds of formats, most of which would have to be
 * refused afterwards, by parsers of its own that have had their holes, and it is content with the
 * first bytes. */
#ifndef DUNLIN_DOMAIN_FILE_KIND_H
#define DUNLIN_DOMAIN_FILE_KIND_H

#include "base/span.h"

enum file_kind {
    FILE_KIND_OTHER = 0, /* anything else: refused */
    FILE_KIND_PDF,
    FILE_KIND_JPEG,
    FILE_KIND_PNG,
    FILE_KIND_WEBP,
    FILE_KIND_HEIC,
    FILE_KIND_AVIF,
    FILE_KIND_COUNT,
};

/* Reads the file's frame once; allocates nothing. */
enum file_kind file_kind_of(struct span file);
/* "pdf", "jpeg", …: as it is kept. "" for FILE_KIND_OTHER. */
const char *file_kind_name(enum file_kind kind);
/* FILE_KIND_OTHER for a name that is none of these. */
enum file_kind file_kind_find(struct span name);
/* "application/pdf", "image/jpeg", …; null for FILE_KIND_OTHER. */
const char *file_kind_type(enum file_kind kind);

#endif
