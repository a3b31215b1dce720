/* A form with a file as browsers send it: multipart/form-data (RFC 7578), read strictly.
 *
 * The whole body lies in memory; parts are spans into it and nothing is allocated. What browsers do
 * not send is refused: text before the first boundary or behind the last, parts without a name,
 * transfer encodings, nested multiparts, lines folded or ended by LF alone.
 *
 * GMime, which reads our mails, was looked at and left: it forgives what mail programs forgive (a
 * missing end, lines of any kind, parts in parts), decodes encodings that forms must not use, and
 * copies each part. */
#ifndef DUNLIN_DOMAIN_MULTIPART_H
#define DUNLIN_DOMAIN_MULTIPART_H

#include "base/span.h"

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
    MULTIPART_PARTS_MAX = 8,
    MULTIPART_HEAD_MAX = 1024, /* the headers of one part */
};

struct multipart_part {
    struct span name;
    bool is_file; /* a file name was given, perhaps an empty one: no file was chosen */
    struct span content;
};

struct multipart {
    int part_count;
    struct multipart_part parts[MULTIPART_PARTS_MAX];
};

/* False when content type or body is anything else than such a form. */
bool multipart_parse(struct span content_type, struct span body, struct multipart *);
/* The only part of this name; null when there is none, or more than one. */
const struct multipart_part *multipart_find(const struct multipart *, const char *name);

#endif
