/* Compiling in a child process: a driver's compiler that crashes, or does not come to an end, costs the program at hand and not the
 * picture. The child is this program again (nscl_compiler_main), opens the same device, and builds what it is sent; it ends
 * when nothing was asked for a while, so that it holds no device memory while a picture is painted. */
#ifndef NSCL_COMPILER_H
#define NSCL_COMPILER_H

#include "context.h"

#define NSCL_TRIAL_ASKED "--nscl-trial" /* first argument of the other child (trial.h) */

typedef enum nscl_compiled {
    NSCL_COMPILED,      /* *binary holds the program where the device has binaries worth keeping */
    NSCL_COMPILE_ERROR, /* *code and the log say why */
    NSCL_COMPILER_LOST, /* it crashed or took too long: the context's error says so */
    NSCL_COMPILER_NONE  /* there can be no child: compile here */
} nscl_compiled;

enum { NSCL_CL_COMPILER_CRASHED = -3001, NSCL_CL_COMPILER_SLOW = -3002 }; /* beside OpenCL's codes and CLBlast's */

/* Builds `source` with `options` for the context's device; `name` is for messages. `log` is the compiler's where it refuses. The
 * caller frees *binary. */
nscl_compiled nscl_compile(nscl_context *ctx, const char *name, const char *source, const char *options, unsigned char **binary, size_t *size, cl_int *code,
                           char *log, size_t log_size);

/* Seconds that a program may take there (NSCL_COMPILER); 0: nothing is done in a child. */
unsigned nscl_compiler_limit(void);

/* A child that has said that it is ready, started where there is none: this program with the arguments `asked`, its device and folder of
 * kernels. 0 where there is none to be had; then compile_apart ends. */
int nscl_child_ready(nscl_context *ctx, nscl_child *child, const char *asked);

/* The code of the context's error, where it is that of a lost compiler; else 0. */
cl_int nscl_compiler_lost(const nscl_context *ctx);

/* Ends the child, if there is one. */
void nscl_compiler_close(nscl_context *ctx);

/* The program that OpenCL makes of a source, in this process; NULL with the code and the compiler's log where it refuses. */
cl_program nscl_build(cl_context cl, cl_device_id device, const char *source, const char *options, cl_int *code, char *log, size_t log_size);

/* A program's binary, malloc'ed; NULL where the driver gives none. */
unsigned char *nscl_binary(cl_program program, size_t *size);

#endif
