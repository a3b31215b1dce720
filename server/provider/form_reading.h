/* Reading what HTML forms send (application/x-www-form-urlencoded), strictly: a field that stands
 * there twice, a sign that is not encoded as it should be, and more fields than anybody sends are
 * refused. */
#ifndef DUNLIN_PROVIDER_FORM_READING_H
#define DUNLIN_PROVIDER_FORM_READING_H

#include "base/buf.h"

enum { FORM_FIELDS_MAX = 64 };

struct form_fields {
    struct buf text_; /* the spans lie in it */
    struct form_field {
        struct span name, value;
    } items_[FORM_FIELDS_MAX];
    int count_;
};

/* False when the body is refused. Release it either way. */
bool form_fields_read(struct form_fields *, struct span body);
void form_fields_release(struct form_fields *);
/* The field's value, "+" and "%XX" decoded; null base when it is not there. */
struct span form_fields_get(const struct form_fields *, const char *name);

#endif
