/* What the parts of the command share: its exit codes, its errors, and what POSIX knows of terminals, files and
 * signals. The command reaches the library through nscl.h alone, so nothing here is the library's. */
#ifndef NSCL_CLI_H
#define NSCL_CLI_H

#include <stdio.h>

#include "nscl.h"

enum { NSCL_EXIT_DONE = 0, NSCL_EXIT_FAILED = 1, NSCL_EXIT_USAGE = 2, NSCL_EXIT_HUNG = 3, NSCL_EXIT_INTERRUPTED = 130 };

#if defined(__GNUC__)
#define NSCL_CLI_PRINTF(a, b) __attribute__((format(printf, a, b)))
#else
#define NSCL_CLI_PRINTF(a, b)
#endif

/* Fills `error`, replacing what it held, and returns `code`. */
nscl_status nscl_cli_fail(nscl_error *error, nscl_status code, const char *format, ...) NSCL_CLI_PRINTF(3, 4);

/* Columns of the terminal that `stream` writes to; 0 when it is none, or one that cannot redraw a line. */
int nscl_cli_columns(FILE *stream);

/* 1 when both names lead to one file, or would once it is made. */
int nscl_cli_same_file(const char *a, const char *b);

/* Can a text file be written at `path`? Its folder must be writable; a file that is there needs `overwrite`. Devices
 * and pipes are taken as they are. Changes nothing on disk. `option` is named in messages. */
nscl_status nscl_cli_check_path(const char *option, const char *path, int overwrite, nscl_error *error);
/* Can what is at `path` be replaced by a file that is made beside it? Only a regular file can, and nothing. */
nscl_status nscl_cli_check_replace(const char *option, const char *path, nscl_error *error);

/* 1 when the name ends in .jpg or .jpeg, in any case. */
int nscl_cli_is_jpeg(const char *path);

/* Ctrl-C. From `catch` on it ends the command at once with NSCL_EXIT_INTERRUPTED. From `defer` on the first only sets
 * what `interrupted` returns, and a second ends the command at once. A file that is being written is finished first, so
 * that no half of it is left. */
void nscl_cli_interrupt_catch(void);
void nscl_cli_interrupt_defer(void);
int nscl_cli_interrupted(void);

/* nscl_picture_write, which Ctrl-C waits for. */
nscl_status nscl_cli_write(const nscl_picture *picture, const char *path, const nscl_picture_options *options, nscl_error *error);

#endif
