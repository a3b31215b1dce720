/* The headers of tus 1.0 resumable uploads (https://tus.io/protocols/resumable-upload). Read from
 * bytes of anybody with an API key; nothing here knows requests. */
#ifndef DUNLIN_HTTP_TUS_H
#define DUNLIN_HTTP_TUS_H

#include "base/span.h"

enum { TUS_NAME_MAX = 200 };

/* Upload-Length, Upload-Offset: decimal digits without sign or blank, below 2^62. */
bool tus_number(struct span text, int64_t *out);
/* The value of `filename` (or `name`) in Upload-Metadata: "key base64,key base64,key". Its last
 * path segment, valid UTF-8 without controls, cut to TUS_NAME_MAX bytes; "upload.csv" when there is
 * none fit to be shown. False when the header breaks the grammar. */
bool tus_file_name(struct span metadata, char out[TUS_NAME_MAX + 1]);

/* The number that stands there under `key`; 0 when there is none. False when it is no number, or
 * twice there. After tus_file_name has read the header. */
bool tus_metadata_number(struct span metadata, const char *key, int64_t *out);

/* Upload-Checksum: "algorithm base64", of exactly the bytes of this request. */
#define TUS_CHECKSUM_ALGORITHMS "sha1,sha256"
enum tus_checksum {
    TUS_CHECKSUM_GOOD = 1,
    TUS_CHECKSUM_WRONG,
    TUS_CHECKSUM_UNREADABLE, /* broken, or of an algorithm that is not offered */
};
enum tus_checksum tus_checksum_of(struct span header, struct span bytes);

#endif
