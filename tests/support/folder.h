/* A temporary folder of a test, under TMPDIR or /tmp. */
#ifndef DUNLIN_TESTS_FOLDER_H
#define DUNLIN_TESTS_FOLDER_H

enum { TEST_FOLDER_ROOM = 64 };

/* Makes one that others may pass through. Fails the process when it cannot. */
void test_folder_new(char out[TEST_FOLDER_ROOM]);
/* With all that is in it. */
void test_folder_remove(const char *folder);

#endif
