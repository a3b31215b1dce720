#include "base/crash_point.h"

#ifdef DUNLIN_CRASH_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void crash_point(const char *name)
{
    const char *wanted = getenv("TEST_CRASH_AT"), *file = getenv("TEST_CRASH_FILE");
    if (wanted == NULL || file == NULL || strcmp(wanted, name) != 0)
        return;
    if (unlink(file) == 0)
        kill(getpid(), SIGKILL);
}

#endif
