/* With os.h the other place for what POSIX does: a child process that runs this very program again, and messages to and from it. */
#ifndef NSCL_OS_CHILD_H
#define NSCL_OS_CHILD_H

#include <stddef.h>

typedef struct nscl_child {
    long pid;   /* 0: none */
    int socket; /* to and from it */
} nscl_child;

enum { NSCL_CHILD_SOCKET = 0 }; /* the child's own end: a descriptor */

/* Runs the program that this process is, with these arguments (NULL-ended, the first is its name). It is not interrupted with this
 * process, and leaves no core file. 1, or 0 where this system cannot. */
int nscl_child_start(nscl_child *child, char *const *arguments);

/* All the bytes: 1, or 0 where the other end is closed. */
int nscl_socket_send(int socket, const void *bytes, size_t size);
/* 1; 0 where the other end is closed; -1 where they did not come within so many seconds (below 0: however long). */
int nscl_socket_receive(int socket, void *bytes, size_t size, double seconds);

/* Kills it where it still runs, and waits for its end. 1 where it had ended by itself, with status 0. Otherwise `how` is told:
 * "signal 11 (Segmentation fault)" or "status 1". */
int nscl_child_end(nscl_child *child, char *how, size_t size);

/* Ends this process by SIGALRM after so many seconds; 0: never mind. */
void nscl_alarm(unsigned seconds);

#endif
