#include "io/fetch.h"

#include "io/timer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* ---- a scripted SMTP server: what it does stands in the recipient's name ---- */

struct fixture {
    h2o_loop_t *loop;
    struct fetch *fetch;
    pid_t server;
    int port;
    FILE *heard; /* what clients said, line by line, with the number of the connection */
    struct timer alarm;
    bool is_late;
};

static bool is_to(const char *line, const char *name)
{
    return strncmp(line, "RCPT TO:<", 9) == 0 && strncmp(line + 9, name, strlen(name)) == 0;
}

static void say(FILE *peer, const char *text)
{
    fprintf(peer, "%s\r\n", text);
    fflush(peer);
}

static void answer_recipient(FILE *peer, const char *line)
{
    if (is_to(line, "grey@"))
        say(peer, "451-4.7.1 greylisted\r\n451 4.7.1 come back in 60 seconds");
    else if (is_to(line, "nobody@"))
        say(peer, "550 5.1.1 no such mailbox");
    else if (is_to(line, "drop@"))
        _exit(0);
    else
        say(peer, "250 2.1.5 recipient taken");
}

/* False when the connection ends. */
static bool answer_line(FILE *peer, const char *line, const char *recipient, bool *is_data)
{
    if (*is_data) {
        if (is_to(recipient, "cut@"))
            return false;
        if (strcmp(line, ".") != 0)
            return true;
        *is_data = false;
        if (is_to(recipient, "lost@"))
            return false;
        say(peer,
            is_to(recipient, "policy@") ? "554 5.7.1 no such words" : "250 2.0.0 queued as 7");
    } else if (strncmp(line, "EHLO", 4) == 0) {
        say(peer, "250-server.example\r\n250-SIZE 100000\r\n250 AUTH PLAIN");
    } else if (strcmp(line, "AUTH PLAIN") == 0) {
        say(peer, "334 ");
    } else if (strcmp(line, "AGFubmEAc2VjcmV0") == 0) { /* anna, secret */
        say(peer, "235 2.7.0 welcome");
    } else if (strncmp(line, "AGFu", 4) == 0) {
        say(peer, "535 5.7.8 who are you");
    } else if (strncmp(line, "RCPT", 4) == 0) {
        answer_recipient(peer, line);
    } else if (strcmp(line, "DATA") == 0) {
        say(peer, "354 go on");
        *is_data = true;
    } else if (strcmp(line, "QUIT") == 0) {
        say(peer, "221 2.0.0 goodbye");
        return false;
    } else {
        say(peer, "250 2.0.0 fine");
    }
    return true;
}

static void serve(int fd, int number, FILE *heard)
{
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    char line[2000], recipient[400] = "";
    bool is_data = false;
    say(out, "220 server.example ESMTP");
    while (fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        fprintf(heard, "%d %s\n", number, line);
        fflush(heard);
        if (strncmp(line, "RCPT", 4) == 0)
            snprintf(recipient, sizeof(recipient), "%.390s", line);
        if (!answer_line(out, line, recipient, &is_data))
            break;
    }
    _exit(0);
}

static pid_t start_server(int *port, FILE **heard)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    pid_t pid = fork();
    if (pid != 0) {
        close(listener);
        close(ends[1]);
        *heard = fdopen(ends[0], "r");
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    FILE *told = fdopen(ends[1], "w");
    int number = 0;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        ++number;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd, number, told);
        }
    }
    _exit(0);
}

/* ---- fixture ---- */

struct seen {
    struct fetch_call *call;
    int calls, code, status;
    enum fetch_fate fate;
    enum fetch_stage stage;
    bool has_logged_in;
    char line[FETCH_LINE_MAX], text[240];
};

static void on_alarm(void *owner)
{
    ((struct fixture *)owner)->is_late = true;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->server = start_server(&fixture->port, &fixture->heard);
    fixture->loop = h2o_evloop_create();
    fixture->fetch = fetch_new(fixture->loop, 4);
    timer_init(&fixture->alarm, fixture->loop, "alarm", on_alarm, fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fetch_free(fixture->fetch);
    timer_stop(&fixture->alarm);
    timer_loop_release(fixture->loop);
    h2o_evloop_destroy(fixture->loop);
    kill(fixture->server, SIGKILL);
    waitpid(fixture->server, NULL, 0);
    fclose(fixture->heard);
    free(fixture);
    return 0;
}

static void on_done(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct seen *seen = owner;
    ++seen->calls;
    seen->code = err->code;
    seen->status = answer->status;
    seen->fate = answer->fate;
    seen->stage = answer->stage;
    seen->has_logged_in = answer->has_logged_in;
    snprintf(seen->line, sizeof(seen->line), "%.*s", SPAN_ARG(answer->last_line));
    snprintf(seen->text, sizeof(seen->text), "%s", err->text);
}

static const char words[] = "Subject: x\r\n\r\nOne\r\n.dot\r\n";

static struct fetch_request request_to(const char *recipient)
{
    return (struct fetch_request){.method = "",
                                  .sender = SPAN_LIT("bounce+1@b.example"),
                                  .recipient = span_str(recipient),
                                  .body = span_str(words),
                                  .timeout_ms = 10000,
                                  .answer_max = 65536};
}

static int begin(struct fixture *fixture, struct fetch_request *request, struct seen *seen)
{
    char url[64];
    struct err err = {0};
    snprintf(url, sizeof(url), "smtp://127.0.0.1:%d/we.example", fixture->port);
    if (request->url.len == 0)
        request->url = span_str(url);
    *seen = (struct seen){.code = 99};
    int failed = fetch_begin(fixture->fetch, request, on_done, seen, &seen->call, &err);
    request->url = span_of(NULL, 0);
    return failed;
}

static void exchange(struct fixture *fixture, struct fetch_request *request, struct seen *seen)
{
    assert_int_equal(begin(fixture, request, seen), 0);
    fixture->is_late = false;
    timer_start(&fixture->alarm, 20000);
    while (seen->calls == 0) {
        assert_false(fixture->is_late);
        h2o_evloop_run(fixture->loop, INT32_MAX);
    }
    timer_stop(&fixture->alarm);
}

static void send_to(struct fixture *fixture, const char *recipient, struct seen *seen)
{
    struct fetch_request request = request_to(recipient);
    exchange(fixture, &request, seen);
}

/* The next thing that a client said. */
static void assert_heard(struct fixture *fixture, const char *wanted)
{
    char line[2000] = "";
    assert_non_null(fgets(line, sizeof(line), fixture->heard));
    line[strcspn(line, "\n")] = 0;
    assert_string_equal(line, wanted);
}

#define assert_seen(seen, fate_, stage_, line_)                                                    \
    do {                                                                                           \
        assert_int_equal((seen).fate, fate_);                                                      \
        assert_int_equal((seen).stage, stage_);                                                    \
        assert_string_equal((seen).line, line_);                                                   \
    } while (0)

/* ---- tests ---- */

static void a_mail_arrives_whole_and_the_connection_is_reused(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    send_to(fixture, "anna@example.com", &seen);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 250);
    assert_seen(seen, FETCH_ANSWERED, FETCH_STAGE_END, "250 2.0.0 queued as 7");
    assert_heard(fixture, "1 EHLO we.example");
    assert_heard(fixture, "1 MAIL FROM:<bounce+1@b.example> SIZE=25");
    assert_heard(fixture, "1 RCPT TO:<anna@example.com>");
    assert_heard(fixture, "1 DATA");
    assert_heard(fixture, "1 Subject: x");
    assert_heard(fixture, "1 ");
    assert_heard(fixture, "1 One");
    assert_heard(fixture, "1 ..dot");
    assert_heard(fixture, "1 .");
    send_to(fixture, "bert@example.com", &seen);
    assert_heard(fixture, "1 MAIL FROM:<bounce+1@b.example> SIZE=25");
}

static void refusals_are_answers_and_say_to_what(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    send_to(fixture, "grey@example.com", &seen);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 451);
    assert_seen(seen, FETCH_ANSWERED, FETCH_STAGE_RECIPIENT, "451 4.7.1 come back in 60 seconds");
    send_to(fixture, "nobody@example.com", &seen);
    assert_int_equal(seen.status, 550);
    assert_seen(seen, FETCH_ANSWERED, FETCH_STAGE_RECIPIENT, "550 5.1.1 no such mailbox");
    send_to(fixture, "policy@example.com", &seen);
    assert_int_equal(seen.status, 554);
    assert_seen(seen, FETCH_ANSWERED, FETCH_STAGE_END, "554 5.7.1 no such words");
}

static void a_connection_lost_after_the_dot_alone_leaves_it_open(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    send_to(fixture, "drop@example.com", &seen);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_RECIPIENT, "");
    struct fetch_request request = request_to("cut@example.com");
    char *large = malloc(20000000);
    assert_non_null(large);
    memset(large, 'x', 20000000);
    for (size_t i = 70; i < 20000000; i += 72)
        memcpy(large + i, "\r\n", 2);
    request.body = span_of(large, 20000000);
    exchange(fixture, &request, &seen);
    free(large);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_DATA, "");
    send_to(fixture, "lost@example.com", &seen);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_seen(seen, FETCH_UNKNOWN, FETCH_STAGE_END, "");
    request = request_to("lost@example.com"); /* libcurl ends differently where it stuffs no dot */
    request.body = SPAN_LIT("Subject: x\r\n\r\nOne\r\n");
    exchange(fixture, &request, &seen);
    assert_seen(seen, FETCH_UNKNOWN, FETCH_STAGE_END, "");
}

static void what_is_late_is_never_sent(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct fetch_request request = request_to("anna@example.com");
    request.wire_by = (struct mono){clock_mono().ns - 1};
    exchange(fixture, &request, &seen);
    assert_string_equal(seen.text, "too late to be sent");
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_CONNECT, "");
    request = request_to("anna@example.com");
    request.data_by = (struct mono){clock_mono().ns - 1};
    exchange(fixture, &request, &seen);
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_DATA, "");
    send_to(fixture, "anna@example.com", &seen); /* the last one of those that are heard below */
    assert_heard(fixture, "1 EHLO we.example");
    assert_heard(fixture, "2 EHLO we.example");
    assert_heard(fixture, "2 MAIL FROM:<bounce+1@b.example> SIZE=25");
    assert_heard(fixture, "2 RCPT TO:<anna@example.com>");
    assert_heard(fixture, "2 DATA");
    assert_heard(fixture, "3 EHLO we.example"); /* and no dot */
}

static void what_is_held_ends_without_its_text_and_goes_when_it_is_not(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct fetch_request request = request_to("anna@example.com");
    request.data_by = (struct mono){clock_mono().ns + INT64_C(60000000000)};
    fetch_hold_mails(fixture->fetch, true);
    exchange(fixture, &request, &seen);
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_DATA, "");
    fetch_hold_mails(fixture->fetch, false);
    exchange(fixture, &request, &seen);
    assert_int_equal(seen.status, 250);
}

static void asking_logs_in_and_sends_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct fetch_request request = request_to("");
    request.user = SPAN_LIT("anna");
    request.password = SPAN_LIT("secret");
    exchange(fixture, &request, &seen);
    assert_int_equal(seen.code, 0);
    assert_int_equal(seen.status, 250);
    assert_true(seen.has_logged_in);
    assert_heard(fixture, "1 EHLO we.example");
    assert_heard(fixture, "1 AUTH PLAIN");
    assert_heard(fixture, "1 AGFubmEAc2VjcmV0");
    assert_heard(fixture, "1 NOOP");
    request.recipient = SPAN_LIT("bert@example.com"); /* over the connection that is there */
    exchange(fixture, &request, &seen);
    assert_heard(fixture, "1 MAIL FROM:<bounce+1@b.example> SIZE=25");
}

static void a_wrong_password_is_told_from_a_refused_mail(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct fetch_request request = request_to("anna@example.com");
    request.user = SPAN_LIT("anna");
    request.password = SPAN_LIT("wrong");
    exchange(fixture, &request, &seen);
    assert_int_equal(seen.status, 535);
    assert_seen(seen, FETCH_ANSWERED, FETCH_STAGE_LOGIN, "535 5.7.8 who are you");
}

static void what_would_be_another_command_is_refused(void **state)
{
    static const char *const bad[] = {"a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example\n",
                                      "a@b.example> <c@d.example", "a b@c.example",
                                      "a@b.example\x01"};
    struct fixture *fixture = *state;
    struct seen seen;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        struct fetch_request request = request_to(bad[i]);
        assert_int_equal(begin(fixture, &request, &seen), ERR_INPUT);
        request = request_to("anna@example.com");
        request.sender = span_str(bad[i]);
        assert_int_equal(begin(fixture, &request, &seen), ERR_INPUT);
    }
    struct fetch_request request = request_to("anna@example.com");
    request.recipient = span_of("a\0b@example.com", 15);
    assert_int_equal(begin(fixture, &request, &seen), ERR_INPUT);
    request = request_to("");
    request.url = SPAN_LIT("imap://127.0.0.1/INBOX");
    request.method = "NOOP\r\nA1 DELETE INBOX";
    assert_int_equal(begin(fixture, &request, &seen), ERR_INPUT);
}

static void without_starttls_nothing_is_said_to_others(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen;
    struct fetch_request request = request_to("anna@example.com");
    request.ca_file = SPAN_LIT("/etc/ssl/certs/ca-certificates.crt"); /* as if not on loopback */
    request.user = SPAN_LIT("anna");
    request.password = SPAN_LIT("secret");
    exchange(fixture, &request, &seen);
    assert_int_equal(seen.code, ERR_PROVIDER);
    assert_seen(seen, FETCH_NEVER_SENT, FETCH_STAGE_CONNECT, "");
    assert_false(seen.has_logged_in);
    assert_heard(fixture, "1 EHLO we.example");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mail_arrives_whole_and_the_connection_is_reused),
        TEST(refusals_are_answers_and_say_to_what),
        TEST(a_connection_lost_after_the_dot_alone_leaves_it_open),
        TEST(what_is_late_is_never_sent),
        TEST(what_is_held_ends_without_its_text_and_goes_when_it_is_not),
        TEST(asking_logs_in_and_sends_nothing),
        TEST(a_wrong_password_is_told_from_a_refused_mail),
        TEST(what_would_be_another_command_is_refused),
        TEST(without_starttls_nothing_is_said_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
