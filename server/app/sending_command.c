#include "app/sending_command.h"

#include "app/command_world.h"
#include "domain/volume.h"
#include "flow/sending_tell.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct sending_run {
    struct command_world room;
    struct sending_order order; /* word 0: the state is asked for */
    struct pg_query query;
    bool has_json;
};

static int print_usage(void)
{
    fputs("usage: dunlin sending stop --why TEXT | go | status [--json] | allow MESSAGES | feed "
          "TIME\n"
          "                      [--settings FILE]\n"
          "  stop    nothing is sent any more, on any machine, until `go`\n"
          "  allow   so many messages in all may go today (UTC)\n"
          "  feed    all payments up to TIME, as 2026-11-25T08:00:00Z, are booked\n",
          stderr);
    return 2;
}

/* ---- the command line ---- */

static bool read_stop(struct sending_run *run, int argc, char **argv)
{
    const char *who = getenv("USER");
    if (argc != 2 || strcmp(argv[0], "--why") != 0 || argv[1][0] == '\0')
        return false;
    run->order.who = span_str(who == NULL ? "command line" : who);
    run->order.why = span_str(argv[1]);
    return true;
}

static bool read_allow(struct sending_run *run, int argc, char **argv)
{
    char *end = NULL;
    const char *who = getenv("USER");
    if (argc != 1)
        return false;
    errno = 0;
    run->order.message_count = strtoll(argv[0], &end, 10);
    run->order.who = span_str(who == NULL ? "command line" : who);
    return errno == 0 && *end == '\0' && run->order.message_count > 0;
}

static bool read_arguments(struct sending_run *run, int argc, char **argv)
{
    if (argc < 2)
        return false;
    const char *verb = argv[1];
    int left = argc - 2;
    if (strcmp(verb, "status") == 0) {
        run->has_json = left == 1 && strcmp(argv[2], "--json") == 0;
        return left == run->has_json;
    }
    if (strcmp(verb, "stop") == 0) {
        run->order.word = SENDING_STOP;
        return read_stop(run, left, argv + 2);
    }
    if (strcmp(verb, "allow") == 0) {
        run->order.word = SENDING_ALLOW;
        return read_allow(run, left, argv + 2);
    }
    if (strcmp(verb, "feed") == 0) {
        run->order.word = SENDING_FEED;
        return left == 1 && instant_scan(argv[2], strlen(argv[2]), &run->order.feed_at);
    }
    run->order.word = SENDING_GO;
    return strcmp(verb, "go") == 0 && left == 0;
}

/* ---- how things stand ---- */

static void print_time(const char *before, struct instant at)
{
    char text[21] = "never said";
    if (at.us != 0)
        instant_print(at, text);
    printf("%s%s\n", before, text);
}

static void print_words(const struct sending_run *run, const struct sending_state *state)
{
    const struct sending_volume *volume = &state->volume;
    int64_t allowed =
        volume_allowed(&run->room.world.reminders, volume->usual_max, volume->allowance);
    if (volume->is_stopped) {
        print_time("stopped      since ", state->stopped_at);
        printf("             by %.*s: %.*s\n", SPAN_ARG(state->stopped_by),
               SPAN_ARG(state->stop_reason));
    } else if (volume->message_count >= allowed) {
        puts("stopped      for today: the day's messages are used up (dunlin sending allow)");
    } else {
        puts("sending      goes on");
    }
    printf("today        %lld messages", (long long)volume->message_count);
    if (allowed != VOLUME_UNLIMITED)
        printf(" of %lld", (long long)allowed);
    printf(", at most %lld on a day of the 14 before\n", (long long)volume->usual_max);
    print_time("payments     known up to ", state->feed_at);
    printf("uncertain    %lld reminders of the last 7 days\n", (long long)state->uncertain_count);
}

static void print_json(const struct sending_run *run, const struct sending_state *state)
{
    const struct sending_volume *volume = &state->volume;
    int64_t allowed =
        volume_allowed(&run->room.world.reminders, volume->usual_max, volume->allowance);
    char feed[21] = "", stopped[21] = "";
    if (state->feed_at.us != 0)
        instant_print(state->feed_at, feed);
    if (state->stopped_at.us != 0)
        instant_print(state->stopped_at, stopped);
    json_t *line =
        json_pack("{s:b, s:o, s:o, s:I, s:o, s:I, s:o, s:I}", "stopped", (int)volume->is_stopped,
                  "stopped_at", stopped[0] == '\0' ? json_null() : json_string(stopped), "reason",
                  state->stop_reason.base == NULL
                      ? json_null()
                      : json_stringn(state->stop_reason.base, state->stop_reason.len),
                  "messages_today", (json_int_t)volume->message_count, "allowed_today",
                  allowed == VOLUME_UNLIMITED ? json_null() : json_integer(allowed), "usual_max",
                  (json_int_t)volume->usual_max, "feed_as_of",
                  feed[0] == '\0' ? json_null() : json_string(feed), "uncertain_7_days",
                  (json_int_t)state->uncertain_count);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static void on_state(void *owner, const PGresult *result, const struct err *err)
{
    struct sending_run *run = owner;
    struct sending_state state;
    if (err->code != 0) {
        fprintf(stderr, "dunlin: %s\n", err->text);
        command_world_finish(&run->room, 1);
        return;
    }
    sending_read_state(result, &state);
    if (run->has_json)
        print_json(run, &state);
    else
        print_words(run, &state);
    command_world_finish(&run->room, 0);
}

static void on_said(void *owner, const struct err *err)
{
    static const char *const words[] = {
        [SENDING_STOP] = "nothing is sent any more; `dunlin sending go` lets it go on",
        [SENDING_GO] = "sending goes on",
        [SENDING_ALLOW] = "allowed for today",
        [SENDING_FEED] = "noted",
    };
    struct sending_run *run = owner;
    if (err->code != 0)
        fprintf(stderr, "dunlin: %s\n", err->text);
    else
        fprintf(stderr, "%s\n", words[run->order.word]);
    command_world_finish(&run->room, err->code == 0 ? 0 : 1);
}

static int run_order(struct sending_run *run)
{
    struct world *world = &run->room.world;
    struct err err;
    run->order.now = world->now();
    int rc = run->order.word == 0
                 ? sending_show(world->store, &run->query, world->now(), on_state, run, &err)
                 : sending_tell(world, &run->order, on_said, run, &err);
    if (rc == 0)
        return command_world_run(&run->room);
    fprintf(stderr, "dunlin: %s\n", err.text);
    return 1;
}

int sending_command(int argc, char **argv)
{
    struct sending_run run = {.has_json = false};
    const char *file = command_settings_file(&argc, argv);
    if (!read_arguments(&run, argc, argv))
        return print_usage();
    int status = command_world_open(&run.room, "sending", file);
    if (status == 0)
        status = run_order(&run);
    command_world_close(&run.room);
    return status;
}
