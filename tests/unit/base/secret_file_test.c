#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/dunlin-secret-XXXXXX";
static char file[64], other[64];

static int open_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file, sizeof(file), "%s/secret", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    unlink(file);
    unlink(other);
    return rmdir(folder);
}

static void new_file_is_for_its_owner_alone_whatever_the_umask(void **state)
{
    (void)state;
    struct stat s;
    mode_t before = umask(0777);
    int fd = secret_file_create(file);
    umask(before);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_false(secret_file_is_open_to_others(fd));
    assert_int_equal(fchmod(fd, 0604), 0);
    assert_true(secret_file_is_open_to_others(fd));
    close(fd);
}

static void file_left_open_to_others_is_replaced_not_reused(void **state)
{
    (void)state;
    struct stat s;
    assert_int_equal(chmod(file, 0666), 0);
    int stale = open(file, O_RDONLY), fd = secret_file_create(file);
    assert_true(stale >= 0 && fd >= 0);
    assert_int_equal(write(fd, "secret", 6), 6);
    assert_int_equal(fstat(stale, &s), 0);
    assert_int_equal(s.st_size, 0);
    assert_int_equal(fstat(fd, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    close(stale);
    close(fd);
}

static void link_laid_in_the_way_is_not_followed(void **state)
{
    (void)state;
    unlink(file);
    assert_int_equal(symlink(other, file), 0);
    int fd = secret_file_create(file);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_file_is_for_its_owner_alone_whatever_the_umask),
        cmocka_unit_test(file_left_open_to_others_is_replaced_not_reused),
        cmocka_unit_test(link_laid_in_the_way_is_not_followed),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
