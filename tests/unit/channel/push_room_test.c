#include "channel/push_room.h"

#include "base/clock.h"
#include "channel/push_apps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Three services, as far as the room looks at them; see the wraps in tests/CMakeLists.txt. */
enum { APPS = 3, UNDER_WAY = 400, SHARE = UNDER_WAY / (APPS + 1) };

static const char first, second, third; /* only their addresses count */
static const struct push_app apps[APPS] = {
    {.app = "one", .service = "apns", .environment = "production", .pool = (void *)&first},
    {.app = "two", .service = "fcm", .environment = "production", .pool = (void *)&second},
    {.app = "three", .service = "fcm", .environment = "production", .pool = (void *)&third},
};
static struct push_stats stats[APPS];
static uint32_t rooms[APPS];
static int64_t now_ms;

size_t __wrap_push_apps_count(const struct push_apps *);
const struct push_app *__wrap_push_apps_at(const struct push_apps *, size_t index);
uint32_t __wrap_push_service_room(struct push_service *);
void __wrap_push_service_stats(const struct push_service *, struct push_stats *);
struct mono __wrap_clock_mono(void);

size_t __wrap_push_apps_count(const struct push_apps *all)
{
    (void)all;
    return APPS;
}

const struct push_app *__wrap_push_apps_at(const struct push_apps *all, size_t index)
{
    (void)all;
    return &apps[index];
}

static size_t index_of(const struct push_service *pool)
{
    size_t i = 0;
    while (apps[i].pool != pool)
        ++i;
    return i;
}

uint32_t __wrap_push_service_room(struct push_service *pool)
{
    return rooms[index_of(pool)];
}

void __wrap_push_service_stats(const struct push_service *pool, struct push_stats *out)
{
    *out = stats[index_of(pool)];
}

struct mono __wrap_clock_mono(void)
{
    return (struct mono){now_ms * 1000000};
}

static struct push_room *look(void)
{
    struct push_room *room = push_room_new((struct push_apps *)&first, UNDER_WAY);
    push_room_look(room);
    return room;
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < APPS; ++i) {
        stats[i] = (struct push_stats){.connections = 1};
        rooms[i] = 1000;
    }
    return 0;
}

static void a_silent_service_gets_no_more_than_its_share(void **state)
{
    (void)state;
    stats[0].on_wire = SHARE - 3;
    stats[0].queued = 2;
    struct push_room *room = look();
    assert_int_equal(push_room_fit(room, "A"), PUSH_FIT_NOW);
    push_room_take(room, "A");
    assert_int_equal(push_room_fit(room, "A"), PUSH_FIT_LATER);
    assert_int_equal(push_room_fit(room, "B"), PUSH_FIT_NOW);
    push_room_free(room);
}

static void a_service_with_its_share_under_way_is_busy_not_down(void **state)
{
    (void)state;
    struct span up[PUSH_APPS_MAX];
    stats[0].on_wire = SHARE + 5;
    struct push_room *room = look();
    assert_int_equal(push_room_fit(room, "A"), PUSH_FIT_LATER);
    assert_int_equal(push_room_up(room, up), APPS);
    push_room_free(room);
}

static void a_service_that_rests_is_down(void **state)
{
    (void)state;
    rooms[1] = 0;
    stats[1].is_resting = true;
    struct push_room *room = look();
    assert_int_equal(push_room_fit(room, "B"), PUSH_FIT_DOWN);
    assert_int_equal(push_room_fit(room, "BC"), PUSH_FIT_NOW);
    push_room_free(room);
}

/* Firebase's token host is away: connections, and nothing may go over them. */
static void a_service_that_takes_nothing_for_seconds_is_down(void **state)
{
    (void)state;
    rooms[1] = 0;
    struct push_room *room = look();
    assert_int_equal(push_room_fit(room, "BC"), PUSH_FIT_LATER);
    now_ms += 5001;
    push_room_look(room);
    assert_int_equal(push_room_fit(room, "B"), PUSH_FIT_DOWN);
    assert_int_equal(push_room_fit(room, "BC"), PUSH_FIT_NOW);
    rooms[1] = 1;
    push_room_look(room);
    assert_int_equal(push_room_fit(room, "B"), PUSH_FIT_NOW);
    push_room_free(room);
}

static void a_service_whose_streams_are_all_taken_is_busy_however_long(void **state)
{
    (void)state;
    rooms[1] = 0;
    stats[1].on_wire = 20;
    struct push_room *room = look();
    now_ms += 60000;
    push_room_look(room);
    assert_int_equal(push_room_fit(room, "B"), PUSH_FIT_LATER);
    push_room_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_silent_service_gets_no_more_than_its_share, setup),
        cmocka_unit_test_setup(a_service_with_its_share_under_way_is_busy_not_down, setup),
        cmocka_unit_test_setup(a_service_that_rests_is_down, setup),
        cmocka_unit_test_setup(a_service_that_takes_nothing_for_seconds_is_down, setup),
        cmocka_unit_test_setup(a_service_whose_streams_are_all_taken_is_busy_however_long, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
