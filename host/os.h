/* What POSIX does and C11 does not, in one file so that another system can follow: folders, whole files, atomic
 * replacement, time. */
#ifndef NSCL_OS_H
#define NSCL_OS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

/* Monotonic seconds. */
double nscl_seconds(void);

/* Reads a whole regular file into *out (malloc'ed, a NUL follows the *size bytes, not counted). A file over `limit`
 * bytes, a folder or an unreadable file is NSCL_BAD_FILE with a message that names it. */
nscl_status nscl_file_read(const char *path, size_t limit, unsigned char **out, size_t *size, nscl_error *error);

/* A file being written beside `path`, as `path`.saving, and renamed over it at the end: what was there stays until then. */
typedef struct nscl_file {
    FILE *stream;    /* NULL when not open */
    char *path;      /* final name */
    char *temporary; /* name while writing */
    unsigned rights; /* that it will have, as chmod() takes them */
    int keep;        /* set by who created it: what has come to be at `path` meanwhile is not replaced, and the commit fails */
} nscl_file;

/* Begins with nscl_file_sweep. */
nscl_status nscl_file_create(nscl_file *file, const char *path, nscl_error *error);
/* Flushes, syncs, renames, closes. On failure the temporary file is removed and what was there stays. */
nscl_status nscl_file_commit(nscl_file *file, nscl_error *error);
/* Closes and removes the temporary file. Does nothing after a commit, or on a zeroed struct. */
void nscl_file_abandon(nscl_file *file);
/* Removes what processes that were ended while they wrote `path` have left. Files of others, links, and what is still being written stay. */
void nscl_file_sweep(const char *path);

/* A file that grows over several runs. Opens `path` for adding to its end, made if need be, and keeps other processes from doing the
 * same until it is closed; *size is what it holds already. NULL, with the error filled, if that cannot be. */
FILE *nscl_part_open(const char *path, uint64_t *size, nscl_error *error);
/* Empties it. 0 if that failed. */
int nscl_part_clear(FILE *part);
/* Everything written is on the disk: 1, or 0 with errno set. */
int nscl_part_sync(FILE *part);
/* Lets writing past a limit on the size of files fail, rather than end the process. */
void nscl_file_limit_ignore(void);

/* 1 when something exists at `path`. */
int nscl_file_exists(const char *path);
/* 1 when that is a folder. */
int nscl_folder_exists(const char *path);
/* 1 when the system takes no name as long as that. */
int nscl_file_unnameable(const char *path);
/* 1 when `path`'s folder exists and a file can be created in it. */
int nscl_folder_writable(const char *path_of_file);

/* "$XDG_CACHE_HOME/nscl" or "~/.cache/nscl", made if `create`; kind 'c' cache, 'd' data ("$XDG_DATA_HOME/nscl" or
 * "~/.local/share/nscl"). malloc'ed; NULL when there is no home. */
char *nscl_user_folder(char kind, int create);

/* Makes the folder and those above it; what is wrong shows when it is used. */
void nscl_folder_make(const char *path);
/* The same for the folder that a file is in. */
void nscl_folder_make_for(const char *path_of_file);

/* Waits until no other process, and no other thread, holds the folder of a file, and holds it until the unlock: for files that are
 * read, changed and replaced. -1 where it cannot be; some systems lock nothing. */
int nscl_folder_lock(const char *path_of_file);
void nscl_folder_unlock(int lock);

/* Calls `each` with the name of every entry of the folder that does not begin with a dot, in no order. 0 where it cannot be read. */
int nscl_folder_each(const char *path, void (*each)(const char *name, void *user), void *user);
/* Removes the folder and the files in it; folders in it stay, and so does it then. */
void nscl_folder_remove(const char *path);

/* Size and time of the last change (seconds since 1970) of a regular file, either of which may be NULL: 1, or 0 where there is none. */
int nscl_file_facts(const char *path, uint64_t *size, double *changed);

/* Bytes that nobody can guess: 1, or 0 where the system has none. */
int nscl_random(void *bytes, size_t size);

/* 1 when the stream is a terminal that a line can be written over. */
int nscl_terminal(FILE *stream);

/* a/b as a new malloc'ed string. */
char *nscl_path_join(const char *folder, const char *name);

#endif
