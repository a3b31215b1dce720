/* The settings `segments.*`: see domain/segment.h. */
#ifndef DUNLIN_APP_SETTINGS_SEGMENTS_H
#define DUNLIN_APP_SETTINGS_SEGMENTS_H

#include "app/settings_table.h"

extern const struct setting settings_segments[];

/* What depends on several of them. */
void settings_finish_segments(struct settings_reading *);

#endif
