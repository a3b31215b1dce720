/* Files that hold a secret of ours. */
#ifndef DUNLIN_BASE_SECRET_FILE_H
#define DUNLIN_BASE_SECRET_FILE_H

#include <stdbool.h>

/* Opens a new file for writing that its owner alone may read, whatever the umask. What stood at
 * `path` is removed first, so that nobody can have it open or have laid a link there. Returns a
 * descriptor, or -1 with errno. */
int secret_file_create(const char *path);
/* May anybody but the owner read or change this open file? Also true when that cannot be told. */
bool secret_file_is_open_to_others(int fd);

#endif
