/* With os.c the other file of POSIX calls: pipes, children and their limits, which no other command needs like this. */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700
#include "studio_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A child started between another's pipe() and its fcntl() would hold that pipe's ends open. */
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

/* Ends that children do not inherit. */
static int private_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return 0;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 1;
}

static void close_both(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

static int spawn(pid_t *pid, char *const *argv, int in, int out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t usual; /* of signals, which the server itself treats otherwise */
    sigset_t none, pipe_only;
    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawnattr_init(&usual);
    posix_spawnattr_setsigmask(&usual, &none);
    posix_spawnattr_setsigdefault(&usual, &pipe_only);
    posix_spawnattr_setflags(&usual, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int failed = posix_spawn(pid, argv[0], &actions, &usual, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&usual);
    return !failed;
}

int studio_child_start(studio_child *child, char *const *argv)
{
    int in[2], out[2];
    pid_t pid = 0;
    *child = (studio_child){.to = -1};
    pthread_mutex_lock(&starting);
    if (private_pipe(in)) {
        if (private_pipe(out)) {
            child->from = fdopen(out[0], "r");
            fcntl(in[1], F_SETFL, O_NONBLOCK); /* who tells a child that hangs must not hang with it */
            if (child->from && spawn(&pid, argv, in[0], out[1])) {
                child->pid = pid;
                child->to = in[1];
                close(in[0]);
                close(out[1]);
            } else if (child->from) {
                fclose(child->from);
                close(out[1]);
            } else
                close_both(out);
        }
        if (!child->pid)
            close_both(in);
    }
    pthread_mutex_unlock(&starting);
    if (child->pid)
        pthread_mutex_init(&child->lock, NULL);
    return child->pid != 0;
}

int studio_child_say(studio_child *child, const char *line)
{
    char text[4096];
    size_t size = strlen(line), done = 0;
    char *all = size + 2 <= sizeof text ? text : malloc(size + 2);
    if (!all)
        return 0;
    memcpy(all, line, size);
    all[size++] = '\n';
    while (done < size) {
        ssize_t n = write(child->to, all + done, size - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (all != text)
        free(all);
    return done == size;
}

int studio_child_hear(studio_child *child, char *line, size_t size)
{
    size_t used = 0;
    int c;
    while ((c = getc(child->from)) != EOF && c != '\n')
        if (used + 1 < size)
            line[used++] = (char)c;
    line[used] = '\0';
    return c != EOF || used;
}

void studio_child_kill(studio_child *child)
{
    pthread_mutex_lock(&child->lock);
    if (child->pid)
        kill((pid_t)child->pid, SIGKILL);
    pthread_mutex_unlock(&child->lock);
}

int studio_child_end(studio_child *child, char *why, size_t why_size)
{
    siginfo_t info;
    int status = 0;
    close(child->to);
    fclose(child->from);
    while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ; /* it may be killed still */
    pthread_mutex_lock(&child->lock);
    while (waitpid((pid_t)child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    pthread_mutex_unlock(&child->lock);
    pthread_mutex_destroy(&child->lock);
    why[0] = '\0';
    if (WIFSIGNALED(status))
        snprintf(why, why_size, "the process was ended (%s)", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        snprintf(why, why_size, "the process ended with status %d", WEXITSTATUS(status));
    return !why[0];
}

FILE *studio_child_voice(void)
{
    int own = dup(STDOUT_FILENO);
    struct sigaction ignore = {0};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, NULL); /* Ctrl-C reaches children too; what becomes of them is the server's matter */
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return own >= 0 ? fdopen(own, "w") : NULL;
}

static void limit(int what, uint64_t most)
{
    struct rlimit both;
    if (!most || getrlimit(what, &both) != 0)
        return;
    both.rlim_cur = both.rlim_max == RLIM_INFINITY || most < both.rlim_max ? (rlim_t)most : both.rlim_max;
    both.rlim_max = both.rlim_cur;
    setrlimit(what, &both);
}

void studio_child_limit(uint64_t memory, uint64_t file, unsigned computing, unsigned clock)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* which reserve terabytes */
    (void)memory;
#else
    limit(RLIMIT_AS, memory);
#endif
    limit(RLIMIT_FSIZE, file);
    limit(RLIMIT_CPU, computing);
    limit(RLIMIT_CORE, 1);
    alarm(clock);
}

/* ---- The server's own process ---- */

static void ending_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void studio_signals_hold(void)
{
    struct sigaction ignore = {0};
    sigset_t ending;
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, NULL);
    ending_signals(&ending);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
}

void studio_signals_wait(void)
{
    sigset_t ending;
    int which;
    ending_signals(&ending);
    sigwait(&ending, &which);
}

/* Where $PATH has it. */
static char *on_path(const char *name)
{
    const char *path = getenv("PATH");
    char *found = NULL;
    while (path && *path && !found) {
        size_t n = strcspn(path, ":"), size = n + strlen(name) + 2;
        char *one = malloc(size);
        if (!one)
            return NULL;
        snprintf(one, size, "%.*s/%s", (int)n, path, name);
        if (access(one, X_OK) == 0)
            found = realpath(one, NULL);
        free(one);
        path += n + (path[n] == ':');
    }
    return found;
}

char *studio_program(const char *argv0)
{
    char *path = realpath("/proc/self/exe", NULL);
    if (!path)
        path = strchr(argv0, '/') ? realpath(argv0, NULL) : on_path(argv0);
    return path ? path : strdup(argv0);
}

char *studio_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
}
