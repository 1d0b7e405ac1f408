/* Children of the studio: the same program run again, in a part that may crash, hang or be handed hostile bytes. A child is told
 * things on its standard input and answers in lines on its standard output; it ends when its input does. */
#ifndef STUDIO_PROCESS_H
#define STUDIO_PROCESS_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

typedef struct studio_child {
    pthread_mutex_t lock; /* of pid: a number that is not ours any more must not be killed */
    long pid;             /* 0: has ended */
    int to;               /* its standard input; -1: closed */
    FILE *from;           /* its standard output */
} studio_child;

/* Starts argv (NULL-ended, argv[0] a path). 0 if that failed; else studio_child_end must follow. */
int studio_child_start(studio_child *child, char *const *argv);
/* Sends a line, given without its end. 0 when the child is gone or has not listened for long. */
int studio_child_say(studio_child *child, const char *line);
/* Its next line without its end, cut to the buffer; 0 when there are no more. */
int studio_child_hear(studio_child *child, char *line, size_t size);
/* From any thread. */
void studio_child_kill(studio_child *child);
/* Closes both ends and waits for it. 1 when it ended with status 0; else *why says how it ended. */
int studio_child_end(studio_child *child, char *why, size_t why_size);

/* The child's side: the stream to answer on, which nothing else in the process writes to: drivers talk on standard output. */
FILE *studio_child_voice(void);
/* Limits this process: bytes of memory, of each file that it writes, seconds of computing and by the clock (0: none). Past one it ends. */
void studio_child_limit(uint64_t memory, uint64_t file, unsigned computing, unsigned clock);

/* Keeps the signals that end a process from every thread, for studio_signals_wait to wait for; called before there are any. */
void studio_signals_hold(void);
void studio_signals_wait(void);

/* Path of the running program and of its folder, malloc'ed; NULL without memory. */
char *studio_program(const char *argv0);
char *studio_folder_of(const char *path);

#endif
