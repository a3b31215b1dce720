/* What is wrong with a text before it is saved: every mistake with its line, so that an author sees
 * them all at once. A mistake refuses the text; a warning does not. */
#ifndef DUNLIN_FLOW_TEMPLATE_CHECK_H
#define DUNLIN_FLOW_TEMPLATE_CHECK_H

#include "base/span.h"
#include "domain/message_field.h"
#include "domain/text_format.h"

#include <stddef.h>

enum { TEMPLATE_MISTAKES_MAX = 64, TEMPLATE_TEXT_MAX = 16 * 1024 };

struct template_draft {
    struct span name, tone, language; /* as they came */
    struct span text;
    bool is_plain;     /* SMS without the letters that GSM-7 does not have */
    unsigned channels; /* that must have a text, a bit each; 0: those it has sections of */
    int parts_max;     /* of an SMS, above which is warned; 0: three */
};

struct template_mistake {
    int line; /* from 1 on; 0: of no line */
    bool is_warning;
    char text[160]; /* nothing of the text but names of fields and characters */
};

struct template_report {
    struct template_mistake mistakes[TEMPLATE_MISTAKES_MAX]; /* in the order of their lines */
    size_t count;
    bool is_refused;
    /* What name, tone and language are, when they are fine. */
    enum message_tone tone;
    enum language language;
};

void template_check(const struct template_draft *, struct template_report *);

#endif
