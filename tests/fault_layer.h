/* A layer between the program and OpenCL that makes calls fail, hang or compute wrongly, and counts them. What is linked with it calls it in
 * place of the loader, libraries such as CLBlast included; it hands each call on unless the fault says otherwise.
 *
 * A fault is text, in NSCL_FAULT in the environment or given to fault_set:
 *     KIND[/KERNEL]:N[-M|+|!]:WHAT     e.g. run:17:-5, build/winograd_conv:1+:-11, run:40!:-36, read:3:nan
 * KIND is one of fault_kinds; `compile` is a build in a child process (compiler.h), where no other kind counts. With a KERNEL only calls count
 * that are for a kernel of that name, or build a program that has it. The fault meets the N-th call, counted from 1; with -M all up to the M-th;
 * with + every one from there on; with ! every one until a context is made anew: a device that is lost.
 * memory:N:CODE refuses buffers while those made since the fault was set would hold more than N bytes together.
 * WHAT is the code that is returned, or `nan` (a read brings NaN; what a kernel wrote to its first argument becomes NaN), `twice` (twice the
 * numbers, in the same way), `hang` (never returns) or `crash` (the process ends). `count`, in place of all this, prints the calls at the end. */
#ifndef FAULT_LAYER_H
#define FAULT_LAYER_H

typedef enum fault_kind {
    FAULT_CONTEXT,
    FAULT_QUEUE,
    FAULT_BUFFER,
    FAULT_PART,
    FAULT_PROGRAM,
    FAULT_BUILD,
    FAULT_COMPILE,
    FAULT_KERNEL,
    FAULT_ARG,
    FAULT_RUN,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_FILL,
    FAULT_COPY,
    FAULT_FINISH,
    FAULT_MEMORY,
    FAULT_KINDS
} fault_kind;

extern const char *const fault_kinds[FAULT_KINDS];

/* Sets the fault, NULL for none, and begins to count anew. 0 where the text is none. */
int fault_set(const char *text);
/* Calls of a kind since then, of any kernel. */
long fault_calls(fault_kind kind);
/* How many of them failed, or were made wrong. */
long fault_hits(void);
/* Bytes of buffers made since then that were held at once, at most. */
long fault_memory(void);
/* Contexts, queues and buffers made and not given back since the process began. */
long fault_alive(void);

#endif
