/* Pushes by the library alone, for tests in any language and for measuring: see USAGE beside this
 * file, which `push_driver --help` prints. */
#include "driver.h"

#include "base/clock.h"
#include "generated.h"
#include "input.h"
#include "options.h"
#include "output.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { INPUT_MS = 2, GENERATED_MS = 1000 };

struct driver driver = {.settings = {.host = "localhost"},
                        .topic = "io.dunlin.demo",
                        .push_type = "alert",
                        .deadline_ms = 30000,
                        .payload_len = 300,
                        .concurrency = 100};

/* ---- what the services ask and tell ---- */

static void on_alarm(void *owner, enum push_alarm alarm, const char *text)
{
    (void)owner;
    output_json(json_pack("{s:s,s:s}", "alarm", push_alarm_name(alarm), "text", text));
}

static int64_t now_us(void *owner)
{
    (void)owner;
    bool is_stepped = driver.step_s != 0 && (int64_t)driver.outcomes >= driver.step_after;
    return clock_wall().us + (driver.clock_s + (is_stepped ? driver.step_s : 0)) * 1000000;
}

/* ---- handing over ---- */

static bool has_more(void)
{
    return driver.generate > 0 ? generated_has_more() : input_has_more();
}

static void send_next(void)
{
    if (driver.generate > 0)
        generated_send_next();
    else
        input_send_next();
}

static void feed(void)
{
    while (driver.open < driver.concurrency && has_more())
        send_next();
}

/* No more than there is room for; the library says when there is some again. */
static void feed_room(void)
{
    while (has_more()) {
        uint32_t room = push_service_room(driver.service);
        ++driver.asked;
        if (room == 0)
            return;
        for (; room > 0 && has_more(); --room)
            send_next();
    }
}

static void on_room(void *owner)
{
    (void)owner;
    ++driver.rooms;
    feed_room();
}

/* ---- the run ---- */

static struct push_service *make_service(const struct push_settings *settings)
{
    struct err err;
    struct push_service *service = push_service_new(settings, &err);
    if (service != NULL)
        return service;
    fprintf(stderr, "push_driver: %s\n", err.text);
    exit(1);
}

/* The one beside has no voice: it is there to be in the way. */
static void make_services(void)
{
    driver.settings.loop = h2o_evloop_create();
    driver.settings.now_us = now_us;
    struct push_settings beside = driver.settings;
    driver.settings.on_alarm = on_alarm;
    driver.settings.on_room = on_room;
    driver.service = make_service(&driver.settings);
    beside.connect = driver.beside;
    beside.on_trace = NULL;
    driver.service_beside = beside.connect == NULL ? NULL : make_service(&beside);
}

static bool is_finished(void)
{
    bool is_read = driver.generate > 0 || input_is_over();
    return is_read && !has_more() && driver.open == 0;
}

static void run(void)
{
    if (driver.is_by_room) {
        push_service_warm(driver.service);
        feed_room();
    }
    while (!is_finished()) {
        bool is_new = driver.generate == 0 && input_read();
        if (!driver.is_by_room)
            feed();
        else if (is_new)
            feed_room();
        output_flush();
        if (!is_finished())
            h2o_evloop_run(driver.settings.loop, driver.generate > 0 ? GENERATED_MS : INPUT_MS);
    }
}

/* ---- the summary ---- */

static void print_summary(int64_t started_us)
{
    struct push_stats stats;
    struct rusage used;
    push_service_stats(driver.service, &stats);
    getrusage(RUSAGE_SELF, &used);
    double seconds = (double)(clock_mono().ns / 1000 - started_us) / 1e6;
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"accepted", stats.accepted},
        {"refused", stats.refused},
        {"never_sent", stats.never_sent},
        {"unknown", stats.unknown},
        {"rejected", driver.rejected},
        {"unknown_before", driver.unknown_before},
        {"rss_kb", (uint64_t)used.ru_maxrss},
        {"attempts", stats.attempts},
        {"resent", stats.resent},
        {"cancelled", stats.cancelled},
        {"connects", stats.connects},
        {"goaways", stats.goaways},
        {"pings", stats.pings},
        {"tokens", stats.tokens},
        {"lost", stats.lost},
        {"answers", stats.answers},
        {"answer_us", stats.answer_us},
        {"asked", driver.asked},
        {"rooms", driver.rooms},
        {"open_beside", driver.open_beside},
        {"outcomes_beside", driver.outcomes_beside},
    };
    json_t *summary = json_pack("{s:f,s:f}", "seconds", seconds, "cpu_seconds", cpu);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); ++i)
        json_object_set_new(summary, counts[i].name, json_integer((json_int_t)counts[i].value));
    output_json(json_pack("{s:o}", "summary", summary));
    output_flush();
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    options_take(argc, argv);
    input_init();
    output_init();
    generated_init();
    make_services();
    int64_t started_us = clock_mono().ns / 1000;
    run();
    print_summary(started_us);
    push_service_free(driver.service);
    if (driver.service_beside != NULL)
        push_service_free(driver.service_beside);
    return 0;
}
