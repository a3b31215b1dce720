/* The ceiling of the page benchmarks: the product's own listener (same guards, TLS, headers, number
 * of processes) with a handler that sends the bytes of one file, whatever the path.
 *
 *   bench_static PORT CERTIFICATE KEY TICKET-SECRET-FILE BODY-FILE PROCESSES
 *
 * GET and HEAD of any one-segment path send the file as a page; POST /callbacks/{provider} answers
 * as a booked callback does, and counts as proved; GET /metrics/now prints the counters. */
#include "base/metrics.h"
#include "http/listener.h"
#include "http/reply.h"
#include "http/tls.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct buf page;
static const struct page_policy *policy;
static struct metrics *slots;

static void send_page(struct request *r)
{
    reply_page(r, 200, policy, buf_span(&page));
}

static void send_ok(struct request *r)
{
    request_prove(r);
    reply_text(r, 200, "OK");
}

static void send_metrics(struct request *r)
{
    struct buf out;
    buf_init(&out, 65536);
    metrics_print(slots, &out);
    reply_bytes(r, 200, "text/plain", buf_span(&out));
    buf_release(&out);
}

static const struct route routes[] = {
    {"GET", "/{code}", ROUTE_OPEN, NULL, send_page},
    {"GET", "/metrics/now", ROUTE_OPEN, NULL, send_metrics},
    {"POST", "/callbacks/{provider}", ROUTE_OPEN, NULL, send_ok},
    {NULL, NULL, ROUTE_OPEN, NULL, NULL},
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_static: %s\n", what);
    exit(1);
}

static void read_page(const char *file)
{
    FILE *in = fopen(file, "rb");
    if (in == NULL)
        fail("cannot read the page");
    buf_init(&page, 1 << 20);
    char part[4096];
    for (size_t len; (len = fread(part, 1, sizeof(part), in)) > 0;)
        buf_add(&page, span_of(part, len));
    fclose(in);
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)},
                                  .sin_port = htons((uint16_t)port)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 1024) != 0)
        fail("cannot listen");
    return fd;
}

static void serve(int fd, struct metrics *slot, struct tls_options *tls_options)
{
    struct err err = {0};
    struct world world = {.loop = h2o_evloop_create(), .metrics = slot};
    struct tls *tls = tls_new(tls_options, &err);
    if (tls == NULL)
        fail(err.text);
    struct http_listener_options options = {
        .name = "public", .fd = fd, .tls = tls, .routes = routes, .limits = guard_limits_default};
    http_listener_new(&world, &options);
    while (h2o_evloop_run(world.loop, INT32_MAX) == 0)
        ;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        fail("usage: PORT CERTIFICATE KEY TICKET-SECRET-FILE BODY-FILE PROCESSES");
    signal(SIGPIPE, SIG_IGN);
    struct err err = {0};
    struct tls_options tls_options = {
        .name = "public", .certificate_file = argv[2], .key_file = argv[3]};
    if (tls_ticket_secret(argv[4], tls_options.ticket_secret, &err) != 0)
        fail(err.text);
    read_page(argv[5]);
    policy = page_policy_new(SPAN_LIT("body{}"), SPAN_LIT("0"), SPAN_LIT("http://127.0.0.1:1"));
    slots = metrics_shared_new();
    int fd = listen_on(atoi(argv[1])), count = atoi(argv[6]);
    for (int i = 0; i < count; ++i) {
        if (fork() != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(fd, &slots[i], &tls_options);
    }
    printf("ready\n");
    fflush(stdout);
    while (wait(NULL) > 0)
        ;
    return 1;
}
