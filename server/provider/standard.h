/* A bank of one's own, over the API that docs/providers.md describes. */
#ifndef DUNLIN_PROVIDER_STANDARD_H
#define DUNLIN_PROVIDER_STANDARD_H

extern const struct provider standard_provider;

#endif
