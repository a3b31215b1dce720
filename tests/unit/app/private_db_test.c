#include "app/private_db.h"

#include "app/db_place.h"
#include "support/folder.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* One cluster serves most tests: making one takes longer than all of them. */
struct fixture {
    char folder[TEST_FOLDER_ROOM]; /* removed at the end */
    char data_dir[128];
};

static struct fixture fixture;

static int make_fixture(void **state)
{
    test_folder_new(fixture.folder);
    snprintf(fixture.data_dir, sizeof(fixture.data_dir), "%s/data", fixture.folder);
    *state = &fixture;
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    test_folder_remove(fixture.folder);
    return 0;
}

/* The first value of the first row, or why there is none. */
static void ask(const char *conninfo, const char *statement, char out[200])
{
    PGconn *connection = PQconnectdb(conninfo);
    PGresult *result = PQexec(connection, statement);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        snprintf(out, 200, "%s", PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, 0));
    else
        snprintf(out, 200, "%s",
                 PQresultStatus(result) == PGRES_COMMAND_OK ? "done" : PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
}

static void assert_answer(const char *conninfo, const char *statement, const char *expected)
{
    char answer[200];
    ask(conninfo, statement, answer);
    assert_string_equal(answer, expected);
}

static struct private_db *start(const char *data_dir)
{
    struct private_db *db = NULL;
    struct err err = {0};
    if (private_db_start(&db, data_dir, &err) != 0)
        fail_msg("private_db_start: %s", err.text);
    return db;
}

static bool has_process(pid_t pid)
{
    /* kill(pid, 0) would also find the ended that nobody has reaped yet. */
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    bool is_there = end.fd >= 0 && poll(&end, 1, 0) == 0;
    close(end.fd);
    return is_there;
}

/* Starts the database in a process that then dies without a word, and says its postmaster's pid. */
static pid_t start_and_be_killed(const char *data_dir)
{
    int pipes[2];
    pid_t postmaster = 0;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct private_db *db = NULL;
        struct err err;
        if (private_db_start(&db, data_dir, &err) == 0)
            postmaster = private_db_pid(db);
        (void)!write(pipes[1], &postmaster, sizeof(postmaster));
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(read(pipes[0], &postmaster, sizeof(postmaster)), sizeof(postmaster));
    close(pipes[0]);
    close(pipes[1]);
    assert_true(postmaster > 0);
    return postmaster;
}

static void first_start_makes_database_and_roles(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    assert_answer(private_db_owner_conninfo(db), "select current_user || '@' || current_database()",
                  "dunlin_owner@dunlin");
    assert_answer(private_db_app_conninfo(db), "select current_user || '@' || current_database()",
                  "dunlin_app@dunlin");
    assert_answer(private_db_app_conninfo(db),
                  "select rolsuper::text from pg_roles where rolname = current_user", "false");
    private_db_stop(db);
}

static void it_listens_on_a_socket_only_and_keeps_its_promises(void **state)
{
    static const char *const rows[][2] = {
        {"listen_addresses", ""},   {"fsync", "on"},           {"synchronous_commit", "on"},
        {"full_page_writes", "on"}, {"data_checksums", "on"},  {"server_encoding", "UTF8"},
        {"lc_collate", "C.UTF-8"},  {"log_statement", "none"},
    };
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char question[100];
        snprintf(question, sizeof(question), "show %s", rows[i][0]);
        assert_answer(private_db_owner_conninfo(db), question, rows[i][1]);
    }
    private_db_stop(db);
}

static void it_never_runs_as_root(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    struct stat st;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d", (int)private_db_pid(db));
    if (stat(path, &st) == 0)
        assert_int_not_equal(st.st_uid, 0);
    private_db_stop(db);
}

static void stopping_ends_its_process_and_keeps_the_data(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    pid_t postmaster = private_db_pid(db);
    assert_answer(private_db_owner_conninfo(db), "create table kept as select 42 as answer",
                  "done");
    private_db_stop(db);
    assert_false(has_process(postmaster));
    db = start(f->data_dir);
    assert_answer(private_db_owner_conninfo(db), "select answer from kept", "42");
    assert_answer(private_db_owner_conninfo(db), "drop table kept", "done");
    private_db_stop(db);
}

static void a_killed_server_takes_its_database_with_it(void **state)
{
    struct fixture *f = *state;
    pid_t postmaster = start_and_be_killed(f->data_dir);
    for (int i = 0; i < 1500 && has_process(postmaster); ++i)
        poll(NULL, 0, 20);
    assert_false(has_process(postmaster));
}

static void the_next_start_after_a_kill_works_at_once(void **state)
{
    struct fixture *f = *state;
    pid_t postmaster = start_and_be_killed(f->data_dir);
    struct private_db *db = start(f->data_dir);
    assert_false(has_process(postmaster));
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
}

/* A postmaster that outlived us: here because it was started by hand, in a session of its own. */
static void a_left_over_postmaster_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct db_place place;
    struct err err;
    assert_int_equal(db_place_find(&place, f->data_dir, &err), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char program[DB_PATH_MAX + 32], sockets[DB_PATH_MAX + 64];
        snprintf(program, sizeof(program), "%s/postgres", place.programs);
        snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", place.sockets);
        if (!db_place_become_user(&place) || freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        execl(program, program, "-D", place.cluster, "-c", "listen_addresses=", "-c", sockets,
              NULL);
        _exit(1);
    }
    char path[DB_PATH_MAX + 32];
    struct stat st;
    snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", place.sockets);
    for (int i = 0; i < 500 && stat(path, &st) != 0; ++i)
        poll(NULL, 0, 20);
    struct private_db *db = start(f->data_dir);
    assert_int_not_equal(private_db_pid(db), pid);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    assert_true(waitpid(pid, NULL, 0) == pid || errno == ECHILD);
    private_db_stop(db);
}

static void a_pid_file_that_names_a_stranger_is_seen_through(void **state)
{
    struct fixture *f = *state;
    struct db_place place;
    struct err err;
    assert_int_equal(db_place_find(&place, f->data_dir, &err), 0);
    pid_t stranger = fork();
    if (stranger == 0) {
        if (!db_place_become_user(&place))
            _exit(1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
    }
    char path[DB_PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/postmaster.pid", place.cluster);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%d\n%s\n1700000000\n5432\n%s\n\n  5432001   9999999\n", (int)stranger,
            place.cluster, place.sockets);
    fclose(file);
    assert_true(place.uid == geteuid() || chown(path, place.uid, place.gid) == 0);
    struct private_db *db = start(f->data_dir);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
    assert_true(has_process(stranger));
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
}

static void a_killed_postmaster_is_started_again_and_has_everything(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    struct err err;
    char answer[200] = "";
    assert_answer(private_db_owner_conninfo(db), "create table kept as select 42 as answer",
                  "done");
    pid_t pid = private_db_pid(db);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    private_db_exited(db);
    /* Its sessions may need a moment to notice: the supervisor's back-off is this loop. */
    for (int i = 0; i < 50 && strcmp(answer, "42") != 0; ++i) {
        assert_int_equal(private_db_respawn(db, &err), 0);
        poll(NULL, 0, 100);
        ask(private_db_app_conninfo(db), "select answer from kept", answer);
        if (strstr(answer, "permission denied") != NULL)
            ask(private_db_owner_conninfo(db), "select answer from kept", answer);
        if (waitpid(private_db_pid(db), NULL, WNOHANG) > 0)
            private_db_exited(db);
    }
    assert_string_equal(answer, "42");
    assert_answer(private_db_owner_conninfo(db), "drop table kept", "done");
    private_db_stop(db);
}

static void a_command_uses_the_database_that_runs(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    pid_t child = fork();
    if (child == 0) {
        struct private_db *attached = NULL;
        struct err err;
        bool is_good =
            private_db_attach(&attached, f->data_dir, &err) == 0 && private_db_pid(attached) == 0;
        PGconn *connection = is_good ? PQconnectdb(private_db_app_conninfo(attached)) : NULL;
        is_good = is_good && PQstatus(connection) == CONNECTION_OK;
        PQfinish(connection);
        private_db_stop(attached);
        _exit(is_good ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
}

static void a_command_runs_the_database_when_nobody_does(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = NULL;
    struct err err;
    assert_int_equal(private_db_attach(&db, f->data_dir, &err), 0);
    pid_t postmaster = private_db_pid(db);
    assert_true(postmaster > 0);
    private_db_stop(db);
    assert_false(has_process(postmaster));
}

static void a_child_of_the_server_cannot_stop_its_database(void **state)
{
    struct fixture *f = *state;
    struct private_db *db = start(f->data_dir);
    pid_t child = fork();
    if (child == 0) {
        private_db_stop(db);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
}

static void a_long_path_gets_a_short_socket(void **state)
{
    struct fixture *f = *state;
    char data_dir[512];
    struct db_place place;
    struct err err;
    snprintf(data_dir, sizeof(data_dir), "%s/%0120d/%0120d", f->folder, 0, 0);
    assert_int_equal(db_place_find(&place, data_dir, &err), 0);
    assert_true(strlen(place.sockets) + strlen("/.s.PGSQL.5432") <= DB_SOCKET_PATH_MAX);
    struct private_db *db = start(data_dir);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
    test_folder_remove(place.sockets);
}

/* Cut off in the middle of initdb. */
static void an_unfinished_cluster_is_made_anew(void **state)
{
    struct fixture *f = *state;
    char data_dir[200], path[300];
    struct db_place place;
    struct err err;
    snprintf(data_dir, sizeof(data_dir), "%s/unfinished", f->folder);
    snprintf(path, sizeof(path), "%s/database", data_dir);
    assert_int_equal(mkdir(data_dir, 0711), 0);
    assert_int_equal(mkdir(path, 0711), 0);
    snprintf(path, sizeof(path), "%s/database/cluster.unfinished", data_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/database/cluster.unfinished/PG_VERSION", data_dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(path, sizeof(path), "%s/database/cluster.unfinished", data_dir);
    assert_int_equal(db_place_find(&place, data_dir, &err), 0);
    assert_int_equal(chown(path, place.uid, place.gid), 0);
    struct private_db *db = start(data_dir);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
}

static void under_a_home_closed_to_others_root_finds_another_place(void **state)
{
    struct fixture *f = *state;
    char closed[128], data_dir[200];
    struct db_place place;
    struct err err;
    if (geteuid() != 0)
        skip();
    snprintf(closed, sizeof(closed), "%s/closed", f->folder);
    snprintf(data_dir, sizeof(data_dir), "%s/data", closed);
    assert_int_equal(mkdir(closed, 0700), 0);
    struct private_db *db = start(data_dir);
    assert_answer(private_db_app_conninfo(db), "select 1", "1");
    private_db_stop(db);
    assert_int_equal(db_place_find(&place, data_dir, &err), 0);
    assert_int_equal(strncmp(place.home, "/var/lib/dunlin/", 16), 0);
    test_folder_remove(place.home);
}

/* The data folder itself may be opened for passing through: it is Dunlin's own. */
static void a_closed_data_folder_of_root_is_opened_for_passing_through(void **state)
{
    struct fixture *f = *state;
    char data_dir[200];
    struct db_place place;
    struct err err;
    struct stat st;
    if (geteuid() != 0)
        skip();
    snprintf(data_dir, sizeof(data_dir), "%s/private", f->folder);
    assert_int_equal(mkdir(data_dir, 0700), 0);
    assert_int_equal(db_place_find(&place, data_dir, &err), 0);
    assert_int_equal(strncmp(place.home, data_dir, strlen(data_dir)), 0);
    assert_int_equal(stat(data_dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0701);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_start_makes_database_and_roles),
        cmocka_unit_test(it_listens_on_a_socket_only_and_keeps_its_promises),
        cmocka_unit_test(it_never_runs_as_root),
        cmocka_unit_test(stopping_ends_its_process_and_keeps_the_data),
        cmocka_unit_test(a_killed_server_takes_its_database_with_it),
        cmocka_unit_test(the_next_start_after_a_kill_works_at_once),
        cmocka_unit_test(a_left_over_postmaster_is_stopped),
        cmocka_unit_test(a_pid_file_that_names_a_stranger_is_seen_through),
        cmocka_unit_test(a_killed_postmaster_is_started_again_and_has_everything),
        cmocka_unit_test(a_command_uses_the_database_that_runs),
        cmocka_unit_test(a_command_runs_the_database_when_nobody_does),
        cmocka_unit_test(a_child_of_the_server_cannot_stop_its_database),
        cmocka_unit_test(a_long_path_gets_a_short_socket),
        cmocka_unit_test(an_unfinished_cluster_is_made_anew),
        cmocka_unit_test(under_a_home_closed_to_others_root_finds_another_place),
        cmocka_unit_test(a_closed_data_folder_of_root_is_opened_for_passing_through),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
