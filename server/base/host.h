/* The host in a URL, an origin or a Host header. */
#ifndef DUNLIN_BASE_HOST_H
#define DUNLIN_BASE_HOST_H

#include "base/span.h"

/* Without scheme, port and path; an IPv6 address keeps its brackets. */
struct span host_of(struct span url);
/* Host names know no case. */
bool host_is(struct span a, struct span b);

#endif
