/* Business time is `base` plus what the wall clock has moved since `base_wall`, times the speed.
 * One process writes, all read: an even/odd sequence tells a reader that it met a writer half way.
 *
 * After a stop the time in between does not count: the next start goes on from the time last kept,
 * at the pace of the wall clock. (A demo left running at a day in two seconds and started again
 * next week would else wake in another century.)
 *
 * Time stands still at the bound, if there is one: at the end of a run, or sooner while others have
 * not done yet what was due. */
#include "app/demo_clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
    _Atomic uint64_t sequence;                    /* odd while being written */
    _Atomic int64_t base_us, base_wall_us, speed; /* speed 0: paused */
    _Atomic int64_t kept_us;
    _Atomic int64_t resume_speed;
    _Atomic int64_t bound_us;                  /* not beyond; 0: none */
    _Atomic int64_t run_from_us, run_until_us; /* of a run with an end; 0: none */
};

struct mark { /* what is written at once */
    int64_t base_us, speed, bound_us, run_from_us, run_until_us;
};

static struct page *page;

static int64_t business_us(const struct mark *mark, int64_t base_wall_us)
{
    int64_t passed = clock_wall().us - base_wall_us;
    int64_t us = passed <= 0 ? mark->base_us : mark->base_us + passed * mark->speed;
    bool is_beyond = mark->bound_us != 0 && us > mark->bound_us;
    return is_beyond && mark->bound_us > mark->base_us ? mark->bound_us
           : is_beyond                                 ? mark->base_us
                                                       : us;
}

static struct demo_clock_state read_page(void)
{
    for (;;) {
        uint64_t before = atomic_load(&page->sequence);
        struct mark mark = {.base_us = atomic_load(&page->base_us),
                            .speed = atomic_load(&page->speed),
                            .bound_us = atomic_load(&page->bound_us),
                            .run_from_us = atomic_load(&page->run_from_us),
                            .run_until_us = atomic_load(&page->run_until_us)};
        int64_t wall = atomic_load(&page->base_wall_us), resume = atomic_load(&page->resume_speed);
        if (before % 2 == 0 && atomic_load(&page->sequence) == before)
            return (struct demo_clock_state){.now = {business_us(&mark, wall)},
                                             .is_running = mark.speed != 0,
                                             .speed = (int)(mark.speed != 0 ? mark.speed : resume),
                                             .run_from = {mark.run_from_us},
                                             .run_until = {mark.run_until_us}};
    }
}

static void write_page(const struct mark *mark)
{
    atomic_fetch_add(&page->sequence, 1);
    atomic_store(&page->base_us, mark->base_us);
    atomic_store(&page->base_wall_us, clock_wall().us);
    atomic_store(&page->speed, mark->speed);
    atomic_store(&page->bound_us, mark->bound_us);
    atomic_store(&page->run_from_us, mark->run_from_us);
    atomic_store(&page->run_until_us, mark->run_until_us);
    if (mark->speed != 0 && mark->run_until_us == 0)
        atomic_store(&page->resume_speed, mark->speed);
    atomic_store(&page->kept_us, mark->base_us);
    atomic_fetch_add(&page->sequence, 1);
}

static void set(int64_t now_us, int64_t speed)
{
    write_page(&(struct mark){.base_us = now_us, .speed = speed});
}

int demo_clock_open(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_system(err, "opening the demo's clock");
    if (ftruncate(fd, sizeof(*page)) != 0) {
        close(fd);
        return err_system(err, "making room for the demo's clock");
    }
    void *mapped = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return err_system(err, "mapping the demo's clock");
    page = mapped;
    if (atomic_load(&page->sequence) % 2 != 0) /* the writer was killed half way */
        atomic_fetch_add(&page->sequence, 1);
    int64_t kept_us = atomic_load(&page->kept_us);
    bool is_paused = kept_us != 0 && atomic_load(&page->speed) == 0;
    bool is_run = atomic_load(&page->run_until_us) != 0; /* it ended with its process */
    set(kept_us == 0 ? clock_wall().us : kept_us, is_paused || is_run ? 0 : 1);
    if (is_paused || is_run)
        atomic_store(&page->resume_speed, 1);
    return 0;
}

struct demo_clock_state demo_clock_read(void)
{
    if (page == NULL)
        return (struct demo_clock_state){.now = clock_wall(), .is_running = true, .speed = 1};
    return read_page();
}

struct instant demo_clock_now(void)
{
    return demo_clock_read().now;
}

void demo_clock_pause(void)
{
    set(demo_clock_now().us, 0);
}

void demo_clock_run(int speed)
{
    if (speed < 1)
        speed = 1;
    if (speed > DEMO_CLOCK_SPEED_MAX)
        speed = DEMO_CLOCK_SPEED_MAX;
    set(demo_clock_now().us, speed);
}

void demo_clock_run_for(int64_t seconds)
{
    int64_t now_us = demo_clock_now().us;
    int64_t until_us = now_us + seconds * 1000000;
    write_page(&(struct mark){.base_us = now_us,
                              .speed = DEMO_CLOCK_SPEED_MAX,
                              .bound_us = now_us + 1,
                              .run_from_us = now_us,
                              .run_until_us = until_us});
}

void demo_clock_let_go(struct instant bound)
{
    struct demo_clock_state state = demo_clock_read();
    if (state.run_until.us == 0)
        return;
    if (state.now.us >= state.run_until.us)
        set(state.now.us, 0);
    else
        write_page(&(struct mark){.base_us = state.now.us,
                                  .speed = state.speed,
                                  .bound_us =
                                      bound.us < state.run_until.us ? bound.us : state.run_until.us,
                                  .run_from_us = state.run_from.us,
                                  .run_until_us = state.run_until.us});
}

int demo_clock_advance(int64_t seconds, struct err *err)
{
    if (seconds < 0 || seconds > DEMO_CLOCK_ADVANCE_MAX)
        return err_set(err, ERR_INPUT, "the clock goes forward by 0 to %d seconds at once",
                       DEMO_CLOCK_ADVANCE_MAX);
    struct demo_clock_state state = demo_clock_read();
    bool goes_on = state.is_running && state.run_until.us == 0;
    set(state.now.us + seconds * 1000000, goes_on ? state.speed : 0);
    return 0;
}

void demo_clock_keep(void)
{
    atomic_store(&page->kept_us, demo_clock_now().us);
}
