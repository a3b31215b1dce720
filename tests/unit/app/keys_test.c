#include "app/keys.h"

#include "domain/keyring.h"
#include "domain/paylink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64], file[96];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err;
    strcpy(f->folder, "/tmp/dunlin-keys-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->file, sizeof(f->file), "%s/link.keys", f->folder);
    assert_int_equal(keys_make_if_missing(f->file, &err), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char lock[128];
    snprintf(lock, sizeof(lock), "%s.lock", f->file);
    unlink(lock);
    unlink(f->file);
    assert_int_equal(rmdir(f->folder), 0); /* nothing half-written lies about */
    free(f);
    return 0;
}

static struct keyring *load(const struct fixture *f)
{
    struct keyring *keys;
    struct err err;
    if (keys_load(f->file, &keys, &err) != 0)
        fail_msg("%s", err.text);
    return keys;
}

static void print_code(const struct fixture *f, char code[PAYLINK_CODE_LEN + 1])
{
    struct keyring *keys = load(f);
    paylink_print_code(keys, (struct paylink_id){.customer_id = 7, .link_no = 3}, code);
    keyring_free(keys);
}

static bool is_good(const struct fixture *f, const char *code)
{
    struct keyring *keys = load(f);
    struct paylink_id id;
    bool result = paylink_check_code(keys, span_str(code), &id) && id.customer_id == 7;
    keyring_free(keys);
    return result;
}

static void after_a_rotation_new_links_differ_and_old_ones_are_good(void **state)
{
    struct fixture *f = *state;
    char before[PAYLINK_CODE_LEN + 1], after[PAYLINK_CODE_LEN + 1];
    struct keys_change change;
    struct err err;
    print_code(f, before);
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    print_code(f, after);
    assert_string_not_equal(before, after);
    assert_int_equal(change.number, 1);
    assert_int_equal(change.active_count, 2);
    assert_true(is_good(f, before));
    assert_true(is_good(f, after));
}

static void links_of_a_retired_key_are_dead_and_others_are_not(void **state)
{
    struct fixture *f = *state;
    char before[PAYLINK_CODE_LEN + 1], after[PAYLINK_CODE_LEN + 1];
    struct keys_change change;
    struct err err;
    print_code(f, before);
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    print_code(f, after);
    assert_int_equal(keys_retire(f->file, 0, &change, &err), 0);
    assert_int_equal(change.active_count, 1);
    assert_false(is_good(f, before));
    assert_true(is_good(f, after));
}

static void the_last_active_key_is_not_retired(void **state)
{
    struct fixture *f = *state;
    struct keys_change change;
    struct err err;
    assert_int_equal(keys_retire(f->file, 0, &change, &err), ERR_INPUT);
    assert_int_equal(keys_retire(f->file, 5, &change, &err), ERR_INPUT);
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(keys_retire(f->file, 0, &change, &err), 0);
    assert_int_equal(keys_retire(f->file, 0, &change, &err), ERR_INPUT);
}

static void there_are_sixteen_numbers(void **state)
{
    struct fixture *f = *state;
    struct keys_change change;
    struct err err;
    for (int i = 1; i < KEYRING_KEYS_MAX; ++i)
        assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(change.number, 15);
    assert_int_equal(keys_rotate(f->file, &change, &err), ERR_INPUT);
    keyring_free(load(f));
}

static void the_file_stays_readable_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct keys_change change;
    struct err err;
    struct stat st;
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(f->file, 0640), 0);
    assert_int_equal(keys_rotate(f->file, &change, &err), ERR_SETTINGS);
}

static void comments_stay_where_they_are(void **state)
{
    struct fixture *f = *state;
    struct keys_change change;
    struct err err;
    char text[512] = "";
    FILE *file = fopen(f->file, "r+");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    rewind(file);
    fprintf(file, "# active since May\n%.*s", (int)len - 1, text); /* without the last line end */
    fclose(file);
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(keys_retire(f->file, 0, &change, &err), 0);
    file = fopen(f->file, "r");
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "# active since May\n");
}

struct listed {
    char text[64];
};

static void on_key(void *owner, int number, bool is_active, bool is_signer)
{
    struct listed *l = owner;
    size_t len = strlen(l->text);
    snprintf(l->text + len, sizeof(l->text) - len, "%d%s ", number,
             is_signer   ? "*"
             : is_active ? ""
                         : "-");
}

static void listing_says_which_key_signs(void **state)
{
    struct fixture *f = *state;
    struct keys_change change;
    struct err err;
    struct listed listed = {""};
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(keys_rotate(f->file, &change, &err), 0);
    assert_int_equal(keys_retire(f->file, 0, &change, &err), 0);
    assert_int_equal(keys_list(f->file, on_key, &listed, &err), 0);
    assert_string_equal(listed.text, "0- 1 2* ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_a_rotation_new_links_differ_and_old_ones_are_good),
        TEST(links_of_a_retired_key_are_dead_and_others_are_not),
        TEST(the_last_active_key_is_not_retired),
        TEST(there_are_sixteen_numbers),
        TEST(the_file_stays_readable_for_its_owner_alone),
        TEST(comments_stay_where_they_are),
        TEST(listing_says_which_key_signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
