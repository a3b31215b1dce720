/* A folder that somebody drops files into, to be taken one by one and put away: into done/ or bad/
 * below it, which are made when they are needed. What the files are is the caller's to know. All of
 * it blocks for as long as the disk does. */
#ifndef DUNLIN_IO_DROP_FOLDER_H
#define DUNLIN_IO_DROP_FOLDER_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    DROP_REST_SECONDS = 5, /* not written to for so long: whoever writes it is done */
    DROP_NAMES_MAX = 1000, /* looked at in one go */
    DROP_NAME_MAX = 200,   /* bytes; files with longer ones are left where they are */
};

struct drop_file {
    char name[DROP_NAME_MAX + 1]; /* "": there is none */
    char *bytes;                  /* malloc'ed; null when it is too large */
    size_t len;
};

/* The first in the order of names that has rested; a regular file whose name does not begin with a
 * dot. No folder is an empty one. ERR_SYSTEM when it cannot be read, or a file cannot and there is
 * none that can. */
MUST_CHECK int drop_folder_next(const char *folder, size_t bytes_max, struct drop_file *,
                                struct err *);
void drop_file_release(struct drop_file *);

/* Whether it is a folder that can be looked into and changed. */
bool drop_folder_is_there(const char *folder);

/* Puts the file away: into bad/ with `why` beside it as NAME.why, or into done/ when that is null.
 * One of the same name that lies there already stays: this one gets a number. A file that is gone
 * meanwhile was put away by somebody else. */
MUST_CHECK int drop_folder_put_away(const char *folder, const char *name, const char *why,
                                    struct err *);

#endif
