/* The encodings exports come in, and their way to UTF-8. */
#ifndef DUNLIN_FLOW_CSV_TEXT_H
#define DUNLIN_FLOW_CSV_TEXT_H

#include "base/buf.h"

enum csv_encoding {
    CSV_UTF_8 = 0,
    CSV_WINDOWS_1250,
    CSV_ISO_8859_2,
};

/* "UTF-8", "Windows-1250", "ISO-8859-2". */
const char *csv_encoding_name(enum csv_encoding);
/* True and the encoding when `name` is one of those. */
bool csv_encoding_parse(struct span name, enum csv_encoding *);

/* Counts over a whole input from which its encoding is judged; start with zeros. */
struct csv_text_counts {
    int64_t letter_count;  /* whole multi-byte sequences of UTF-8 */
    int64_t broken_count;  /* bytes that UTF-8 cannot have */
    int64_t windows_count; /* bytes that are Polish letters or quotes in Windows-1250 only */
    int64_t iso_count;     /* … in ISO-8859-2 only */
    uint8_t pending_[4];
    int pending_len_;
};

void csv_text_count(struct csv_text_counts *, struct span bytes);
/* UTF-8 unless its sequences are broken more often than could be an accident: then the eight-bit
 * encoding whose letters are there. */
enum csv_encoding csv_text_judge(const struct csv_text_counts *);

/* Appends `raw` in UTF-8. False when it is not text in that encoding: nothing is appended. */
bool csv_text_decode(enum csv_encoding, struct span raw, struct buf *out);
/* The same with a question mark for each byte that is no text. */
void csv_text_decode_lossy(enum csv_encoding, struct span raw, struct buf *out);
bool utf8_is_valid(struct span text);

#endif
