/* A provider's API in a thread: takes one connection after the other, keeps the last request,
 * answers as it is told, and when it is told. Enough HTTP for one POST a connection. */
#ifndef DUNLIN_TESTS_FAKE_BANK_H
#define DUNLIN_TESTS_FAKE_BANK_H

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_bank {
    int fd;
    char url[64];
    pthread_t thread;
    atomic_int calls;
    atomic_bool is_held; /* each answer waits for a turn */
    sem_t turns;
    _Atomic(const char *) answer; /* status and reason, blank line, body; null: hangs up */
    char request[8192];           /* the last one; read it when no call is under way */
};

static inline void fake_bank_serve(struct fake_bank *bank, int conn)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(conn, bank->request + len, sizeof(bank->request) - 1 - len)) > 0) {
        len += (size_t)got;
        bank->request[len] = 0;
        const char *body = strstr(bank->request, "\r\n\r\n");
        const char *length = strcasestr(bank->request, "content-length:");
        if (body != NULL && length != NULL &&
            len >= (size_t)(body + 4 - bank->request) + strtoul(length + 15, NULL, 10))
            break;
    }
    if (atomic_load(&bank->is_held))
        sem_wait(&bank->turns);
    const char *answer = atomic_load(&bank->answer);
    atomic_fetch_add(&bank->calls, 1);
    if (answer != NULL) {
        const char *body = strstr(answer, "\n") + 1;
        dprintf(conn, "HTTP/1.1 %.*s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                (int)(body - 1 - answer), answer, strlen(body), body);
    }
    close(conn);
}

static inline void *fake_bank_run(void *owner)
{
    struct fake_bank *bank = owner;
    for (int conn; (conn = accept(bank->fd, NULL, NULL)) >= 0;)
        fake_bank_serve(bank, conn);
    return NULL;
}

static inline void fake_bank_new(struct fake_bank *bank)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    bank->fd = socket(AF_INET, SOCK_STREAM, 0);
    int bad = bind(bank->fd, (struct sockaddr *)&address, len);
    bad |= listen(bank->fd, 64);
    bad |= sem_init(&bank->turns, 0, 0);
    bad |= getsockname(bank->fd, (struct sockaddr *)&address, &len);
    assert(bad == 0);
    snprintf(bank->url, sizeof(bank->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    bad = pthread_create(&bank->thread, NULL, fake_bank_run, bank);
    assert(bad == 0);
}

static inline void fake_bank_free(struct fake_bank *bank)
{
    shutdown(bank->fd, SHUT_RDWR);
    pthread_join(bank->thread, NULL);
    close(bank->fd);
    sem_destroy(&bank->turns);
}

#endif
