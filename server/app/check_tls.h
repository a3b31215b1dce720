/* The part of `dunlin check` that looks at certificates and their keys. */
#ifndef DUNLIN_APP_CHECK_TLS_H
#define DUNLIN_APP_CHECK_TLS_H

#include "app/check.h"

/* `section` is "public" or "private". */
void check_certificate(const struct settings *, const char *section,
                       const struct settings_listener *, struct check_report *);

#endif
