#include "app/command.h"

#include <stdio.h>

int command_run(int argc, char **argv)
{
    (void)argv;
    fprintf(stderr, "usage: dunlin <command>\n");
    return argc < 2 ? 2 : 2;
}
