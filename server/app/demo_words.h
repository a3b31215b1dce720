/* What the demo says when it is ready: where to look, for people or for scripts. */
#ifndef DUNLIN_APP_DEMO_WORDS_H
#define DUNLIN_APP_DEMO_WORDS_H

#include <stdio.h>

struct demo_links;
struct demo_place;

/* One line of JSON. */
void demo_words_json(const struct demo_place *, const struct demo_links *, FILE *out);
void demo_words_people(const struct demo_place *, const struct demo_links *, FILE *out);

#endif
