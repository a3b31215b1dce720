/* One round: have the server look for new mail -> find what is unread -> mark it as begun -> read
 * each and tell its message of it -> mark what was told as done, or move it away -> rest, or go on
 * at once when there was a full round. What can go wrong: the server, anywhere: the round ends, and
 * what was begun is found again by its mark (a mail is "seen" by being fetched, so that this alone
 * would lose what a dying process had in hand); the database: that mail keeps its mark; what is no
 * bounce of ours is counted and done with, for it would come again for ever. */
#include "jobs/bounces.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/dsn.h"
#include "flow/message_news.h"
#include "flow/world.h"
#include "io/fetch.h"
#include "io/timer.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUND_MAX = 50, FOUND_MAX = 1024 * 1024, COMMAND_MAX = 1024, FIRST_MS = 500 };

struct bounces {
    struct world *world;
    struct bounces_settings settings;
    struct fetch *fetch;
    struct timer timer;
    uint32_t uids[ROUND_MAX], done[ROUND_MAX];
    size_t count, at, done_count;
    bool is_busy, is_stopped, has_failed;
};

static void read_next(struct bounces *bounces);

/* ---- talking to the server ---- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '_' || c == '.';
}

void bounces_print_url(const struct bounces_settings *settings, const char *more,
                       char out[BOUNCES_URL_MAX])
{
    struct buf url;
    buf_init(&url, BOUNCES_URL_MAX - 1);
    buf_add(&url, settings->url);
    buf_add_char(&url, '/');
    for (size_t i = 0; i < settings->folder.len; ++i)
        if (is_plain(settings->folder.base[i]))
            buf_add_char(&url, settings->folder.base[i]);
        else
            buf_printf(&url, "%%%02X", (unsigned char)settings->folder.base[i]);
    buf_add_str(&url, more);
    snprintf(out, BOUNCES_URL_MAX, "%.*s", SPAN_ARG(buf_span(&url)));
    buf_release(&url);
}

static void rest(struct bounces *bounces, uint32_t delay_ms)
{
    bounces->is_busy = false;
    if (!bounces->is_stopped)
        timer_start(&bounces->timer, delay_ms);
}

static void give_up(struct bounces *bounces, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "bounces not read", "error=\"%s\"", err->text);
    rest(bounces, bounces->settings.every_ms);
}

/* `command` may be "", for the mail that `more` names. */
static void ask(struct bounces *bounces, const char *more, const char *command, size_t answer_max,
                fetch_cb on_done)
{
    struct fetch_call *call;
    struct err err;
    char url[BOUNCES_URL_MAX];
    if (bounces->fetch == NULL) {
        rest(bounces, 0);
        return;
    }
    bounces_print_url(&bounces->settings, more, url);
    const struct fetch_request request = {.method = command,
                                          .url = span_str(url),
                                          .user = bounces->settings.user,
                                          .password = bounces->settings.password,
                                          .ca_file = bounces->settings.ca_file,
                                          .timeout_ms = bounces->settings.timeout_ms,
                                          .answer_max = answer_max};
    if (fetch_begin(bounces->fetch, &request, on_done, bounces, &call, &err) != 0)
        give_up(bounces, &err);
}

/* "UID STORE 3,4,7 …" */
static void print_command(char out[COMMAND_MAX], const char *verb, const uint32_t *uids,
                          size_t count, const char *more)
{
    size_t len = (size_t)snprintf(out, COMMAND_MAX, "UID %s ", verb);
    for (size_t i = 0; i < count; ++i)
        len += (size_t)snprintf(out + len, COMMAND_MAX - len, "%s%u", i == 0 ? "" : ",", uids[i]);
    snprintf(out + len, COMMAND_MAX - len, " %s", more);
}

/* ---- the end of a round ---- */

static void on_done(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    (void)answer;
    struct bounces *bounces = owner;
    bool has_more = bounces->count == ROUND_MAX && !bounces->has_failed;
    if (err->code != 0)
        give_up(bounces, err);
    else
        rest(bounces, has_more ? 0 : bounces->settings.every_ms);
}

static void end_round(struct bounces *bounces)
{
    char command[COMMAND_MAX], folder[256];
    struct span done_folder = bounces->settings.done_folder;
    if (bounces->done_count == 0) {
        rest(bounces, bounces->settings.every_ms);
        return;
    }
    if (done_folder.len == 0) {
        print_command(command, "STORE", bounces->done, bounces->done_count,
                      "-FLAGS.SILENT (\\Flagged)");
    } else {
        snprintf(folder, sizeof(folder), "\"%.*s\"", SPAN_ARG(done_folder));
        print_command(command, "MOVE", bounces->done, bounces->done_count, folder);
    }
    ask(bounces, "", command, FOUND_MAX, on_done);
}

/* ---- one mail ---- */

static void count(const struct bounces *bounces, enum metric_id id)
{
    metrics_add(bounces->world->metrics, id, 1);
}

static void end_mail(struct bounces *bounces, bool is_done)
{
    if (is_done)
        bounces->done[bounces->done_count++] = bounces->uids[bounces->at];
    else
        bounces->has_failed = true;
    ++bounces->at;
    read_next(bounces);
}

static void on_told(void *owner, enum message_news_result result, const struct err *err)
{
    struct bounces *bounces = owner;
    if (err->code != 0)
        log_line(LOG_WARN, "bounce not taken", "error=\"%s\"", err->text);
    else if (result == MESSAGE_NEWS_TAKEN)
        count(bounces, METRIC_bounces_taken);
    else if (result == MESSAGE_NEWS_NO_SUCH)
        count(bounces, METRIC_bounces_strange);
    end_mail(bounces, err->code == 0);
}

/* The first code that we have signed; empty when there is none. */
static struct span own_code(const struct bounces *bounces, const struct dsn *dsn)
{
    struct message_id id;
    for (int i = 0; i < dsn->code_count; ++i)
        if (message_code_check(bounces->world->keys, span_str(dsn->codes[i]), &id))
            return span_str(dsn->codes[i]);
    return span_of(NULL, 0);
}

static void take_mail(struct bounces *bounces, struct span mail)
{
    struct dsn dsn;
    struct message_news news = {.channel = SPAN_LIT("email"), .at = bounces->world->now()};
    struct err err;
    bool is_alarm = false;
    char reason[64];
    dsn_read(mail, bounces->settings.domain, &dsn);
    news.code = own_code(bounces, &dsn);
    if (news.code.len == 0 || !dsn_judge(&dsn, &news, &is_alarm, reason)) {
        count(bounces, METRIC_bounces_strange);
        end_mail(bounces, true);
        return;
    }
    if (is_alarm) {
        count(bounces, METRIC_mail_alarms);
        log_line(LOG_ERROR, "mail refused", "why=\"%s\"", reason);
    }
    if (message_news_take(bounces->world, &news, on_told, bounces, &err) != 0) {
        log_line(LOG_WARN, "bounce not taken", "error=\"%s\"", err.text);
        end_mail(bounces, false);
    }
}

static void on_mail(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct bounces *bounces = owner;
    if (err->code == ERR_CLOSED || bounces->is_stopped) {
        rest(bounces, 0);
    } else if (err->code != 0) {
        log_line(LOG_WARN, "bounce not read", "error=\"%s\"", err->text);
        end_mail(bounces, false);
    } else {
        take_mail(bounces, answer->body);
    }
}

static void read_next(struct bounces *bounces)
{
    char more[80];
    if (bounces->at == bounces->count || bounces->is_stopped) {
        end_round(bounces);
        return;
    }
    snprintf(more, sizeof(more), ";UID=%u/;PARTIAL=0.%d", bounces->uids[bounces->at], DSN_SIZE_MAX);
    ask(bounces, more, "", DSN_SIZE_MAX + 1024, on_mail);
}

/* ---- the beginning of a round ---- */

static void on_marked(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    (void)answer;
    struct bounces *bounces = owner;
    if (err->code != 0)
        give_up(bounces, err);
    else
        read_next(bounces);
}

/* "* SEARCH 3 4 7" */
static void read_uids(struct bounces *bounces, struct span answer)
{
    static const char word[] = "* SEARCH";
    bounces->count = bounces->at = bounces->done_count = 0;
    bounces->has_failed = false;
    const char *found = memmem(answer.base, answer.len, word, sizeof(word) - 1);
    if (found == NULL)
        return;
    struct span rest_ = span_from(answer, (size_t)(found - answer.base) + sizeof(word) - 1);
    while (rest_.len > 1 && rest_.base[0] == ' ' && bounces->count < ROUND_MAX) {
        uint64_t uid = 0;
        rest_ = span_from(rest_, 1);
        while (rest_.len > 0 && rest_.base[0] >= '0' && rest_.base[0] <= '9' && uid <= UINT32_MAX) {
            uid = uid * 10 + (uint64_t)(rest_.base[0] - '0');
            rest_ = span_from(rest_, 1);
        }
        if (uid == 0 || uid > UINT32_MAX)
            return;
        bounces->uids[bounces->count++] = (uint32_t)uid;
    }
}

static void on_found(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    struct bounces *bounces = owner;
    char command[COMMAND_MAX];
    if (err->code != 0 || bounces->is_stopped) {
        give_up(bounces, err);
        return;
    }
    read_uids(bounces, answer->body);
    if (bounces->count == 0) {
        rest(bounces, bounces->settings.every_ms);
        return;
    }
    print_command(command, "STORE", bounces->uids, bounces->count, "+FLAGS.SILENT (\\Flagged)");
    ask(bounces, "", command, FOUND_MAX, on_marked);
}

static void on_polled(void *owner, const struct fetch_answer *answer, const struct err *err)
{
    (void)answer;
    struct bounces *bounces = owner;
    if (err->code != 0 || bounces->is_stopped)
        give_up(bounces, err);
    else
        ask(bounces, "", "UID SEARCH UNDELETED OR UNSEEN FLAGGED", FOUND_MAX, on_found);
}

/* Over a connection that is kept, NOOP alone makes every server look for new mail (RFC 3501 6.1.2);
 * others do it when they please. */
static void look(void *owner)
{
    struct bounces *bounces = owner;
    bounces->is_busy = true;
    ask(bounces, "", "NOOP", FOUND_MAX, on_polled);
}

/* ---- the job ---- */

struct bounces *bounces_new(struct world *world, const struct bounces_settings *settings)
{
    struct bounces *bounces = calloc(1, sizeof(*bounces));
    if (bounces == NULL)
        abort();
    bounces->world = world;
    bounces->settings = *settings;
    bounces->fetch = fetch_new(world->loop, 1);
    timer_init(&bounces->timer, world->loop, "bounces", look, bounces);
    timer_start(&bounces->timer, FIRST_MS);
    return bounces;
}

void bounces_stop(struct bounces *bounces)
{
    bounces->is_stopped = true;
    timer_stop(&bounces->timer);
}

bool bounces_is_idle(const struct bounces *bounces)
{
    return !bounces->is_busy;
}

void bounces_free(struct bounces *bounces)
{
    static struct bounces *left; /* for the news that may still be taken: the process ends */
    bounces_stop(bounces);
    fetch_free(bounces->fetch);
    bounces->fetch = NULL;
    if (!bounces_is_idle(bounces)) {
        left = bounces;
        (void)left;
        return;
    }
    free(bounces);
}
