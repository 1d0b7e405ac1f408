#define _POSIX_C_SOURCE 200809L
#include "measure_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"

extern char **environ;

enum { MOST_OUTPUT = 1 << 16 };

/* Its pid, and the end to read from; 0 where it cannot be started. */
static pid_t start(char **argv, int *from)
{
    int ends[2];
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0)
        return 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *from = ends[0];
    if (!failed)
        return child;
    close(ends[0]);
    return 0;
}

/* Reads until the child closes its end. Returns 0 when the time was up before. */
static int read_all(int from, char *text, double seconds)
{
    double begin = nscl_seconds();
    size_t used = 0;
    for (;;) {
        char rest[512];
        double left = begin + seconds - nscl_seconds();
        struct pollfd ready = {from, POLLIN, 0};
        int some = seconds > 0 && left <= 0 ? 0 : poll(&ready, 1, seconds > 0 ? (int)(1e3 * left) + 1 : -1);
        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return 0;
        ssize_t n = used + 1 < MOST_OUTPUT ? read(from, text + used, MOST_OUTPUT - 1 - used) : read(from, rest, sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 1;
        if (used + 1 < MOST_OUTPUT)
            used += (size_t)n;
    }
}

char *measure_child(char **argv, double seconds, char *why, size_t why_size)
{
    int from = -1, status = 0;
    char *text = calloc(1, MOST_OUTPUT);
    pid_t child = text ? start(argv, &from) : 0;
    if (!child) {
        snprintf(why, why_size, "'%s' cannot be run", argv[0]);
        free(text);
        return NULL;
    }
    why[0] = '\0';
    if (!read_all(from, text, seconds)) {
        kill(child, SIGKILL);
        snprintf(why, why_size, "no answer within %.0f s", seconds);
    }
    close(from);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!why[0] && WIFSIGNALED(status))
        snprintf(why, why_size, "the driver ended the process (%s)", strsignal(WTERMSIG(status)));
    else if (!why[0] && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        snprintf(why, why_size, "the process ended with status %d", WEXITSTATUS(status));
    return text;
}
