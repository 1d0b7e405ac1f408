#define _DEFAULT_SOURCE
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_ONCE, DEFERRED, INTERRUPTED };
static volatile sig_atomic_t interrupt_state = AT_ONCE, writing, interrupted_writing;

static void on_interrupt(int number)
{
    (void)number;
    if (interrupt_state == DEFERRED)
        interrupt_state = INTERRUPTED;
    else if (writing)
        interrupted_writing = 1;
    else
        _exit(NSCL_EXIT_INTERRUPTED);
}

void nscl_cli_interrupt_catch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

void nscl_cli_interrupt_defer(void)
{
    interrupt_state = DEFERRED;
}

int nscl_cli_interrupted(void)
{
    return interrupt_state == INTERRUPTED;
}

nscl_status nscl_cli_write(const nscl_picture *picture, const char *path, const nscl_picture_options *options, nscl_error *error)
{
    writing = 1;
    nscl_status status = nscl_picture_write(picture, path, options, error);
    writing = 0;
    if (interrupted_writing)
        _exit(NSCL_EXIT_INTERRUPTED);
    return status;
}

nscl_status nscl_cli_fail(nscl_error *error, nscl_status code, const char *format, ...)
{
    va_list arguments;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return code;
}

int nscl_cli_columns(FILE *stream)
{
    struct winsize window;
    const char *terminal = getenv("TERM");
    int descriptor = fileno(stream);
    if (!isatty(descriptor) || !terminal || !strcmp(terminal, "dumb"))
        return 0;
    if (ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
    return 80;
}

/* The folder of `path` in *folder, and the name within it. */
static const char *split_path(const char *path, struct stat *folder, int *found)
{
    const char *slash = strrchr(path, '/');
    char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    *found = name && stat(name, folder) == 0;
    free(name);
    return slash ? slash + 1 : path;
}

int nscl_cli_same_file(const char *a, const char *b)
{
    struct stat info_a, info_b;
    int found_a = stat(a, &info_a) == 0, found_b = stat(b, &info_b) == 0;
    if (found_a != found_b)
        return 0;
    if (found_a)
        return info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino;
    const char *name_a = split_path(a, &info_a, &found_a), *name_b = split_path(b, &info_b, &found_b);
    if (strcmp(name_a, name_b) != 0)
        return 0;
    return found_a && found_b ? info_a.st_dev == info_b.st_dev && info_a.st_ino == info_b.st_ino : !strcmp(a, b);
}

/* Can a file be made in the folder of `path`? */
static nscl_status check_folder(const char *option, const char *path, nscl_error *error)
{
    struct stat info;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    nscl_status status = NSCL_OK;
    if (!folder)
        status = nscl_cli_fail(error, NSCL_NO_MEMORY, "%s: no memory", option);
    else if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        status = nscl_cli_fail(error, NSCL_BAD_FILE, "%s: cannot write '%s': there is no folder '%s'; make it first", option, path, folder);
    else if (access(folder, W_OK | X_OK) != 0)
        status = nscl_cli_fail(error, NSCL_BAD_FILE, "%s: cannot write '%s': %s: '%s'", option, path, strerror(errno), folder);
    else if (slash && !slash[1])
        status = nscl_cli_fail(error, NSCL_BAD_FILE, "%s: '%s' is a folder; give the name of a file in it", option, path);
    free(folder);
    return status;
}

nscl_status nscl_cli_check_path(const char *option, const char *path, int overwrite, nscl_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return nscl_cli_fail(error, NSCL_BAD_FILE, "%s: '%s' is a folder; give the name of a file in it", option, path);
        if (S_ISREG(info.st_mode) && !overwrite)
            return nscl_cli_fail(error, NSCL_BAD_FILE, "%s: '%s' exists already; give another name, or --overwrite to replace it", option, path);
        if (access(path, W_OK) != 0)
            return nscl_cli_fail(error, NSCL_BAD_FILE, "%s: cannot write '%s': %s", option, path, strerror(errno));
        return NSCL_OK;
    }
    if (errno == ENAMETOOLONG)
        return nscl_cli_fail(error, NSCL_BAD_FILE, "%s: cannot write '%s': %s", option, path, strerror(errno));
    return check_folder(option, path, error);
}

nscl_status nscl_cli_check_replace(const char *option, const char *path, nscl_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return nscl_cli_fail(error, NSCL_BAD_FILE, "%s: '%s' is no file; give the name of one", option, path);
    return check_folder(option, path, error);
}

int nscl_cli_is_jpeg(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
}
