/* The part of `dunlin check` that looks at certificates and their keys. */
#ifndef DUNLIN_APP_CHECK_TLS_H
#define DUNLIN_APP_CHECK_TLS_H

#include "app/check.h"

/* `section` is "public", "private" or "app_links". The certificate is to be for the host of the
 * listener's url and for that of `other_url`, unless it is "". */
void check_certificate(const struct settings *, const char *section,
                       const struct settings_listener *, const char *other_url,
                       struct check_report *);

#endif
