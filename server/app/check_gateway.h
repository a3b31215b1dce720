/* Proves the credentials of the SMS and voice gateways with a request that sends nothing. */
#ifndef DUNLIN_APP_CHECK_GATEWAY_H
#define DUNLIN_APP_CHECK_GATEWAY_H

#include "app/check.h"

void check_gateways(const struct settings *, struct check_report *);

#endif
