/* How a text that is kept as evidence is known: the SHA-256 of its language and itself, in
 * lower-case hex. The tables terms and page_version check the same. */
#ifndef DUNLIN_DOMAIN_TEXT_VERSION_H
#define DUNLIN_DOMAIN_TEXT_VERSION_H

#include "base/span.h"

#include <stdbool.h>

enum { TEXT_VERSION_LEN = 64 };

/* `language` is two letters: "pl". */
void text_version_print(struct span language, struct span text, char out[TEXT_VERSION_LEN + 1]);
/* Whether it has the form of one. */
bool text_version_is_fine(struct span version);

#endif
