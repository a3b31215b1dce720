/* The text of bank files: their character sets, and the plain form in which titles and numbers are
 * compared. */
#ifndef DUNLIN_DOMAIN_BANK_TEXT_H
#define DUNLIN_DOMAIN_BANK_TEXT_H

#include "base/buf.h"

enum bank_charset {
    BANK_CHARSET_AUTO = 0, /* a setting alone: bank_charset_guess() says which */
    BANK_CHARSET_UTF_8,
    BANK_CHARSET_CP852,
    BANK_CHARSET_WINDOWS_1250,
    BANK_CHARSET_ISO_8859_2,
    BANK_CHARSET_COUNT,
};

/* "auto", "utf-8", "cp852", "windows-1250", "iso-8859-2": the setting's words. */
const char *bank_charset_name(enum bank_charset);
bool bank_charset_read(struct span word, enum bank_charset *);
/* Which one a whole file is most likely in. UTF-8 when it is that and its letters are Polish or of
 * western Europe (some pairs of Windows-1250 are UTF-8 by accident); else the one in which most of
 * the bytes are Polish letters. Never BANK_CHARSET_AUTO. */
enum bank_charset bank_charset_guess(struct span file);
/* Appends `text` as UTF-8. What the set does not have, and control characters other than line ends,
 * become U+FFFD. */
void bank_text_decode(enum bank_charset, struct span text, struct buf *out);

/* How a letter reads among others: a capital of ASCII, a digit, or 0 for everything between words.
 * Polish letters and those of western Europe lose their marks. Takes one letter off `text`, which
 * must not be empty and is UTF-8. */
char bank_text_next(struct span *text);
/* Appends the capitals and digits alone: how names and references are compared. */
void bank_text_bare(struct span text, struct buf *out);

#endif
