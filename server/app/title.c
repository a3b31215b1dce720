#include "app/title.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* The memory the kernel shows as the command line: the arguments, one behind the other. */
static char *room;
static size_t room_len;

void title_init(int argc, char **argv)
{
    room = argv[0];
    room_len = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0]);
}

void title_set(const char *name)
{
    prctl(PR_SET_NAME, name, 0, 0, 0);
    if (room == NULL)
        return;
    memset(room, 0, room_len);
    snprintf(room, room_len, "dunlin: %s", name);
}
