#define _GNU_SOURCE /* SOCK_CLOEXEC, MSG_NOSIGNAL */
#include "os_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"

extern char **environ;

#ifndef MSG_NOSIGNAL /* macOS has an option of sockets instead */
#define MSG_NOSIGNAL 0
#endif

int nscl_child_start(nscl_child *child, char *const *arguments)
{
    char self[PATH_MAX];
    int ends[2];
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t usual; /* of signals; and a group of its own, which a terminal's Ctrl-C does not reach */
    sigset_t none;
    struct rlimit core = {0, 0}, before;
    *child = (nscl_child){0, -1};
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 0;
    self[n] = '\0';
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
    for (int i = 0; i < 2; i++)
        setsockopt(ends[i], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
    sigemptyset(&none);
    posix_spawnattr_init(&usual);
    posix_spawnattr_setsigmask(&usual, &none);
    posix_spawnattr_setpgroup(&usual, 0);
    posix_spawnattr_setflags(&usual, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], NSCL_CHILD_SOCKET);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO); /* whoever reads this process waits for nobody else */
    int limited = getrlimit(RLIMIT_CORE, &before) == 0;
    core.rlim_max = before.rlim_max;
    if (limited)
        setrlimit(RLIMIT_CORE, &core);
    int failed = posix_spawn(&pid, self, &actions, &usual, arguments, environ);
    if (limited)
        setrlimit(RLIMIT_CORE, &before);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&usual);
    close(ends[1]);
    if (failed) {
        close(ends[0]);
        return 0;
    }
    *child = (nscl_child){pid, ends[0]};
    return 1;
}

int nscl_socket_send(int socket, const void *bytes, size_t size)
{
    for (const char *p = bytes; size;) {
        ssize_t n = send(socket, p, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        p += n;
        size -= (size_t)n;
    }
    return 1;
}

int nscl_socket_receive(int socket, void *bytes, size_t size, double seconds)
{
    double end = nscl_seconds() + seconds;
    for (char *p = bytes; size;) {
        double left = end - nscl_seconds();
        struct pollfd ready = {socket, POLLIN, 0};
        int some = poll(&ready, 1, seconds < 0 ? -1 : left <= 0 ? 0 : left > 1e6 ? 1000000000 : (int)(1e3 * left) + 1);
        if (some < 0 && errno == EINTR)
            continue;
        if (some == 0)
            return -1;
        ssize_t n = some < 0 ? -1 : read(socket, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        p += n;
        size -= (size_t)n;
    }
    return 1;
}

int nscl_child_end(nscl_child *child, char *how, size_t size)
{
    int status = 0, known = 0;
    pid_t pid = (pid_t)child->pid, ended = 0;
    how[0] = '\0';
    if (!child->pid)
        return 0;
    /* What closed its end is about to end by itself, and how it does is worth knowing. */
    char rest;
    int closed = nscl_socket_receive(child->socket, &rest, 1, 0) == 0;
    close(child->socket);
    if (!closed)
        kill(pid, SIGKILL);
    while ((ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    known = ended == pid;
    if (known && WIFSIGNALED(status))
        snprintf(how, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (known)
        snprintf(how, size, "status %d", WEXITSTATUS(status));
    *child = (nscl_child){0, -1};
    return closed && known && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void nscl_alarm(unsigned seconds)
{
    alarm(seconds);
}
