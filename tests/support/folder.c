#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void test_folder_new(char out[TEST_FOLDER_ROOM])
{
    const char *top = getenv("TMPDIR");
    snprintf(out, TEST_FOLDER_ROOM, "%s/dunlin-test-XXXXXX",
             top == NULL || top[0] == '\0' ? "/tmp" : top);
    if (mkdtemp(out) == NULL || chmod(out, 0755) != 0) {
        perror(out);
        abort();
    }
}

void test_folder_remove(const char *folder)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", folder, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}
