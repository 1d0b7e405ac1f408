#define _GNU_SOURCE /* RTLD_NEXT */
#include "fault_layer.h"

#include <CL/cl.h>
#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const fault_kinds[FAULT_KINDS] = {"context", "queue", "buffer", "part",  "program", "build", "compile", "kernel",
                                              "arg",     "run",   "read",   "write", "fill",    "copy",  "finish",  "memory"};

enum { WRONG_NAN = 1, WRONG_TWICE, HANG, CRASH }; /* codes of OpenCL are negative */
enum { MOST_KERNELS = 512, MOST_BUFFERS = 1024 };

static struct {
    int asked; /* the environment was looked at */
    fault_kind kind;
    char kernel[64];
    long first, last; /* 0: no fault */
    int until_context, code;
    long met, hits, calls[FAULT_KINDS], alive;
    long bytes, most_bytes; /* of buffers, since the fault was set */
    struct {
        cl_mem mem;
        long bytes, holders; /* the driver's own count has its commands in it, too */
    } buffers[MOST_BUFFERS];
    cl_program refused;
    cl_kernel kernels[MOST_KERNELS]; /* and the first argument of each */
    cl_mem outputs[MOST_KERNELS];
} now;

static void print_counts(void)
{
    for (int i = 0; i < FAULT_KINDS; i++)
        fprintf(stderr, "%s %ld\n", fault_kinds[i], now.calls[i]);
}

int fault_set(const char *text)
{
    static const char *const words[] = {[WRONG_NAN] = "nan", [WRONG_TWICE] = "twice", [HANG] = "hang", [CRASH] = "crash"};
    char kind[16], when[32], what[16], *end;
    now.asked = 1;
    now.first = now.last = now.met = now.hits = 0;
    now.until_context = now.code = 0;
    now.bytes = now.most_bytes = 0;
    memset(now.buffers, 0, sizeof now.buffers);
    now.kernel[0] = '\0';
    memset(now.calls, 0, sizeof now.calls);
    if (!text)
        return 1;
    if (sscanf(text, "%15[a-z]/%63[a-z0-9_]:%31[^:]:%15s", kind, now.kernel, when, what) != 4) {
        now.kernel[0] = '\0';
        if (sscanf(text, "%15[a-z]:%31[^:]:%15s", kind, when, what) != 3)
            return 0;
    }
    now.code = atoi(what);
    for (int i = 1; i <= CRASH; i++)
        if (strcmp(what, words[i]) == 0)
            now.code = i;
    for (int i = 0; i < FAULT_KINDS; i++)
        if (strcmp(kind, fault_kinds[i]) == 0 && now.code) {
            now.kind = (fault_kind)i;
            now.first = strtol(when, &end, 10);
        }
    now.last = !now.first ? 0 : *end == '-' ? atol(end + 1) : *end ? LONG_MAX : now.first;
    now.until_context = now.first && *end == '!';
    return now.first > 0;
}

long fault_calls(fault_kind kind)
{
    return now.calls[kind];
}

long fault_hits(void)
{
    return now.hits;
}

long fault_memory(void)
{
    return now.most_bytes;
}

long fault_alive(void)
{
    return now.alive;
}

/* 1 in the child process that compiles. */
static int compiling(void)
{
    static int known = -1;
    char line[256] = "";
    FILE *file = known < 0 ? fopen("/proc/self/cmdline", "r") : NULL;
    if (file) {
        size_t size = fread(line, 1, sizeof line - 1, file), name = strlen(line) + 1;
        known = size > name && strcmp(line + name, "--nscl-compiler") == 0;
        fclose(file);
    }
    return known > 0;
}

/* What is to become of this call: 0 it goes on, a code of OpenCL, or WRONG_... Without a kernel's name all of a kind count. */
static int meet(fault_kind kind, int for_kernel)
{
    const char *text = now.asked ? NULL : getenv("NSCL_FAULT");
    if (text && strcmp(text, "count") == 0) {
        now.asked = 1;
        atexit(print_counts);
    } else if (text && !fault_set(text)) {
        fprintf(stderr, "NSCL_FAULT: '%s' is no fault\n", text);
        _exit(99);
    }
    now.asked = 1;
    now.calls[kind]++;
    if (!now.first || kind != now.kind || !for_kernel || compiling() != (kind == FAULT_COMPILE))
        return 0;
    now.met++;
    if (now.met < now.first || now.met > now.last)
        return 0;
    now.hits++;
    if (now.code == CRASH)
        raise(SIGKILL);
    while (now.code == HANG)
        pause();
    return now.code;
}

/* The loader's own function, as the type of the one that stands in its place. */
#define NEXT(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))
#define SHOWN __attribute__((visibility("default")))

static int kernel_counts(cl_kernel kernel)
{
    char name[64] = "";
    if (now.kernel[0])
        clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name - 1, name, NULL);
    return strcmp(name, now.kernel) == 0;
}

static int program_counts(cl_program program)
{
    size_t size = 0;
    char pattern[80], *source = NULL;
    if (!now.kernel[0])
        return 1;
    snprintf(pattern, sizeof pattern, " %s(global", now.kernel);
    clGetProgramInfo(program, CL_PROGRAM_SOURCE, 0, NULL, &size);
    int found = size && (source = calloc(1, size + 1)) && clGetProgramInfo(program, CL_PROGRAM_SOURCE, size, source, NULL) == CL_SUCCESS &&
                strstr(source, pattern) != NULL;
    free(source);
    return found;
}

static void *failed(cl_int code, cl_int *status)
{
    if (status)
        *status = code;
    return NULL;
}

static void remember(cl_mem mem, long bytes)
{
    int i = 0;
    while (i < MOST_BUFFERS - 1 && now.buffers[i].mem)
        i++;
    now.buffers[i].mem = mem;
    now.buffers[i].bytes = bytes;
    now.buffers[i].holders = 1;
    now.bytes += bytes;
    now.most_bytes = now.bytes > now.most_bytes ? now.bytes : now.most_bytes;
}

static void hold(cl_mem mem, int more)
{
    for (int i = 0; i < MOST_BUFFERS; i++)
        if (now.buffers[i].mem == mem && (now.buffers[i].holders += more) == 0) {
            now.bytes -= now.buffers[i].bytes;
            now.buffers[i].mem = NULL;
        }
}

SHOWN cl_context clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *devices,
                                 void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user, cl_int *status)
{
    if (now.until_context && now.hits)
        now.first = 0;
    int code = meet(FAULT_CONTEXT, 1);
    cl_context made = code < 0 ? failed(code, status) : NEXT(clCreateContext)(properties, count, devices, notify, user, status);
    now.alive += made != NULL;
    return made;
}

SHOWN cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *status)
{
    int code = meet(FAULT_QUEUE, 1);
    cl_command_queue made = code < 0 ? failed(code, status) : NEXT(clCreateCommandQueue)(context, device, properties, status);
    now.alive += made != NULL;
    return made;
}

SHOWN cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *data, cl_int *status)
{
    int code = meet(FAULT_BUFFER, 1);
    if (now.kind == FAULT_MEMORY && now.first && now.bytes + (long)size > now.first) {
        now.hits++;
        code = now.code;
    }
    cl_mem made = code < 0 ? failed(code, status) : NEXT(clCreateBuffer)(context, flags, size, data, status);
    now.alive += made != NULL;
    if (made)
        remember(made, (long)size);
    return made;
}

SHOWN cl_mem clCreateSubBuffer(cl_mem whole, cl_mem_flags flags, cl_buffer_create_type type, const void *region, cl_int *status)
{
    int code = meet(FAULT_PART, 1);
    cl_mem made = code < 0 ? failed(code, status) : NEXT(clCreateSubBuffer)(whole, flags, type, region, status);
    now.alive += made != NULL;
    return made;
}

SHOWN cl_int clReleaseMemObject(cl_mem mem)
{
    now.alive--;
    hold(mem, -1);
    return NEXT(clReleaseMemObject)(mem);
}

SHOWN cl_int clReleaseCommandQueue(cl_command_queue queue)
{
    now.alive--;
    return NEXT(clReleaseCommandQueue)(queue);
}

SHOWN cl_int clReleaseContext(cl_context context)
{
    now.alive--;
    return NEXT(clReleaseContext)(context);
}

/* CLBlast takes hold of queues that it is given. */
SHOWN cl_int clRetainCommandQueue(cl_command_queue queue)
{
    now.alive++;
    return NEXT(clRetainCommandQueue)(queue);
}

SHOWN cl_int clRetainContext(cl_context context)
{
    now.alive++;
    return NEXT(clRetainContext)(context);
}

SHOWN cl_int clRetainMemObject(cl_mem mem)
{
    now.alive++;
    hold(mem, 1);
    return NEXT(clRetainMemObject)(mem);
}

SHOWN cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts, const size_t *lengths, cl_int *status)
{
    int code = meet(FAULT_PROGRAM, 1);
    return code < 0 ? failed(code, status) : NEXT(clCreateProgramWithSource)(context, count, texts, lengths, status);
}

SHOWN cl_program clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *devices, const size_t *lengths,
                                           const unsigned char **binaries, cl_int *statuses, cl_int *status)
{
    int code = meet(FAULT_PROGRAM, 1);
    return code < 0 ? failed(code, status) : NEXT(clCreateProgramWithBinary)(context, count, devices, lengths, binaries, statuses, status);
}

SHOWN cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                            void *user)
{
    int code = meet(compiling() ? FAULT_COMPILE : FAULT_BUILD, program_counts(program));
    now.refused = code < 0 ? program : NULL;
    return code < 0 ? code : NEXT(clBuildProgram)(program, count, devices, options, notify, user);
}

SHOWN cl_int clGetProgramBuildInfo(cl_program program, cl_device_id device, cl_program_build_info what, size_t size, void *value, size_t *needed)
{
    static const char log[] = "<fault>:1:1: error: refused";
    if (program != now.refused || what != CL_PROGRAM_BUILD_LOG)
        return NEXT(clGetProgramBuildInfo)(program, device, what, size, value, needed);
    if (needed)
        *needed = sizeof log;
    if (value && size >= sizeof log)
        memcpy(value, log, sizeof log);
    return CL_SUCCESS;
}

SHOWN cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *status)
{
    int code = meet(FAULT_KERNEL, !now.kernel[0] || strcmp(name, now.kernel) == 0);
    return code < 0 ? failed(code, status) : NEXT(clCreateKernel)(program, name, status);
}

static cl_mem *output_of(cl_kernel kernel)
{
    size_t i = 0;
    while (i + 1 < MOST_KERNELS && now.kernels[i] && now.kernels[i] != kernel)
        i++;
    now.kernels[i] = kernel;
    return &now.outputs[i];
}

SHOWN cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value)
{
    int code = meet(FAULT_ARG, kernel_counts(kernel));
    if (code < 0)
        return code;
    if (index == 0 && size == sizeof(cl_mem) && value)
        memcpy(output_of(kernel), value, sizeof(cl_mem));
    return NEXT(clSetKernelArg)(kernel, index, size, value);
}

static void make_wrong(cl_command_queue queue, cl_mem output, int code)
{
    size_t size = 0;
    if (clGetMemObjectInfo(output, CL_MEM_SIZE, sizeof size, &size, NULL) != CL_SUCCESS)
        return;
    float *values = malloc(size);
    if (values && NEXT(clEnqueueReadBuffer)(queue, output, CL_TRUE, 0, size, values, 0, NULL, NULL) == CL_SUCCESS) {
        for (size_t i = 0; i < size / sizeof *values; i++)
            values[i] = code == WRONG_NAN ? NAN : 2 * values[i];
        NEXT(clEnqueueWriteBuffer)(queue, output, CL_TRUE, 0, size, values, 0, NULL, NULL);
    }
    free(values);
}

SHOWN cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dims, const size_t *offset, const size_t *global, const size_t *local,
                                    cl_uint count, const cl_event *events, cl_event *event)
{
    int code = meet(FAULT_RUN, kernel_counts(kernel));
    if (code < 0)
        return code;
    cl_int status = NEXT(clEnqueueNDRangeKernel)(queue, kernel, dims, offset, global, local, count, events, event);
    if (code > 0 && status == CL_SUCCESS)
        make_wrong(queue, *output_of(kernel), code);
    return status;
}

SHOWN cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem mem, cl_bool wait, size_t offset, size_t size, void *data, cl_uint count,
                                 const cl_event *events, cl_event *event)
{
    int code = meet(FAULT_READ, 1);
    if (code < 0)
        return code;
    cl_int status = NEXT(clEnqueueReadBuffer)(queue, mem, wait, offset, size, data, count, events, event);
    for (size_t i = 0; code > 0 && i < size / sizeof(float); i++)
        ((float *)data)[i] = code == WRONG_NAN ? NAN : 2 * ((float *)data)[i];
    return status;
}

SHOWN cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem mem, cl_bool wait, size_t offset, size_t size, const void *data, cl_uint count,
                                  const cl_event *events, cl_event *event)
{
    int code = meet(FAULT_WRITE, 1);
    return code < 0 ? code : NEXT(clEnqueueWriteBuffer)(queue, mem, wait, offset, size, data, count, events, event);
}

SHOWN cl_int clEnqueueFillBuffer(cl_command_queue queue, cl_mem mem, const void *pattern, size_t pattern_size, size_t offset, size_t size, cl_uint count,
                                 const cl_event *events, cl_event *event)
{
    int code = meet(FAULT_FILL, 1);
    return code < 0 ? code : NEXT(clEnqueueFillBuffer)(queue, mem, pattern, pattern_size, offset, size, count, events, event);
}

SHOWN cl_int clEnqueueCopyBuffer(cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t size, cl_uint count,
                                 const cl_event *events, cl_event *event)
{
    int code = meet(FAULT_COPY, 1);
    return code < 0 ? code : NEXT(clEnqueueCopyBuffer)(queue, from, to, from_offset, to_offset, size, count, events, event);
}

SHOWN cl_int clFinish(cl_command_queue queue)
{
    int code = meet(FAULT_FINISH, 1);
    return code < 0 ? code : NEXT(clFinish)(queue);
}
