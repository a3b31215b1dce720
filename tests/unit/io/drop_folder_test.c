#include "io/drop_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/drop-folder-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, int age_seconds)
{
    FILE *out = fopen(path_of(name), "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    const struct timespec then = {.tv_sec = time(NULL) - age_seconds}, times[2] = {then, then};
    assert_int_equal(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

static const char *read_file(const char *name)
{
    static char text[256];
    FILE *in = fopen(path_of(name), "r");
    if (in == NULL)
        return "(none)";
    text[fread(text, 1, sizeof(text) - 1, in)] = 0;
    fclose(in);
    return text;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/drop-folder-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static void empty(const char *name)
{
    DIR *dir = opendir(path_of(name));
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    rmdir(path_of(name));
}

static int teardown(void **state)
{
    (void)state;
    empty("done");
    empty("bad");
    empty("sub");
    empty("");
    return 0;
}

static void assert_next(const char *name, const char *bytes)
{
    struct drop_file file;
    struct err err = {0};
    assert_int_equal(drop_folder_next(folder, 10, &file, &err), 0);
    assert_string_equal(file.name, name);
    assert_int_equal(file.bytes != NULL, bytes != NULL);
    if (bytes != NULL) {
        assert_int_equal(file.len, strlen(bytes));
        assert_memory_equal(file.bytes, bytes, file.len);
    }
    drop_file_release(&file);
}

static void put_away(const char *name, const char *why)
{
    struct err err = {0};
    assert_int_equal(drop_folder_put_away(folder, name, why, &err), 0);
}

static void files_come_in_the_order_of_their_names_once_they_have_rested(void **state)
{
    (void)state;
    assert_next("", NULL);
    write_file("b", "bb", 60);
    write_file("c", "cc", 60);
    write_file("a", "is being written", 0);
    write_file(".hidden", "x", 60);
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    assert_int_equal(symlink("b", path_of("0link")), 0);
    assert_next("b", "bb");
    put_away("b", NULL);
    assert_next("c", "cc");
    put_away("c", "no good\n");
    assert_next("", NULL);
    assert_string_equal(read_file("done/b"), "bb");
    assert_string_equal(read_file("bad/c"), "cc");
    assert_string_equal(read_file("bad/c.why"), "no good\n");
    assert_string_equal(read_file("a"), "is being written");
}

static void what_lies_there_already_is_not_written_over(void **state)
{
    (void)state;
    for (int i = 0; i < 3; ++i) {
        char text[2] = {(char)('0' + i), 0};
        write_file("a", text, 60);
        put_away("a", NULL);
    }
    assert_string_equal(read_file("done/a"), "0");
    assert_string_equal(read_file("done/a.1"), "1");
    assert_string_equal(read_file("done/a.2"), "2");
    put_away("a", NULL); /* gone: somebody else was faster */
}

static void one_that_is_too_large_comes_without_its_bytes(void **state)
{
    (void)state;
    write_file("a", "12345678901", 60);
    write_file("b", "1234567890", 60);
    assert_next("a", NULL);
    put_away("a", "too large\n");
    assert_next("b", "1234567890");
}

static void no_folder_is_an_empty_one_and_a_file_is_none(void **state)
{
    (void)state;
    struct drop_file file;
    struct err err = {0};
    char path[512];
    snprintf(path, sizeof(path), "%s/none", folder);
    assert_int_equal(drop_folder_next(path, 10, &file, &err), 0);
    assert_string_equal(file.name, "");
    assert_true(drop_folder_is_there(folder) && !drop_folder_is_there(path));
    write_file("a", "x", 60);
    snprintf(path, sizeof(path), "%s/a", folder);
    assert_int_equal(drop_folder_next(path, 10, &file, &err), ERR_SYSTEM);
    assert_false(drop_folder_is_there(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            files_come_in_the_order_of_their_names_once_they_have_rested, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lies_there_already_is_not_written_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_that_is_too_large_comes_without_its_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_folder_is_an_empty_one_and_a_file_is_none, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
