/* Business time is `base` plus what the wall clock has moved since `base_wall`, times the speed.
 * One process writes, all read: an even/odd sequence tells a reader that it met a writer half way.
 *
 * After a stop the time in between does not count: the next start goes on from the time last kept,
 * at the pace of the wall clock. (A demo left running at a day in two seconds and started again
 * next week would else wake in another century.) */
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
};

static struct page *page;

static int64_t business_us(int64_t base_us, int64_t base_wall_us, int64_t speed)
{
    int64_t passed = clock_wall().us - base_wall_us;
    return passed <= 0 ? base_us : base_us + passed * speed;
}

static struct demo_clock_state read_page(void)
{
    for (;;) {
        uint64_t before = atomic_load(&page->sequence);
        int64_t base = atomic_load(&page->base_us), wall = atomic_load(&page->base_wall_us);
        int64_t speed = atomic_load(&page->speed), resume = atomic_load(&page->resume_speed);
        if (before % 2 == 0 && atomic_load(&page->sequence) == before)
            return (struct demo_clock_state){.now = {business_us(base, wall, speed)},
                                             .is_running = speed != 0,
                                             .speed = (int)(speed != 0 ? speed : resume)};
    }
}

static void write_page(int64_t base_us, int64_t speed)
{
    atomic_fetch_add(&page->sequence, 1);
    atomic_store(&page->base_us, base_us);
    atomic_store(&page->base_wall_us, clock_wall().us);
    atomic_store(&page->speed, speed);
    if (speed != 0)
        atomic_store(&page->resume_speed, speed);
    atomic_store(&page->kept_us, base_us);
    atomic_fetch_add(&page->sequence, 1);
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
    write_page(kept_us == 0 ? clock_wall().us : kept_us, is_paused ? 0 : 1);
    if (is_paused)
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
    write_page(demo_clock_now().us, 0);
}

void demo_clock_run(int speed)
{
    if (speed < 1)
        speed = 1;
    if (speed > DEMO_CLOCK_SPEED_MAX)
        speed = DEMO_CLOCK_SPEED_MAX;
    write_page(demo_clock_now().us, speed);
}

int demo_clock_advance(int64_t seconds, struct err *err)
{
    if (seconds < 0 || seconds > DEMO_CLOCK_ADVANCE_MAX)
        return err_set(err, ERR_INPUT, "the clock goes forward by 0 to %d seconds at once",
                       DEMO_CLOCK_ADVANCE_MAX);
    struct demo_clock_state state = demo_clock_read();
    write_page(state.now.us + seconds * 1000000, state.is_running ? state.speed : 0);
    return 0;
}

void demo_clock_keep(void)
{
    atomic_store(&page->kept_us, demo_clock_now().us);
}
