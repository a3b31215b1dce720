/* Part of `dunlin check`: whether each payment provider knows us, by a harmless request. */
#ifndef DUNLIN_APP_CHECK_PROVIDER_H
#define DUNLIN_APP_CHECK_PROVIDER_H

#include "app/check.h"

/* Whose settings lack something is not asked: that has been found already. */
void check_provider_credentials(const struct settings *, struct check_report *);

#endif
