/* Many clients at once that share one bad habit, for the end-to-end tests: thousands are too many
 * for node, and it cannot shrink a socket's window as a reader that takes nothing must.
 *
 *     crowd HABIT COUNT PORT FIRST-ADDRESS ADDRESSES [PATH…]
 *
 * HABIT is one of
 *     headers   a request whose head never ends: one byte a second
 *     bodies    a request whose body never ends: one byte a second
 *     readers   asks for the first PATH again and again; every second one reads a little of it each
 *               second, the others nothing
 *     idle      connects; one in sixteen shakes hands, nobody asks for anything
 *     flood     asks for the PATHs in turn, COUNT times in all, over FLOOD_WIDTH connections;
 * without a PATH for another random link each time
 *
 * Clients come from ADDRESSES loopback addresses from FIRST-ADDRESS on. Two lines of JSON come out:
 * one when all stand as they should, one when all have been closed, or when standard input was.
 *     opened    connections made
 *     shaken    TLS handshakes finished
 *     turned_away  closed by the peer in the first TURNED_AWAY_MS, with nothing said
 *     closed, first_ms, last_ms  closed by the peer later, and how long after the first byte of the
 *               request (without one: after connecting) the first and the last were
 *     answers   by status: {"404": 12}
 *     failed    anything else; errno of the last in "why" */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ON_THE_WAY_MAX = 128, DRIP_MS = 1000, TURNED_AWAY_MS = 5000 };
/* So wide that 100,000 requests stay within the bucket of each connection (1,000), however quick
 * the machine is. */
enum { SHAKES_ONE_IN = 16, READER_REQUESTS = 64, FLOOD_WIDTH = 128, FLOOD_BATCH = 8 };
enum { SMALL_SEGMENT = 536, SMALL_WINDOW = 4096, SIP = 256, STATUS_MAX = 600 };

enum habit { HEADERS = 0, BODIES, READERS, IDLE, FLOOD };
static const char *const habits[] = {"headers", "bodies", "readers", "idle", "flood"};

enum stage { CONNECTING = 0, SHAKING, STANDING, GONE };

struct client {
    int fd;
    SSL *ssl; /* null for those who never speak */
    enum stage stage;
    int64_t since_ms;    /* when it connected, or began its request */
    int awaited, to_ask; /* flood: answers on the way, requests left */
    char rest[16];       /* flood: the end of what was read, where a status line may begin */
    size_t rest_len;
};

static struct {
    enum habit habit;
    int count, address_count, path_count;
    struct sockaddr_in peer;
    in_addr_t first_address;
    char **paths;
    SSL_CTX *tls;
    int poll;
    struct client *clients;
    int begun, on_the_way, gone;
    int next_path;
    bool is_told;
} crowd;

static struct {
    int opened, shaken, turned_away, closed, failed, why;
    int64_t first_ms, last_ms;
    int answers[STATUS_MAX];
} seen;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void tell(void)
{
    printf("{\"opened\": %d, \"shaken\": %d, \"turned_away\": %d, \"closed\": %d, "
           "\"first_ms\": %lld, \"last_ms\": %lld, \"failed\": %d, \"why\": \"%s\", \"answers\": {",
           seen.opened, seen.shaken, seen.turned_away, seen.closed, (long long)seen.first_ms,
           (long long)seen.last_ms, seen.failed, seen.why == 0 ? "" : strerror(seen.why));
    const char *comma = "";
    for (int i = 0; i < STATUS_MAX; ++i)
        if (seen.answers[i] != 0) {
            printf("%s\"%d\": %d", comma, i, seen.answers[i]);
            comma = ", ";
        }
    printf("}}\n");
    fflush(stdout);
}

/* ---- The end of a client. ---- */

static void leave(struct client *c)
{
    crowd.on_the_way -= c->stage < STANDING;
    c->stage = GONE;
    ++crowd.gone;
    SSL_free(c->ssl);
    c->ssl = NULL;
    close(c->fd);
}

static void fail(struct client *c)
{
    ++seen.failed;
    seen.why = errno;
    leave(c);
}

static void be_closed(struct client *c)
{
    int64_t took_ms = now_ms() - c->since_ms;
    bool is_silent = c->stage == SHAKING || crowd.habit == IDLE;
    if (is_silent && took_ms < TURNED_AWAY_MS) {
        ++seen.turned_away;
    } else if (crowd.habit == FLOOD) {
        ++seen.failed;
    } else {
        if (seen.closed++ == 0)
            seen.first_ms = took_ms;
        seen.last_ms = took_ms > seen.last_ms ? took_ms : seen.last_ms;
    }
    leave(c);
}

/* ---- What they say. ---- */

/* All of these fit into an empty socket's buffer. */
static bool say(struct client *c, const char *bytes, size_t len)
{
    if (SSL_write(c->ssl, bytes, (int)len) == (int)len)
        return true;
    be_closed(c);
    return false;
}

static const char *next_path(void)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static char link[1 + 18 + 1];
    if (crowd.path_count != 0)
        return crowd.paths[crowd.next_path++ % crowd.path_count];
    link[0] = '/';
    for (int i = 1; i <= 18; ++i)
        link[i] = digits[random() % 62];
    return link;
}

static void ask(struct client *c, int times)
{
    char bytes[16384];
    size_t len = 0;
    for (int i = 0; i < times; ++i) {
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", next_path());
    }
    say(c, bytes, len);
}

static void ask_more(struct client *c)
{
    int times = c->to_ask < FLOOD_BATCH ? c->to_ask : FLOOD_BATCH;
    if (times == 0) {
        leave(c);
        return;
    }
    c->to_ask -= times;
    c->awaited = times;
    ask(c, times);
}

static void begin_habit(struct client *c)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    static const char body[] =
        "POST /x/payments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n";
    c->stage = STANDING;
    --crowd.on_the_way;
    if (crowd.habit != IDLE)
        c->since_ms = now_ms();
    if (crowd.habit == HEADERS)
        say(c, head, sizeof(head) - 1);
    else if (crowd.habit == BODIES)
        say(c, body, sizeof(body) - 1);
    else if (crowd.habit == READERS)
        ask(c, READER_REQUESTS);
    else if (crowd.habit == FLOOD)
        ask_more(c);
}

static void drip(void)
{
    char sip[SIP];
    for (int i = 0; i < crowd.begun; ++i) {
        struct client *c = &crowd.clients[i];
        if (c->stage != STANDING)
            continue;
        if (crowd.habit <= BODIES)
            say(c, "y", 1);
        else if (crowd.habit == READERS && i % 2 != 0 && read(c->fd, sip, sizeof(sip)) == 0)
            be_closed(c);
    }
}

/* ---- What they hear. ---- */

static const char mark[] = "HTTP/1.1 ";
enum { STATUS_LINE = sizeof(mark) - 1 + 3 };

/* Our pages do not hold the mark, so a status line is one wherever it stands. */
static void count_answers(struct client *c, char *bytes, size_t len)
{
    char *at = bytes, *end = bytes + len;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL &&
           end - at >= STATUS_LINE) {
        int status = atoi(at + sizeof(mark) - 1);
        ++seen.answers[status > 0 && status < STATUS_MAX ? status : 0];
        --c->awaited;
        at += STATUS_LINE;
        c->rest_len = 0;
        bytes = at;
    }
    size_t left = (size_t)(end - bytes);
    c->rest_len = left < STATUS_LINE - 1 ? left : STATUS_LINE - 1;
    memcpy(c->rest, end - c->rest_len, c->rest_len);
}

static void hear(struct client *c)
{
    static char bytes[32768];
    if (c->ssl == NULL) {
        ssize_t len = read(c->fd, bytes, sizeof(bytes));
        if (len == 0 || (len < 0 && errno != EAGAIN))
            be_closed(c);
        return;
    }
    for (;;) {
        memcpy(bytes, c->rest, c->rest_len);
        int len = SSL_read(c->ssl, bytes + c->rest_len, (int)(sizeof(bytes) - c->rest_len));
        if (len <= 0) {
            int error = SSL_get_error(c->ssl, len);
            if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
                be_closed(c);
            return;
        }
        count_answers(c, bytes, c->rest_len + (size_t)len);
        if (crowd.habit == FLOOD && c->awaited == 0) {
            ask_more(c);
            return;
        }
    }
}

/* ---- How they come. ---- */

static void shake(struct client *c)
{
    int result = SSL_connect(c->ssl);
    if (result == 1) {
        ++seen.shaken;
        begin_habit(c);
        return;
    }
    int error = SSL_get_error(c->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        be_closed(c);
}

static void on_connected(struct client *c, int i)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        errno = error;
        fail(c);
        return;
    }
    ++seen.opened;
    c->since_ms = now_ms();
    c->stage = SHAKING;
    if (crowd.habit == IDLE && i % SHAKES_ONE_IN != 0) {
        begin_habit(c);
        return;
    }
    c->ssl = SSL_new(crowd.tls);
    SSL_set_fd(c->ssl, c->fd);
    shake(c);
}

/* Small segments keep the peer's send buffer small, as they do on the Internet: over loopback it
 * would hold megabytes before a stalled reader was felt. A kernel that gives up on a stalled reader
 * tells nobody; a probe a second finds out. */
static void read_slowly(int fd)
{
    int segment = SMALL_SEGMENT, window = SMALL_WINDOW, one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &one, sizeof(one));
}

static void come(int i)
{
    struct client *c = &crowd.clients[i];
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(ntohl(crowd.first_address) + (uint32_t)(i % crowd.address_count));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket");
    int later = 1;
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &later, sizeof(later));
    if (bind(c->fd, (void *)&own, sizeof(own)) != 0)
        die("bind");
    if (crowd.habit == READERS)
        read_slowly(c->fd);
    struct epoll_event want = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               .data.u32 = (uint32_t)i};
    ++crowd.on_the_way;
    if (connect(c->fd, (void *)&crowd.peer, sizeof(crowd.peer)) != 0 && errno != EINPROGRESS) {
        fail(c);
        return;
    }
    if (epoll_ctl(crowd.poll, EPOLL_CTL_ADD, c->fd, &want) != 0)
        die("epoll_ctl");
}

static void on_event(const struct epoll_event *event)
{
    int i = (int)event->data.u32;
    struct client *c = &crowd.clients[i];
    if (c->stage == CONNECTING)
        on_connected(c, i);
    else if (c->stage == SHAKING)
        shake(c);
    else if (c->stage == GONE)
        return;
    else if (crowd.habit != READERS)
        hear(c);
    else if (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        be_closed(c);
}

/* ---- All of it. ---- */

static void read_arguments(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "crowd HABIT COUNT PORT FIRST-ADDRESS ADDRESSES [PATH...]\n");
        exit(2);
    }
    while (crowd.habit < FLOOD && strcmp(habits[crowd.habit], argv[1]) != 0)
        ++crowd.habit;
    crowd.count = atoi(argv[2]);
    crowd.peer = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)atoi(argv[3])),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    crowd.first_address = inet_addr(argv[4]);
    crowd.address_count = atoi(argv[5]);
    crowd.paths = argv + 6;
    crowd.path_count = argc - 6;
}

static void prepare(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int asked = crowd.count;
    if (crowd.habit == FLOOD)
        crowd.count = FLOOD_WIDTH;
    if (files.rlim_cur < (rlim_t)crowd.count + 64) {
        fprintf(stderr, "a process may open %llu files here, %d clients need more\n",
                (unsigned long long)files.rlim_cur, crowd.count);
        exit(3);
    }
    crowd.clients = calloc((size_t)crowd.count, sizeof(*crowd.clients));
    for (int i = 0; crowd.habit == FLOOD && i < FLOOD_WIDTH; ++i)
        crowd.clients[i].to_ask = asked / FLOOD_WIDTH + (i < asked % FLOOD_WIDTH);
    crowd.tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(crowd.tls, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(crowd.tls, SSL_MODE_RELEASE_BUFFERS);
    crowd.poll = epoll_create1(EPOLL_CLOEXEC);
    srandom((unsigned)getpid());
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);
}

static bool is_over(void)
{
    char byte;
    return (crowd.begun == crowd.count && crowd.gone == crowd.count) ||
           read(STDIN_FILENO, &byte, 1) == 0;
}

int main(int argc, char **argv)
{
    static struct epoll_event events[512];
    read_arguments(argc, argv);
    prepare();
    int64_t dripped_ms = now_ms();
    while (!is_over()) {
        while (crowd.begun < crowd.count && crowd.on_the_way < ON_THE_WAY_MAX)
            come(crowd.begun++);
        if (!crowd.is_told && crowd.begun == crowd.count && crowd.on_the_way == 0) {
            crowd.is_told = true;
            tell();
        }
        int count = epoll_wait(crowd.poll, events, 512, 50);
        for (int i = 0; i < count; ++i)
            on_event(&events[i]);
        if (now_ms() - dripped_ms >= DRIP_MS) {
            dripped_ms += DRIP_MS;
            drip();
        }
    }
    tell();
    return 0;
}
