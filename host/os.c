#define _POSIX_C_SOURCE 200809L
#include "os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

double nscl_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

char *nscl_path_join(const char *folder, const char *name)
{
    size_t n = strlen(folder), size = n + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
    return path;
}

nscl_status nscl_file_read(const char *path, size_t limit, unsigned char **out, size_t *size, nscl_error *error)
{
    struct stat info;
    unsigned char *bytes = NULL;
    nscl_status status = NSCL_OK;
    *out = NULL;
    *size = 0;
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return nscl_fail(error, NSCL_BAD_FILE, "cannot open '%s': %s", path, strerror(errno));
    if (fstat(fileno(stream), &info) != 0 || !S_ISREG(info.st_mode)) {
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot read '%s': it is not a regular file", path);
        goto done;
    }
    if ((unsigned long long)info.st_size > limit) {
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot read '%s': its %llu bytes are more than the %llu allowed here", path, (unsigned long long)info.st_size,
                           (unsigned long long)limit);
        goto done;
    }
    size_t n = (size_t)info.st_size;
    bytes = malloc(n + 1);
    if (!bytes) {
        status = nscl_fail(error, NSCL_NO_MEMORY, "no memory for the %llu bytes of '%s'", (unsigned long long)n, path);
        goto done;
    }
    if (fread(bytes, 1, n, stream) != n) {
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot read '%s': %s", path, ferror(stream) ? strerror(errno) : "it became shorter while being read");
        goto done;
    }
    bytes[n] = '\0';
    *out = bytes;
    *size = n;
    bytes = NULL;
done:
    free(bytes);
    fclose(stream);
    return status;
}

/* Whether the open file is the one of that name. */
static int is_at(int descriptor, const char *name, struct stat *info)
{
    struct stat there;
    return fstat(descriptor, info) == 0 && lstat(name, &there) == 0 && info->st_ino == there.st_ino && info->st_dev == there.st_dev;
}

/* The names that a file has while it is written, one for each process that writes it at a time. It is locked, and until it is whole it has rights
 * that no other file has: what has these and no lock was left by a process that is no more. */
enum { MOST_WRITERS = 32, MOST_NAME = 255, WRITING = S_IWUSR };

/* Of a name that is as long as names may be, the end goes, at the beginning of a character of UTF-8. */
static void name_temporary(char *name, size_t size, const char *path, int writer)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - path) : 0, length = strlen(path), most = folder + MOST_NAME - strlen(".saving-31");
    if (length > most)
        for (length = most; length > folder && ((unsigned char)path[length] & 0xC0) == 0x80;)
            length--;
    snprintf(name, size, writer ? "%.*s.saving-%d" : "%.*s.saving", (int)length, path, writer);
}

static void remove_left(const char *name)
{
    struct stat info;
    int left = open(name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    /* Locked first: whose it is now it stays. */
    if (left >= 0 && flock(left, LOCK_EX | LOCK_NB) == 0 && is_at(left, name, &info) && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        (info.st_mode & 07777) == WRITING)
        unlink(name);
    if (left >= 0)
        close(left);
}

void nscl_file_sweep(const char *path)
{
    struct stat info;
    size_t size = strlen(path) + 16;
    char *name = malloc(size);
    for (int i = 0; name && i < MOST_WRITERS; i++) {
        name_temporary(name, size, path, i);
        if (lstat(name, &info) == 0)
            remove_left(name);
    }
    free(name);
}

/* Makes and locks it. -1, with errno EEXIST where the name is taken. *rights: what the system gives a new file, which to ask by umask() would
 * change for a moment for all threads. */
static int open_temporary(const char *name, unsigned *rights)
{
    struct stat info;
    int made = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (made < 0)
        return -1;
    int busy = flock(made, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; /* some systems lock nothing */
    if (!busy && is_at(made, name, &info)) {
        *rights = info.st_mode & 0777;
        (void)!fchmod(made, WRITING); /* some file systems know no rights */
        return made;
    }
    close(made); /* another process took it for one that was left, in between, and has removed it */
    errno = EEXIST;
    return -1;
}

nscl_status nscl_file_create(nscl_file *file, const char *path, nscl_error *error)
{
    memset(file, 0, sizeof *file);
    size_t size = strlen(path) + 16;
    file->path = strdup(path);
    file->temporary = malloc(size);
    if (!file->path || !file->temporary) {
        nscl_file_abandon(file);
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory to write '%s'", path);
    }
    nscl_file_sweep(path);
    int descriptor = -1;
    for (int i = 0; descriptor < 0 && i < MOST_WRITERS; i++) {
        name_temporary(file->temporary, size, path, i);
        descriptor = open_temporary(file->temporary, &file->rights);
        if (descriptor < 0 && errno != EEXIST)
            break;
    }
    if (descriptor >= 0) {
        file->stream = fdopen(descriptor, "wb");
        if (file->stream)
            return NSCL_OK;
        remove(file->temporary);
        close(descriptor);
    }
    nscl_status status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': %s", path, strerror(errno));
    free(file->temporary);
    file->temporary = NULL;
    nscl_file_abandon(file);
    return status;
}

/* A rename that replaces nothing but a link to nowhere. On file systems that know no second name for a file something may come in between. */
static int rename_to_free(const char *from, const char *to)
{
    if (link(from, to) == 0)
        return remove(from);
    if (!nscl_file_exists(to))
        return rename(from, to);
    errno = EEXIST;
    return -1;
}

nscl_status nscl_file_commit(nscl_file *file, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    int bad = ferror(file->stream) || fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0;
    /* Renamed while it is locked. */
    if (!bad) {
        (void)!fchmod(fileno(file->stream), file->rights);
        bad = (file->keep ? rename_to_free(file->temporary, file->path) : rename(file->temporary, file->path)) != 0;
    }
    if (bad)
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': %s; what was there before is untouched", file->path, strerror(errno));
    else {
        free(file->temporary);
        file->temporary = NULL;
    }
    nscl_file_abandon(file);
    return status;
}

void nscl_file_abandon(nscl_file *file)
{
    if (file->temporary)
        remove(file->temporary);
    if (file->stream)
        fclose(file->stream);
    free(file->temporary);
    free(file->path);
    memset(file, 0, sizeof *file);
}

FILE *nscl_part_open(const char *path, uint64_t *size, nscl_error *error)
{
    struct stat mine, there;
    FILE *part = fopen(path, "ab");
    *size = 0;
    if (!part) {
        nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': %s", path, strerror(errno));
        return NULL;
    }
    fcntl(fileno(part), F_SETFD, FD_CLOEXEC);                                       /* a child that outlives this process would keep the lock */
    int busy = flock(fileno(part), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; /* some systems lock nothing */
    /* Who had it before may have renamed it since it was opened here. */
    if (busy || fstat(fileno(part), &mine) != 0 || stat(path, &there) != 0 || mine.st_ino != there.st_ino || mine.st_dev != there.st_dev ||
        !S_ISREG(mine.st_mode)) {
        nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': another process is at work on it; wait for it", path);
        fclose(part);
        return NULL;
    }
    *size = (uint64_t)mine.st_size;
    return part;
}

int nscl_part_clear(FILE *part)
{
    return fflush(part) == 0 && ftruncate(fileno(part), 0) == 0;
}

int nscl_part_sync(FILE *part)
{
    return fflush(part) == 0 && fsync(fileno(part)) == 0;
}

void nscl_file_limit_ignore(void)
{
    struct sigaction ignore = {0};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &ignore, NULL);
}

int nscl_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

int nscl_folder_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int nscl_file_unnameable(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 && errno == ENAMETOOLONG;
}

/* malloc'ed. */
static char *folder_of(const char *path_of_file)
{
    const char *slash = strrchr(path_of_file, '/');
    return slash ? strndup(path_of_file, (size_t)(slash - path_of_file) + 1) : strdup(".");
}

int nscl_folder_writable(const char *path_of_file)
{
    char *folder = folder_of(path_of_file);
    struct stat info;
    int ok = folder && stat(folder, &info) == 0 && S_ISDIR(info.st_mode) && access(folder, W_OK | X_OK) == 0;
    free(folder);
    return ok;
}

void nscl_folder_make(const char *path)
{
    char *copy = strdup(path);
    for (char *p = copy ? copy + 1 : NULL; p && *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(copy, 0777);
            *p = '/';
        }
    mkdir(path, 0777);
    free(copy);
}

int nscl_folder_lock(const char *path_of_file)
{
    char *folder = folder_of(path_of_file);
    int lock = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(folder);
    while (lock >= 0 && flock(lock, LOCK_EX) != 0)
        if (errno != EINTR) {
            close(lock);
            lock = -1;
        }
    return lock;
}

void nscl_folder_unlock(int lock)
{
    if (lock < 0)
        return;
    flock(lock, LOCK_UN); /* a child that was begun meanwhile has it open too */
    close(lock);
}

int nscl_folder_each(const char *path, void (*each)(const char *name, void *user), void *user)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    if (!folder)
        return 0;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            each(entry->d_name, user);
    closedir(folder);
    return 1;
}

static void remove_from(const char *name, void *folder)
{
    char *path = nscl_path_join(folder, name);
    if (path)
        unlink(path);
    free(path);
}

void nscl_folder_remove(const char *path)
{
    nscl_folder_each(path, remove_from, (void *)(size_t)path);
    rmdir(path);
}

int nscl_file_facts(const char *path, uint64_t *size, double *changed)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    if (size)
        *size = (uint64_t)info.st_size;
    if (changed)
        *changed = (double)info.st_mtime;
    return 1;
}

int nscl_random(void *bytes, size_t size)
{
    FILE *source = fopen("/dev/urandom", "rb");
    int all = source && fread(bytes, 1, size, source) == size;
    if (source)
        fclose(source);
    return all;
}

void nscl_folder_make_for(const char *path_of_file)
{
    char *folder = strdup(path_of_file), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash && slash != folder) {
        *slash = '\0';
        nscl_folder_make(folder);
    }
    free(folder);
}

char *nscl_user_folder(char kind, int create)
{
    const char *base = getenv(kind == 'c' ? "XDG_CACHE_HOME" : "XDG_DATA_HOME");
    char *parent = NULL;
    if (base && base[0] == '/')
        parent = strdup(base);
    else if (getenv("HOME") && getenv("HOME")[0])
        parent = nscl_path_join(getenv("HOME"), kind == 'c' ? ".cache" : ".local/share");
    char *folder = parent ? nscl_path_join(parent, "nscl") : NULL;
    free(parent);
    if (folder && create)
        nscl_folder_make(folder);
    return folder;
}

int nscl_terminal(FILE *stream)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(stream)) && kind && strcmp(kind, "dumb") != 0;
}
