#include "jobs/under_way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct under_way under_way;

static int64_t oldest(int64_t latest)
{
    return under_way_oldest(&under_way, (struct instant){latest}).us;
}

static void the_oldest_is_the_oldest_that_is_left(void **state)
{
    (void)state;
    assert_int_equal(oldest(50), 50);
    under_way_add(&under_way, (struct instant){20}, 2);
    under_way_add(&under_way, (struct instant){10}, 1); /* the clock was set back */
    under_way_add(&under_way, (struct instant){30}, 1);
    under_way_add(&under_way, (struct instant){20}, 1);
    under_way_add(&under_way, (struct instant){5}, 0);
    assert_int_equal(oldest(50), 10);
    assert_int_equal(oldest(7), 7);
    under_way_remove(&under_way, (struct instant){10});
    assert_int_equal(oldest(50), 20);
    under_way_remove(&under_way, (struct instant){20});
    under_way_remove(&under_way, (struct instant){20});
    assert_int_equal(oldest(50), 20);
    under_way_remove(&under_way, (struct instant){20});
    assert_int_equal(oldest(50), 30);
    under_way_remove(&under_way, (struct instant){30});
    assert_int_equal(oldest(50), 50);
    assert_int_equal(under_way.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_is_the_oldest_that_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
