#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_file_create(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) == 0)
        return fd;
    int why = errno;
    close(fd);
    unlink(path);
    errno = why;
    return -1;
}

bool secret_file_is_open_to_others(int fd)
{
    struct stat s;
    return fstat(fd, &s) != 0 || (s.st_mode & 077) != 0;
}
