#include "app/check_mail.h"

#include "app/settings_mail.h"
#include "channel/email.h"
#include "io/fetch.h"
#include "io/timer.h"
#include "jobs/bounces.h"

#include <signal.h>

enum { DEADLINE_MS = 10000, ANSWER_MAX = 65536 };

/* One question to one server. */
struct question {
    const struct settings *settings;
    struct check_report *report;
    const char *setting; /* that it is about */
    bool is_over;
};

static int line_of(const struct question *q, const char *setting)
{
    int line = settings_line_of(q->settings, setting);
    return line != 0 ? line : settings_line_of(q->settings, q->setting);
}

static void add(const struct question *q, enum check_level level, const char *setting,
                const char *text)
{
    check_add(q->report, level, line_of(q, setting), setting, "%s", text);
}

/* The server's words to us alone: nothing of a customer stands in them. */
static void on_smtp(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct question *q = owner;
    char text[280];
    q->is_over = true;
    if (err->code != 0) {
        snprintf(text, sizeof(text), "cannot be asked now: %s (serve starts and tries on)",
                 err->text);
        add(q, CHECK_WARNING, "mail.url", text);
    } else if (answer->status >= 400 && answer->stage == FETCH_STAGE_LOGIN) {
        snprintf(text, sizeof(text), "does not let us log in: %.*s", SPAN_ARG(answer->last_line));
        add(q, CHECK_REFUSAL, "mail.password_file", text);
    } else if (answer->status >= 400) {
        snprintf(text, sizeof(text), "refuses us: %.*s", SPAN_ARG(answer->last_line));
        add(q, CHECK_REFUSAL, "mail.url", text);
    } else if (q->settings->mail.user[0] != '\0' && !answer->has_logged_in) {
        add(q, CHECK_REFUSAL, "mail.user",
            "the server offers no login: leave out user and password_file, or name another port");
    } else {
        add(q, CHECK_PROOF, "mail.url",
            q->settings->mail.user[0] != '\0' ? "answers, and the login is good" : "answers");
    }
}

static void on_imap(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    (void)answer;
    struct question *q = owner;
    q->is_over = true;
    if (err->code == 0)
        add(q, CHECK_PROOF, q->setting, "is there, and the login is good");
    else if (strstr(err->text, "ogin") != NULL)
        add(q, CHECK_REFUSAL, "mail.imap.password_file", "the server does not let us log in");
    else
        check_add(q->report, CHECK_WARNING, line_of(q, q->setting), q->setting,
                  "cannot be opened now: %s (serve starts and tries on)", err->text);
}

static void ask(h2o_loop_t *loop, struct fetch *fetch, struct question *q,
                const struct fetch_request *request, fetch_cb on_answered)
{
    struct fetch_call *call;
    struct err err;
    if (fetch_begin(fetch, request, on_answered, q, &call, &err) != 0) {
        check_add(q->report, CHECK_REFUSAL, line_of(q, q->setting), q->setting, "%s", err.text);
        return;
    }
    while (!q->is_over)
        h2o_evloop_run(loop, INT32_MAX);
}

static void ask_folder(h2o_loop_t *loop, struct fetch *fetch, const struct settings *s,
                       struct check_report *report, bool is_done_folder)
{
    struct bounces_settings bounces = settings_bounces(s);
    char url[BOUNCES_URL_MAX];
    if (is_done_folder)
        bounces.folder = bounces.done_folder;
    bounces_print_url(&bounces, "", url);
    struct question q = {.settings = s,
                         .report = report,
                         .setting = is_done_folder ? "mail.imap.done_folder" : "mail.imap.url"};
    const struct fetch_request request = {.method = "NOOP",
                                          .url = span_str(url),
                                          .user = bounces.user,
                                          .password = bounces.password,
                                          .ca_file = bounces.ca_file,
                                          .timeout_ms = DEADLINE_MS,
                                          .answer_max = ANSWER_MAX};
    ask(loop, fetch, &q, &request, on_imap);
}

static void check_passwords(const struct settings *s, struct check_report *report)
{
    if (s->mail.user[0] != '\0' && s->mail.password[0] == '\0')
        check_add(report, CHECK_REFUSAL, settings_line_of(s, "mail.user"), "mail.password_file",
                  "is needed with mail.user");
    if (s->mail.imap.url[0] != '\0' && s->mail.imap.password[0] == '\0')
        check_add(report, CHECK_REFUSAL, settings_line_of(s, "mail.imap.url"),
                  "mail.imap.password_file", "is needed with mail.imap.url");
}

void check_mail(const struct settings *s, struct check_report *report)
{
    if (s->mail.url[0] == '\0' && s->mail.imap.url[0] == '\0')
        return;
    check_passwords(s, report);
    signal(SIGPIPE, SIG_IGN); /* a server that hangs up is no reason to die */
    h2o_loop_t *loop = h2o_evloop_create();
    struct fetch *fetch = fetch_new(loop, 1);
    if (s->mail.url[0] != '\0') {
        struct email_settings email = settings_email(s);
        struct fetch_request request;
        struct question q = {.settings = s, .report = report, .setting = "mail.url"};
        email_fill_request(&email, &request);
        request.timeout_ms = DEADLINE_MS;
        ask(loop, fetch, &q, &request, on_smtp);
        if (s->mail.imap.url[0] == '\0')
            check_add(report, CHECK_WARNING, settings_line_of(s, "mail.url"), "mail.imap.url",
                      "names no folder: nobody hears of addresses that are dead");
    }
    if (s->mail.imap.url[0] != '\0') {
        ask_folder(loop, fetch, s, report, false);
        if (s->mail.imap.done_folder[0] != '\0')
            ask_folder(loop, fetch, s, report, true);
    }
    fetch_free(fetch);
    timer_loop_release(loop);
    h2o_evloop_run(loop, 0);
    h2o_evloop_destroy(loop);
}
