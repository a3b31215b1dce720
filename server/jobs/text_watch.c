#include "jobs/text_watch.h"

#include "base/log.h"
#include "flow/reminder_text.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/template_store.h"

#include <stdlib.h>

enum { LOOK_MS = 30000, RETRY_MS = 1000 };

struct text_watch {
    struct world *world;
    struct reminder_texts *texts;
    void (*on_known)(void *owner);
    void *owner;
    struct timer timer;
    struct pg_query query;
    bool is_busy, is_woken, is_stopped;
};

static void rest(struct text_watch *watch, uint32_t delay_ms)
{
    watch->is_busy = false;
    if (watch->is_stopped)
        return;
    timer_start(&watch->timer, watch->is_woken ? 0 : delay_ms);
    watch->is_woken = false;
}

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct text_watch *watch = owner;
    if (err->code != 0) {
        if (err->code != ERR_CLOSED)
            log_line(LOG_WARN, "texts not read", "error=\"%s\"", err->text);
        rest(watch, RETRY_MS);
        return;
    }
    bool was_awaited = reminder_texts_are_awaited(watch->texts);
    reminder_texts_store(watch->texts, result);
    rest(watch, LOOK_MS);
    if (was_awaited)
        watch->on_known(watch->owner);
}

static void on_time(void *owner)
{
    struct text_watch *watch = owner;
    struct err err;
    watch->is_busy = true;
    if (template_load(watch->world->store, &watch->query, on_loaded, watch, &err) != 0)
        rest(watch, RETRY_MS);
}

struct text_watch *text_watch_new(struct world *world, struct reminder_texts *texts,
                                  void (*on_known)(void *owner), void *owner)
{
    struct text_watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        abort();
    *watch =
        (struct text_watch){.world = world, .texts = texts, .on_known = on_known, .owner = owner};
    reminder_texts_await(texts);
    timer_init(&watch->timer, world->loop, "texts", on_time, watch);
    timer_start(&watch->timer, 0);
    return watch;
}

void text_watch_wake(struct text_watch *watch)
{
    watch->is_woken = watch->is_busy;
    if (!watch->is_busy && !watch->is_stopped)
        timer_start(&watch->timer, 0);
}

void text_watch_stop(struct text_watch *watch)
{
    watch->is_stopped = true;
    timer_stop(&watch->timer);
}

bool text_watch_is_idle(const struct text_watch *watch)
{
    return !watch->is_busy;
}

void text_watch_free(struct text_watch *watch)
{
    timer_stop(&watch->timer);
    free(watch);
}
