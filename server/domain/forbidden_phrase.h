/* Words that make a reminder a threat. UOKiK has banned and fined scare wording, false talk of
 * costs and contact with third parties; what is found is shown to whoever saves a text and goes to
 * nobody's telephone unseen. It is a hint for people, not a judge: the law's own words stand in
 * letters that a lawyer writes. */
#ifndef DUNLIN_DOMAIN_FORBIDDEN_PHRASE_H
#define DUNLIN_DOMAIN_FORBIDDEN_PHRASE_H

#include "base/span.h"

#include <stddef.h>

struct forbidden_phrase {
    const char *pattern; /* see forbidden_phrase_find */
    const char *why;     /* in a few English words */
};

extern const struct forbidden_phrase forbidden_phrases[]; /* ended by a null pattern */

struct forbidden_find {
    const struct forbidden_phrase *phrase;
    size_t at; /* byte of the text */
};

/* The next of them from byte `from` on, in any letter case, with or without Polish letters. In a
 * pattern "*" is anything of the same sentence, at most 40 characters, and the phrase begins where
 * a word does. False when there is no more. */
bool forbidden_phrase_find(struct span text, size_t from, struct forbidden_find *found);

#endif
