#include "app/db_process.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_WAIT_S = 30, LOG_BYTES_MAX = 10 << 20 };

/* True when the process has ended within the time. An ended one counts although nobody has reaped
 * it yet, which kill(pid, 0) cannot tell: a left-over's reaper may be a slow init. */
bool db_process_wait(pid_t pid, int seconds)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int events;
    while ((events = poll(&ended, 1, seconds * 1000)) < 0 && errno == EINTR)
        ;
    close(fd);
    if (events == 1)
        waitpid(pid, NULL, WNOHANG); /* no matter if it is not our child */
    return events == 1;
}

/* Fast, immediate, and at last by force. A stopped process is woken to see its signal. */
void db_process_end(pid_t pid)
{
    static const struct {
        int signal, seconds;
    } steps[] = {{SIGINT, STOP_WAIT_S}, {SIGQUIT, 10}, {SIGKILL, 5}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); ++i) {
        if (i > 0)
            log_line(LOG_WARN, "private database did not stop", "pid=%d signal=%d", (int)pid,
                     steps[i].signal);
        kill(pid, steps[i].signal);
        kill(pid, SIGCONT);
        if (db_process_wait(pid, steps[i].seconds))
            return;
    }
}

/* Runs in the child: another user, a clean environment, no descriptors or signals of ours. */
__attribute__((noreturn)) static void become_program(const struct db_place *p, pid_t parent,
                                                     int death_signal, int log, char *const *argv)
{
    char *environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
    sigset_t none;
    sigemptyset(&none);
    for (int signal_number = 1; signal_number < NSIG; ++signal_number)
        signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid(); /* a Ctrl-C is for us: the database goes last */
    umask(077);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0 || chdir("/") != 0)
        _exit(126);
    close_range(3, ~0U, 0);
    if (!db_place_become_user(p))
        _exit(126);
    /* After the change of user, which clears it. Then our own end may have come already. */
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent)
        _exit(126);
    execve(argv[0], argv, environment);
    _exit(127);
}

static int open_log(const struct db_place *p, struct err *err)
{
    char path[DB_PATH_MAX + 32], old[DB_PATH_MAX + 32];
    struct stat st;
    snprintf(path, sizeof(path), "%s/postgres.log", p->home);
    snprintf(old, sizeof(old), "%s/postgres.log.1", p->home);
    if (stat(path, &st) == 0 && st.st_size > LOG_BYTES_MAX)
        rename(path, old);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_system(err, path);
    return fd;
}

int db_process_start(const struct db_place *p, int death_signal, char *const *argv, pid_t *pid,
                     struct err *err)
{
    int log = open_log(p, err);
    if (log < 0)
        return log;
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become_program(p, parent, death_signal, log, argv);
    close(log);
    return *pid < 0 ? err_system(err, "fork") : 0;
}
