#define _POSIX_C_SOURCE 200809L
#include "compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os_child.h"
#include "trial.h"

#define ASKED "--nscl-compiler" /* the child's first argument */

enum { LIMIT = 300, IDLE = 2, MOST_SOURCE = 4 << 20, MOST_BINARY = 256 << 20 };

typedef struct question {
    uint32_t options, source; /* bytes that follow */
    uint32_t wants_binary, limit;
} question;

typedef struct answer {
    int32_t code;
    uint32_t log;
    uint64_t binary;
} answer;

unsigned nscl_compiler_limit(void)
{
    const char *wanted = getenv("NSCL_COMPILER");
    int n = wanted && strcmp(wanted, "off") != 0 ? atoi(wanted) : 0;
    return !wanted ? LIMIT : n > 0 ? (unsigned)n : 0;
}

cl_program nscl_build(cl_context cl, cl_device_id device, const char *source, const char *options, cl_int *code, char *log, size_t log_size)
{
    size_t n = 0;
    char *all = NULL;
    log[0] = '\0';
    cl_program program = clCreateProgramWithSource(cl, 1, &source, NULL, code);
    if (!program)
        return NULL;
    *code = clBuildProgram(program, 1, &device, options, NULL, NULL);
    if (*code == CL_SUCCESS)
        return program;
    if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &n) == CL_SUCCESS && n && (all = calloc(1, n + 1))) {
        clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, n, all, NULL);
        snprintf(log, log_size, "%s", all);
    }
    free(all);
    clReleaseProgram(program);
    return NULL;
}

unsigned char *nscl_binary(cl_program program, size_t *size)
{
    unsigned char *bytes = NULL;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof *size, size, NULL) != CL_SUCCESS || !*size || *size > MOST_BINARY ||
        !(bytes = malloc(*size)) || clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) != CL_SUCCESS) {
        free(bytes);
        bytes = NULL;
        *size = 0;
    }
    return bytes;
}

/* ---- The child ---- */

typedef struct server {
    cl_context cl;
    cl_device_id device;
} server;

/* The device that is asked for, by its place in the list. */
static int open_device(server *s, const char *selector)
{
    nscl_device_facts *devices = NULL;
    size_t count = 0;
    nscl_error error = {NSCL_OK, ""};
    cl_int code = CL_SUCCESS;
    if (nscl_devices_find(&devices, &count, &error) != NSCL_OK)
        return 0;
    int chosen = nscl_device_choose(devices, count, selector, &error);
    if (chosen >= 0) {
        s->device = devices[chosen].device;
        s->cl = clCreateContext(NULL, 1, &s->device, NULL, NULL, &code);
    }
    nscl_devices_free(devices, count);
    return s->cl != NULL && code == CL_SUCCESS;
}

/* Builds one program and sends what became of it: 1, or 0 where nobody listens. */
static int build(const server *s, const question *q, const char *options, const char *source)
{
    char log[600];
    cl_int code = CL_SUCCESS;
    size_t size = 0;
    cl_program program = nscl_build(s->cl, s->device, source, options, &code, log, sizeof log);
    unsigned char *binary = program && q->wants_binary ? nscl_binary(program, &size) : NULL;
    answer a = {code, (uint32_t)strlen(log), size};
    if (program)
        clReleaseProgram(program);
    int sent = nscl_socket_send(NSCL_CHILD_SOCKET, &a, sizeof a) && nscl_socket_send(NSCL_CHILD_SOCKET, log, a.log) &&
               nscl_socket_send(NSCL_CHILD_SOCKET, binary, size);
    free(binary);
    return sent;
}

/* Takes one question and answers it: 1, or 0 at the end. */
static int serve(const server *s)
{
    question q;
    int more = 0;
    if (nscl_socket_receive(NSCL_CHILD_SOCKET, &q, sizeof q, IDLE) != 1 || q.options > MOST_SOURCE || q.source > MOST_SOURCE)
        return 0;
    char *options = calloc(1, (size_t)q.options + 1), *source = calloc(1, (size_t)q.source + 1);
    if (options && source && nscl_socket_receive(NSCL_CHILD_SOCKET, options, q.options, -1) == 1 &&
        nscl_socket_receive(NSCL_CHILD_SOCKET, source, q.source, -1) == 1) {
        nscl_alarm(q.limit + 10); /* where the parent was killed meanwhile */
        more = build(s, &q, options, source);
        nscl_alarm(0);
    }
    free(options);
    free(source);
    return more;
}

int nscl_compiler_main(int argc, char **argv)
{
    server s = {NULL, NULL};
    const char ready = 1;
    if (argc == 4 && strcmp(argv[1], NSCL_TRIAL_ASKED) == 0)
        return nscl_trial_main(argv[2], argv[3]);
    if (argc != 4 || strcmp(argv[1], ASKED) != 0)
        return -1;
    if (!open_device(&s, argv[2]) || !nscl_socket_send(NSCL_CHILD_SOCKET, &ready, 1))
        return 1;
    while (serve(&s))
        ;
    clReleaseContext(s.cl);
    return 0;
}

/* ---- The parent ---- */

int nscl_child_ready(nscl_context *ctx, nscl_child *child, const char *asked)
{
    char device[32], how[64], ready;
    const nscl_device_info *d = &ctx->facts.info;
    char *arguments[] = {(char[]){"nscl-child"}, (char *)(size_t)asked, device, ctx->kernel_dir ? ctx->kernel_dir : (char[]){""}, NULL};
    if (child->pid)
        return 1;
    snprintf(device, sizeof device, "%d:%d", d->platform, d->device);
    if (nscl_child_start(child, arguments) && nscl_socket_receive(child->socket, &ready, 1, nscl_compiler_limit()) == 1)
        return 1;
    nscl_child_end(child, how, sizeof how);
    nscl_log(ctx, NSCL_LOG_INFO, "no child process for what a driver may fail at%s%s: it is done in this one", how[0] ? ", it ended with " : "", how);
    ctx->compile_apart = 0;
    return 0;
}

/* 1 with the answer's bytes; 0 where the child is gone, -1 where time is over. The caller frees *bytes. */
static int ask(nscl_context *ctx, const question *q, const char *options, const char *source, answer *a, unsigned char **bytes)
{
    int socket = ctx->compiler.socket;
    if (!nscl_socket_send(socket, q, sizeof *q) || !nscl_socket_send(socket, options, q->options) || !nscl_socket_send(socket, source, q->source))
        return 0;
    int came = nscl_socket_receive(socket, a, sizeof *a, q->limit);
    if (came != 1)
        return came;
    if (a->log > MOST_SOURCE || a->binary > MOST_BINARY || !(*bytes = calloc(1, (size_t)a->log + (size_t)a->binary + 1)))
        return 0;
    return nscl_socket_receive(socket, *bytes, (size_t)a->log + (size_t)a->binary, q->limit);
}

nscl_compiled nscl_compile(nscl_context *ctx, const char *name, const char *source, const char *options, unsigned char **binary, size_t *size, cl_int *code,
                           char *log, size_t log_size)
{
    char how[64] = "";
    unsigned char *bytes = NULL;
    answer a = {0};
    question q = {(uint32_t)strlen(options), (uint32_t)strlen(source), !(ctx->facts.quirks & NSCL_QUIRK_NO_BINARIES), nscl_compiler_limit()};
    *binary = NULL;
    *size = 0;
    if (!ctx->compile_apart || !q.limit)
        return NSCL_COMPILER_NONE;
    for (int once = 0;; once++) {
        if (!nscl_child_ready(ctx, &ctx->compiler, ASKED))
            return NSCL_COMPILER_NONE;
        int came = ask(ctx, &q, options, source, &a, &bytes);
        if (came == 1)
            break;
        free(bytes);
        bytes = NULL;
        if (nscl_child_end(&ctx->compiler, how, sizeof how) && !once)
            continue; /* it had just gone for want of work */
        nscl_log(ctx, NSCL_LOG_INFO, "compiling %s: the child process ended with %s", name, how);
        if (came < 0)
            nscl_fail_cl(ctx, NSCL_CL_COMPILER_SLOW, "cannot compile %s (%s) on %s within %u s", name, options, ctx->facts.info.name, q.limit);
        else
            nscl_fail_cl(ctx, NSCL_CL_COMPILER_CRASHED, "cannot compile %s (%s) on %s: %s", name, options, ctx->facts.info.name, how);
        return NSCL_COMPILER_LOST;
    }
    *code = a.code;
    snprintf(log, log_size, "%.*s", (int)a.log, (const char *)bytes);
    if (a.code == CL_SUCCESS && a.binary) {
        memmove(bytes, bytes + a.log, (size_t)a.binary);
        *binary = bytes;
        *size = (size_t)a.binary;
        bytes = NULL;
    }
    free(bytes);
    return a.code == CL_SUCCESS ? NSCL_COMPILED : NSCL_COMPILE_ERROR;
}

cl_int nscl_compiler_lost(const nscl_context *ctx)
{
    int lost = ctx->error.code != NSCL_OK && (ctx->failed_code == NSCL_CL_COMPILER_CRASHED || ctx->failed_code == NSCL_CL_COMPILER_SLOW);
    return lost ? ctx->failed_code : 0;
}

void nscl_compiler_close(nscl_context *ctx)
{
    char how[64];
    nscl_child_end(&ctx->compiler, how, sizeof how);
}
