#include "io/fetch.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "io/fetch_mail.h"

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A call travels: the loop makes it, puts it into `submitted` and wakes the thread; the thread owns
 * it while libcurl works, puts it into `finished` and wakes the loop through an eventfd. The two
 * lists and `is_ending` are all that both sides touch, under the one lock. The callback fields
 * belong to the loop alone, so cancelling needs no lock. Whether mails are held is one atomic word.
 */

enum { CONNECT_TIMEOUT_MS = 5000, LOCATION_MAX = 2048, DATE_MAX = 40, IDLE_POLL_MS = 60000 };

struct fetch_call {
    /* The loop's. */
    struct fetch *fetch;
    fetch_cb on_done; /* null: cancelled */
    void *owner;
    h2o_linklist_t link; /* in under_way */
    /* Handed back and forth with the call. */
    struct fetch_call *next;
    CURL *easy;
    struct curl_slist *headers;
    char *body;
    size_t body_len;
    struct buf answer;
    char location[LOCATION_MAX];
    char date[DATE_MAX], retry_after[DATE_MAX];
    int status;
    struct mono wire_by;
    bool has_begun; /* to be sent: the thread's until the call is handed back */
    bool is_smtp, is_late;
    struct fetch_mail mail;
    struct err err;
};

struct call_queue {
    struct fetch_call *head, **tail;
};

struct fetch {
    h2o_loop_t *loop;
    h2o_socket_t *wakes_loop;
    int event_fd;
    int in_flight, in_flight_max;
    h2o_linklist_t under_way;
    pthread_t thread;
    CURLM *multi; /* the thread's, but for curl_multi_wakeup */
    atomic_bool are_mails_held;
    pthread_mutex_t lock;
    struct call_queue submitted, finished;
    bool is_ending;
};

static void queue_init(struct call_queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

static void queue_add(struct call_queue *queue, struct fetch_call *call)
{
    call->next = NULL;
    *queue->tail = call;
    queue->tail = &call->next;
}

static struct fetch_call *queue_take(struct call_queue *queue)
{
    struct fetch_call *head = queue->head;
    queue_init(queue);
    return head;
}

/* ---- making a call ---- */

static size_t on_body(char *bytes, size_t size, size_t count, void *owner)
{
    struct fetch_call *call = owner;
    buf_add(&call->answer, span_of(bytes, size * count));
    return buf_is_overflowed(&call->answer) ? 0 : size * count; /* 0 ends the exchange */
}

/* Connected, logged in, and nothing of the request itself is sent yet. Comes again when a reused
 * connection turns out dead: what has a time to be sent by is then not sent a second time. */
static int on_about_to_send(void *owner, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    struct fetch_call *call = owner;
    if (call->wire_by.ns != 0 && (call->has_begun || clock_mono().ns > call->wire_by.ns))
        return CURL_PREREQFUNC_ABORT;
    call->has_begun = true;
    return CURL_PREREQFUNC_OK;
}

static void add_headers(struct fetch_call *call, struct span lines)
{
    call->headers = curl_slist_append(NULL, "Expect:");
    while (lines.len > 0) {
        const char *end = memchr(lines.base, '\n', lines.len);
        size_t len = end == NULL ? lines.len : (size_t)(end - lines.base);
        char *line = strndup(lines.base, len);
        if (line == NULL)
            abort();
        size_t copied = strlen(line); /* less than len when a NUL came with it */
        line[strcspn(line, "\r")] = 0;
        if (line[0] != 0)
            call->headers = curl_slist_append(call->headers, line);
        secret_wipe(line, copied);
        free(line);
        lines = span_from(lines, len + 1);
    }
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    /* libcurl itself takes this name for loopback, whatever a resolver says */
    return strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0;
}

/* How an address may be called; protocol is null when it may not. */
struct way {
    const char *protocol;
    bool is_loopback, is_mail;
};

static struct way allowed_way(const char *url)
{
    char *scheme = NULL, *host = NULL, *user = NULL;
    struct way way = {0};
    CURLU *parts = curl_url();
    if (parts == NULL)
        abort();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_USER, &user, 0) != CURLUE_OK) {
        static const char *const mails[] = {"smtp", "smtps", "imap", "imaps"};
        way.is_loopback = is_loopback(host);
        if (strcmp(scheme, "https") == 0)
            way.protocol = "https";
        else if (strcmp(scheme, "http") == 0 && way.is_loopback)
            way.protocol = "http";
        for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); ++i)
            if (strcmp(scheme, mails[i]) == 0) {
                way.protocol = mails[i];
                way.is_mail = true;
            }
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(parts);
    return way;
}

static void set_method(struct fetch_call *call, const struct fetch_request *request)
{
    if (request->body.len > 0 || strcmp(request->method, "POST") == 0) {
        call->body = malloc(request->body.len + 1);
        if (call->body == NULL)
            abort();
        call->body_len = request->body.len;
        if (request->body.len > 0)
            memcpy(call->body, request->body.base, request->body.len);
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->body);
    }
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L);
    else if (strcmp(request->method, "GET") != 0 || call->body != NULL)
        curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_limits(struct fetch_call *call, const struct fetch_request *request)
{
    long connect_ms =
        request->timeout_ms < CONNECT_TIMEOUT_MS ? request->timeout_ms : CONNECT_TIMEOUT_MS;
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(call->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->answer_max);
    curl_easy_setopt(call->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call->easy, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a name look-up */
}

static void set_trust(struct fetch_call *call, struct span ca_file)
{
    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(call->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(call->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_file.len == 0)
        return;
    char *path = strndup(ca_file.base, ca_file.len);
    if (path == NULL)
        abort();
    curl_easy_setopt(call->easy, CURLOPT_CAINFO, path); /* copies */
    curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL); /* that authority and no other */
    free(path);
}

static struct fetch_call *call_new(const struct fetch *fetch, const struct fetch_request *request,
                                   const char *url, struct way way)
{
    struct fetch_call *call = calloc(1, sizeof(*call));
    if (call == NULL || (call->easy = curl_easy_init()) == NULL)
        abort();
    buf_init(&call->answer, request->answer_max);
    curl_easy_setopt(call->easy, CURLOPT_URL, url);
    curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, way.protocol);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, on_about_to_send);
    curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
    call->wire_by = request->wire_by;
    set_limits(call, request);
    set_trust(call, request->ca_file);
    if (way.is_mail) {
        call->is_smtp = strncmp(way.protocol, "smtp", 4) == 0;
        call->mail.is_held = &fetch->are_mails_held;
        fetch_mail_set(&call->mail, call->easy, request, way.protocol, way.is_loopback);
        return call;
    }
    add_headers(call, request->headers);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    set_method(call, request);
    return call;
}

/* Headers carry keys of accounts, bodies codes that move money: neither stays in freed memory. */
static void call_free(struct fetch_call *call)
{
    curl_easy_cleanup(call->easy);
    for (struct curl_slist *line = call->headers; line != NULL; line = line->next)
        secret_wipe(line->data, strlen(line->data));
    curl_slist_free_all(call->headers);
    buf_release(&call->answer);
    fetch_mail_release(&call->mail);
    if (call->body != NULL)
        secret_wipe(call->body, call->body_len);
    free(call->body);
    free(call);
}

/* ---- the thread ---- */

/* libcurl's words name reasons, never bodies or headers; these are for whoever set the address up.
 */
static const char *words_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "its host name is not known";
    case CURLE_COULDNT_CONNECT:
        return "its host is not reachable";
    case CURLE_OPERATION_TIMEDOUT:
        return "it did not answer in time";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not trusted, or is another host's";
    case CURLE_SSL_CACERT_BADFILE:
        return "the file of certificates to trust cannot be read";
    default:
        return curl_easy_strerror(code);
    }
}

static void read_outcome(struct fetch_call *call, CURLcode code)
{
    long status = 0;
    struct curl_header *header;
    call->is_late = code == CURLE_ABORTED_BY_CALLBACK && (call->is_smtp || !call->has_begun);
    if (buf_is_overflowed(&call->answer)) {
        err_set(&call->err, ERR_PROVIDER, "the answer is longer than allowed");
        return;
    }
    if (call->is_smtp) {
        fetch_mail_read(&call->mail, call->easy, code, &call->status, &call->err);
        return;
    }
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        err_set(&call->err, ERR_PROVIDER, "%s",
                call->is_late ? "too late to be sent" : "the connection was lost");
        return;
    }
    if (code != CURLE_OK) {
        err_set(&call->err, ERR_PROVIDER, "%s", words_of(code));
        return;
    }
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    call->status = (int)status;
    if (curl_easy_header(call->easy, "Location", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(call->location, sizeof(call->location), "%s", header->value);
    if (curl_easy_header(call->easy, "Date", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(call->date, sizeof(call->date), "%s", header->value);
    if (curl_easy_header(call->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(call->retry_after, sizeof(call->retry_after), "%s", header->value);
}

static void hand_back(struct fetch *fetch, struct fetch_call *call, CURLcode code)
{
    read_outcome(call, code);
    pthread_mutex_lock(&fetch->lock);
    queue_add(&fetch->finished, call);
    pthread_mutex_unlock(&fetch->lock);
    uint64_t one = 1;
    ssize_t written = write(fetch->event_fd, &one, sizeof(one));
    assert(written == sizeof(one));
}

/* False when the thread is to end. */
static bool take_submitted(struct fetch *fetch)
{
    pthread_mutex_lock(&fetch->lock);
    struct fetch_call *call = queue_take(&fetch->submitted);
    bool is_ending = fetch->is_ending;
    pthread_mutex_unlock(&fetch->lock);
    while (call != NULL) {
        struct fetch_call *next = call->next;
        curl_multi_add_handle(fetch->multi, call->easy);
        call = next;
    }
    return !is_ending;
}

static void hand_back_done(struct fetch *fetch)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(fetch->multi, &left)) != NULL;) {
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct fetch_call *call;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
        curl_multi_remove_handle(fetch->multi, easy);
        hand_back(fetch, call, code);
    }
}

static void *run(void *owner)
{
    struct fetch *fetch = owner;
    int running;
    while (take_submitted(fetch)) {
        curl_multi_perform(fetch->multi, &running);
        hand_back_done(fetch);
        curl_multi_poll(fetch->multi, NULL, 0, IDLE_POLL_MS, NULL);
    }
    return NULL;
}

/* ---- the loop ---- */

static enum fetch_fate fate_of(const struct fetch_call *call)
{
    if (call->is_smtp)
        return fetch_mail_fate(&call->mail, call->status);
    if (!call->has_begun)
        return FETCH_NEVER_SENT;
    return call->status == 0 ? FETCH_UNKNOWN : FETCH_ANSWERED;
}

static void finish(struct fetch_call *call, const struct err *err)
{
    struct fetch_answer answer = {.fate = fate_of(call),
                                  .is_late = call->is_late,
                                  .status = call->status,
                                  .body = buf_span(&call->answer),
                                  .location = span_str(call->location),
                                  .date = span_str(call->date),
                                  .retry_after = span_str(call->retry_after),
                                  .stage = call->mail.stage,
                                  .last_line = span_str(call->mail.last_line),
                                  .has_logged_in = call->mail.has_logged_in};
    h2o_linklist_unlink(&call->link);
    --call->fetch->in_flight;
    if (call->on_done != NULL)
        call->on_done(call->owner, &answer, err);
    call_free(call);
}

static void on_finished(h2o_socket_t *socket, const char *err)
{
    (void)err;
    struct fetch *fetch = socket->data;
    uint64_t count;
    if (read(fetch->event_fd, &count, sizeof(count)) < 0)
        return;
    pthread_mutex_lock(&fetch->lock);
    struct fetch_call *call = queue_take(&fetch->finished);
    pthread_mutex_unlock(&fetch->lock);
    while (call != NULL) {
        struct fetch_call *next = call->next;
        finish(call, &call->err);
        call = next;
    }
}

/* libcurl copies headers and bodies while it sends: whatever it frees is wiped. */
static void wipe_and_free(void *bytes)
{
    if (bytes != NULL)
        secret_wipe(bytes, malloc_usable_size(bytes));
    free(bytes);
}

static void *wipe_and_resize(void *bytes, size_t len)
{
    size_t old_len = bytes == NULL ? 0 : malloc_usable_size(bytes);
    void *moved = malloc(len);
    if (moved == NULL)
        return NULL;
    if (bytes != NULL)
        memcpy(moved, bytes, old_len < len ? old_len : len);
    wipe_and_free(bytes);
    return moved;
}

static void init_curl(void)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, wipe_and_resize, strdup,
                             calloc) != CURLE_OK)
        abort();
}

/* Signals stay with the loop's thread. */
static void start_thread(struct fetch *fetch)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&fetch->thread, NULL, run, fetch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        abort();
}

struct fetch *fetch_new(h2o_loop_t *loop, int in_flight_max)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl);
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL)
        abort();
    *fetch = (struct fetch){.loop = loop,
                            .in_flight_max = in_flight_max,
                            .event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                            .multi = curl_multi_init()};
    if (fetch->event_fd < 0 || fetch->multi == NULL)
        abort();
    h2o_linklist_init_anchor(&fetch->under_way);
    queue_init(&fetch->submitted);
    queue_init(&fetch->finished);
    pthread_mutex_init(&fetch->lock, NULL);
    curl_multi_setopt(fetch->multi, CURLMOPT_MAXCONNECTS, (long)in_flight_max);
    fetch->wakes_loop = h2o_evloop_socket_create(loop, fetch->event_fd, H2O_SOCKET_FLAG_DONT_READ);
    fetch->wakes_loop->data = fetch;
    h2o_socket_read_start(fetch->wakes_loop, on_finished);
    start_thread(fetch);
    return fetch;
}

/* The thread is gone first, so that nothing is shared any more. */
void fetch_free(struct fetch *fetch)
{
    struct err closed;
    err_set(&closed, ERR_CLOSED, "closing");
    pthread_mutex_lock(&fetch->lock);
    fetch->is_ending = true;
    pthread_mutex_unlock(&fetch->lock);
    curl_multi_wakeup(fetch->multi);
    pthread_join(fetch->thread, NULL);
    while (!h2o_linklist_is_empty(&fetch->under_way)) {
        struct fetch_call *call =
            H2O_STRUCT_FROM_MEMBER(struct fetch_call, link, fetch->under_way.next);
        curl_multi_remove_handle(fetch->multi, call->easy);
        call->status = 0;
        finish(call, &closed);
    }
    curl_multi_cleanup(fetch->multi);
    h2o_socket_close(fetch->wakes_loop); /* closes event_fd */
    pthread_mutex_destroy(&fetch->lock);
    free(fetch);
}

int fetch_begin(struct fetch *fetch, const struct fetch_request *request, fetch_cb on_done,
                void *owner, struct fetch_call **out, struct err *err)
{
    if (fetch->is_ending)
        return err_set(err, ERR_CLOSED, "closing");
    if (fetch->in_flight >= fetch->in_flight_max)
        return err_set(err, ERR_BUSY, "%d requests are in flight", fetch->in_flight);
    char *url = strndup(request->url.base, request->url.len);
    if (url == NULL)
        abort();
    struct way way = allowed_way(url);
    int bad = 0;
    struct fetch_call *call = NULL;
    if (way.protocol == NULL)
        bad = err_set(err, ERR_SETTINGS, "only https is called, and http on loopback");
    else if (way.is_mail)
        bad = fetch_mail_check(request, way.protocol, err);
    if (bad == 0)
        call = call_new(fetch, request, url, way);
    free(url);
    if (bad != 0)
        return bad;
    call->fetch = fetch;
    call->on_done = on_done;
    call->owner = owner;
    h2o_linklist_insert(&fetch->under_way, &call->link);
    ++fetch->in_flight;
    *out = call;
    pthread_mutex_lock(&fetch->lock);
    queue_add(&fetch->submitted, call);
    pthread_mutex_unlock(&fetch->lock);
    curl_multi_wakeup(fetch->multi);
    return 0;
}

void fetch_hold_mails(struct fetch *fetch, bool is_held)
{
    atomic_store(&fetch->are_mails_held, is_held);
}

void fetch_cancel(struct fetch_call *call)
{
    call->on_done = NULL;
}
