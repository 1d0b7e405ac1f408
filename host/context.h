/* An open device: the OpenCL objects, what was built, what was allocated, and the first error. Device work (kernel,
 * tensor, gemm, ops) records failures here and does nothing after the first; the driver looks once per evaluation
 * (nscl_context_status). */
#ifndef NSCL_CONTEXT_H
#define NSCL_CONTEXT_H

#include "device.h"
#include "os_child.h"
#include "os_pages.h"

/* Which fast paths may be used; NSCL_FEATURES (a number) in the environment masks it, for tests. */
enum {
    NSCL_FEATURE_GEMM = 1,      /* CLBlast for convolution and Gram */
    NSCL_FEATURE_BLOCKED = 2,   /* our own kernels on blocks of channels for them */
    NSCL_FEATURE_WINOGRAD4 = 4, /* fused Winograd convolution, F(4x4, 3x3) */
    NSCL_FEATURE_WINOGRAD6 = 8, /* F(6x6, 3x3) */
    NSCL_FEATURE_TILED = 16,    /* products on tiles: batched Winograd F(4x4, 3x3), implicit products */
    NSCL_FEATURE_ALL = 31
};

#define NSCL_SCRATCHES 2
#define NSCL_PARTIALS 128 /* partial sums of a reduction */

typedef struct nscl_kernel {
    char name[32];
    char *options; /* the -D options beyond the context's own; "" for none */
    cl_kernel kernel;
    cl_uint arguments;
    struct nscl_kernel *next;
} nscl_kernel;

typedef struct nscl_program {
    const char *file;
    char *options;
    cl_program program; /* NULL: the compiler was lost over it, with this code */
    cl_int lost;
    struct nscl_program *next;
} nscl_program;

/* haste.h's. */
typedef struct nscl_haste {
    int hurried;
    nscl_page_haste pages;
    int evaluations; /* since it began, and when the first was done */
    double first_at;
} nscl_haste;

typedef struct nscl_buffer {
    cl_mem mem;
    size_t bytes;
    int rehearsed; /* there is no such buffer */
    void *pages;   /* os_pages.h's, or NULL */
    struct nscl_buffer *next;
} nscl_buffer;

/* What self-tests found on this device, for floats and for 16-bit floats: a bit for each nscl_conv_algorithm (findings.h). */
typedef struct nscl_findings {
    unsigned right[2], wrong[2];
} nscl_findings;

enum { NSCL_FOUND_REST = 31 }; /* the bit in `right` of everything but convolution */

struct nscl_context {
    nscl_error error;
    nscl_device_facts facts;
    cl_context cl;
    cl_command_queue queue;
    int block;          /* CB: channels a block of activations */
    int register_block; /* NR: pixels or tiles of a register block (cl/product.cl) */
    int reduce_items;   /* RL: work-items that share a partial sum */
    int heavy_items;    /* work-group size of kernels that do much a work-item: 1 on CPU-like devices */
    unsigned features;
    int products;      /* over 1: fused convolutions make their products so often, for timing them; results stay the same */
    char *conv_wanted; /* NSCL_CONV in the environment: this convolution wherever it can run; NULL: the program chooses */
    int fetch;         /* kernels of CPU-like devices may fetch lines ahead (cl/fetch.cl): 1, -1: not, 0: not tried yet */
    int half_storage;  /* feature maps and their gradients are 16-bit floats */
    int half_checked;  /* the device converts them right */
    nscl_findings findings;
    int checking; /* a self-test is at work, which wants neither tuning nor another */
    char *kernel_dir;
    char *cache_dir;            /* NULL: programs are not kept */
    int plain_failed;           /* plain.cl does not compile as a whole */
    int compile_apart;          /* in a child process */
    nscl_child compiler;        /* that */
    nscl_child trial;           /* where kernels run first (trial.h) */
    unsigned tried[2];          /* what was tried there: algorithms of convolution and the rest, by half_storage */
    struct nscl_tuning *tuning; /* rows for this device (tuning.h) */
    char build_options[128];
    nscl_log_fn log;
    void *log_user;
    nscl_program *programs;
    nscl_kernel *kernels;
    nscl_buffer *buffers;
    cl_mem scratch[NSCL_SCRATCHES];
    size_t scratch_bytes[NSCL_SCRATCHES];
    cl_mem counters;          /* of batches (conv_winograd.c), 0 between launches; NULL until they are needed, and after an error */
    size_t bytes, peak_bytes; /* of device memory held, and the most so far */
    nscl_haste haste;
    int rehearsing;           /* buffers are counted and not made, nothing is enqueued, what is read is 0 (tensor.h) */
    size_t rehearsed_largest; /* buffer */
    int at;                   /* what is at work: 1 + an nscl_conv_algorithm, NSCL_AT_GRAM, or 0 */
    int failed_at;            /* what was, when the first error came, and its code; 0: none of OpenCL's */
    cl_int failed_code;
    size_t refused_at;          /* bytes of device memory that could be had when that was a refusal of memory; else 0 */
    unsigned conv_refused;      /* algorithms of convolution that failed on this device, a bit each (recover.h) */
    int relieved, gram_changed; /* what recover.c does once was done */
    int fallback;               /* nscl_open_options' */
    uint64_t left;              /* devices that failed, a bit each of the first 64 of the list */
};

enum { NSCL_AT_GRAM = -1 };

/* The first error so far, copied to `error` and cleared, but for refused_at; NSCL_OK if none. Waits for the device first. */
nscl_status nscl_context_status(nscl_context *ctx, nscl_error *error);

/* Leaves the device for the best of those that did not fail. All buffers, programs and kernels are gone, and so are the first error and
 * what was found out about the device. On failure the context is good for nothing but nscl_close. */
nscl_status nscl_context_move(nscl_context *ctx, nscl_error *error);

/* nscl_fail for a code of OpenCL or CLBlast, whose text follows the message. */
void nscl_fail_cl(nscl_context *ctx, cl_int code, const char *format, ...) NSCL_PRINTF(3, 4);

/* 1 where the device refuses for want of memory. */
int nscl_cl_memory(cl_int code);

/* 1 where a command was refused for want of resources that earlier ones may have given back by now: it is worth asking once more.
 * Waits for these; where one of them failed the device is at fault, and it is 0. */
int nscl_cl_again(nscl_context *ctx, cl_int code);

/* Forgets the first error, where something was done about it. */
void nscl_context_clear(nscl_context *ctx);

/* Sets build_options, which follow block, reduce_items and half_storage. */
void nscl_context_build_options(nscl_context *ctx);

/* printf to the log callback. */
void nscl_log(const nscl_context *ctx, nscl_log_level level, const char *format, ...) NSCL_PRINTF(3, 4);

#endif
