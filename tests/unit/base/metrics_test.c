#include "base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

static bool prints(const struct metrics *slots, const char *line)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    metrics_print(slots, &text);
    bool has = strstr(buf_span(&text).base, line) != NULL;
    buf_release(&text);
    return has;
}

static void counters_of_all_processes_are_summed(void **state)
{
    (void)state;
    struct metrics *slots = metrics_shared_new();
    metrics_add(&slots[0], METRIC_http_requests, 2);
    pid_t pid = fork();
    if (pid == 0) {
        metrics_add(&slots[1], METRIC_http_requests, 3);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    assert_true(prints(slots, "# TYPE dunlin_http_requests_total counter\n"
                              "dunlin_http_requests_total 5\n"));
    munmap(slots, METRICS_SLOTS * sizeof(*slots));
}

static void gauges_fall_and_end_with_their_process(void **state)
{
    (void)state;
    struct metrics *slots = metrics_shared_new();
    metrics_add(&slots[0], METRIC_connections_now, 5);
    metrics_add(&slots[0], METRIC_connections_now, -2);
    metrics_add(&slots[0], METRIC_http_requests, 7);
    assert_true(prints(slots, "# TYPE dunlin_connections_now gauge\ndunlin_connections_now 3\n"));
    metrics_clear_gauges(&slots[0]);
    assert_true(prints(slots, "dunlin_connections_now 0\n"));
    assert_true(prints(slots, "dunlin_http_requests_total 7\n"));
    munmap(slots, METRICS_SLOTS * sizeof(*slots));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_of_all_processes_are_summed),
        cmocka_unit_test(gauges_fall_and_end_with_their_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
