#define _POSIX_C_SOURCE 200809L
#include "context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "findings.h"
#include "kernel.h"
#include "os.h"
#include "tensor.h"
#include "trial.h"
#include "tuning.h"

void nscl_log(const nscl_context *ctx, nscl_log_level level, const char *format, ...)
{
    char line[512];
    if (!ctx->log)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    ctx->log(level, line, ctx->log_user);
}

/* Blocks as wide as the device's vectors: then every step of a kernel works on one register of channels, without
 * shuffles. GPUs run one lane an item and want short vectors (coalesced 16-byte loads). */
static int block_width(const nscl_device_facts *f)
{
    const char *wanted = getenv("NSCL_BLOCK");
    int n = wanted ? atoi(wanted) : 0;
    if (n == 1 || n == 4 || n == 8 || n == 16)
        return n;
    if (!f->cpu_like)
        return 4;
    return f->vector_width >= 16 ? 16 : f->vector_width >= 8 ? 8 : 4;
}

static unsigned feature_mask(const nscl_device_facts *f)
{
    const char *mask = getenv("NSCL_FEATURES");
    unsigned all = f->cpu_like ? NSCL_FEATURE_ALL : NSCL_FEATURE_GEMM | NSCL_FEATURE_TILED;
    if (f->quirks & NSCL_QUIRK_EMULATED)
        all = NSCL_FEATURE_BLOCKED; /* tuned libraries only cost time there */
    return mask ? (unsigned)strtoul(mask, NULL, 0) : all;
}

static char *copy_text(const char *text)
{
    return text ? strdup(text) : NULL;
}

void nscl_context_build_options(nscl_context *ctx)
{
    /* What emulated devices compile with may die of the hint. */
    int fetch = ctx->fetch >= 0 && ctx->facts.cpu_like && !(ctx->facts.quirks & NSCL_QUIRK_EMULATED);
    snprintf(ctx->build_options, sizeof ctx->build_options, "-cl-std=CL1.2 -DCB=%d -DRL=%d -DPARTIALS=%d%s%s", ctx->block, ctx->reduce_items, NSCL_PARTIALS,
             ctx->half_storage ? " -DHALF_STORAGE" : "", fetch ? " -DFETCH" : "");
}

static char *program_folder(void)
{
    char *folder = nscl_user_folder('c', 0), *programs = folder ? nscl_path_join(folder, "programs") : NULL;
    free(folder);
    if (programs)
        nscl_folder_make(programs);
    return programs;
}

/* Makes a device ready, whose facts' extensions become the context's. */
static nscl_status open_device(nscl_context *ctx, nscl_device_facts *device, nscl_error *error)
{
    cl_int code = CL_SUCCESS;
    nscl_device_facts *f = &ctx->facts;
    *f = *device;
    device->extensions = NULL;
    ctx->cl = clCreateContext(NULL, 1, &f->device, NULL, NULL, &code);
    if (code == CL_SUCCESS)
        ctx->queue = clCreateCommandQueue(ctx->cl, f->device, 0, &code);
    if (code != CL_SUCCESS)
        return nscl_fail(error, NSCL_BAD_DEVICE, "cannot open device %s: %s", f->info.name, nscl_cl_text(code));
    ctx->block = block_width(f);
    ctx->features = feature_mask(f);
    ctx->register_block = ctx->block == 16 ? 12 : 6; /* two sums each, of 32 registers (16-wide vectors) or 16 */
    ctx->reduce_items = f->cpu_like || f->group_limit < 64 ? 1 : 64;
    ctx->heavy_items = f->cpu_like ? 1 : 64;
    nscl_context_build_options(ctx);
    const char *cache = getenv("NSCL_CACHE");
    if (!(cache && strcmp(cache, "off") == 0))
        ctx->cache_dir = program_folder();
    for (int i = 0; f->quirk_text[i]; i++)
        nscl_log(ctx, NSCL_LOG_INFO, "device quirk: %s", f->quirk_text[i]);
    nscl_log(ctx, NSCL_LOG_INFO, "device %d: %s [%s], driver %s; blocks of %d channels", f->info.index, f->info.name, f->info.platform_name, f->info.driver,
             ctx->block);
    nscl_tuning_open(ctx);
    nscl_findings_open(ctx);
    return NSCL_OK;
}

static void close_device(nscl_context *ctx)
{
    if (ctx->queue)
        clFinish(ctx->queue);
    nscl_compiler_close(ctx);
    nscl_trial_close(ctx);
    nscl_kernels_release(ctx);
    nscl_buffers_release(ctx);
    nscl_tuning_close(ctx);
    if (ctx->queue)
        clReleaseCommandQueue(ctx->queue);
    if (ctx->cl)
        clReleaseContext(ctx->cl);
    free(ctx->facts.extensions);
    free(ctx->cache_dir);
    *ctx = (nscl_context){.conv_wanted = ctx->conv_wanted,
                          .kernel_dir = ctx->kernel_dir,
                          .log = ctx->log,
                          .log_user = ctx->log_user,
                          .compile_apart = ctx->compile_apart,
                          .fallback = ctx->fallback,
                          .left = ctx->left};
}

/* Opens the device that is wanted, but for those that were left; if it fails, and there is to be a fallback, others in turn. */
static nscl_status open_some(nscl_context *ctx, const char *wanted, nscl_error *error)
{
    nscl_device_facts *devices = NULL;
    size_t count = 0;
    nscl_error first = {NSCL_OK, ""};
    nscl_status status = nscl_devices_find(&devices, &count, error);
    if (status != NSCL_OK)
        return status;
    for (;;) {
        nscl_error now = {NSCL_OK, ""};
        for (size_t i = 0; i < count && i < 64; i++)
            devices[i].info.usable = devices[i].info.usable && !(ctx->left >> i & 1);
        int chosen = nscl_device_choose(devices, count, wanted, &now);
        if (chosen < 0 || (status = open_device(ctx, &devices[chosen], &now)) == NSCL_OK) {
            status = chosen < 0 ? nscl_fail(&first, now.code, "%s", now.text) : NSCL_OK;
            break;
        }
        nscl_fail(&first, now.code, "%s", now.text);
        close_device(ctx);
        if (!ctx->fallback || chosen >= 64)
            break;
        ctx->left |= (uint64_t)1 << chosen;
        wanted = "auto";
        nscl_log(ctx, NSCL_LOG_WARNING, "%s; trying the next device", now.text);
    }
    nscl_devices_free(devices, count);
    return status == NSCL_OK ? NSCL_OK : nscl_fail(error, first.code, "%s", first.text);
}

nscl_status nscl_context_move(nscl_context *ctx, nscl_error *error)
{
    if (ctx->facts.info.index < 64)
        ctx->left |= (uint64_t)1 << ctx->facts.info.index;
    close_device(ctx);
    return open_some(ctx, "auto", error);
}

nscl_status nscl_open(nscl_context **out, const nscl_open_options *options, nscl_error *error)
{
    static const nscl_open_options none = {0};
    const nscl_open_options *o = options ? options : &none;
    *out = NULL;
    nscl_context *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory to open a device");
    ctx->log = o->log;
    ctx->log_user = o->log_user;
    ctx->fallback = o->fallback != 0;
    ctx->compile_apart = o->compile_apart != 0;
    ctx->conv_wanted = copy_text(getenv("NSCL_CONV"));
    ctx->kernel_dir = copy_text(o->kernel_dir ? o->kernel_dir : getenv("NSCL_KERNELS"));
    nscl_status status = open_some(ctx, o->device, error);
    if (status == NSCL_OK)
        *out = ctx;
    else
        nscl_close(ctx);
    return status;
}

void nscl_close(nscl_context *ctx)
{
    if (!ctx)
        return;
    close_device(ctx);
    free(ctx->conv_wanted);
    free(ctx->kernel_dir);
    free(ctx);
}

const nscl_device_info *nscl_context_device(const nscl_context *ctx)
{
    return &ctx->facts.info;
}

int nscl_cl_memory(cl_int code)
{
    return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE || code == -2032;
}

int nscl_cl_again(nscl_context *ctx, cl_int code)
{
    return (nscl_cl_memory(code) || code == CL_OUT_OF_RESOURCES) && clFinish(ctx->queue) == CL_SUCCESS;
}

void nscl_fail_cl(nscl_context *ctx, cl_int code, const char *format, ...)
{
    char what[400];
    va_list arguments;
    if (ctx->error.code != NSCL_OK)
        return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    ctx->failed_at = ctx->at;
    ctx->failed_code = code;
    /* Drivers that find the memory at its first use hold less than was asked for: nobody knows how much. */
    ctx->refused_at = nscl_cl_memory(code) || code == CL_OUT_OF_RESOURCES ? ctx->bytes - ctx->bytes / 4 : 0;
    nscl_fail(&ctx->error, nscl_cl_memory(code) ? NSCL_NO_MEMORY : NSCL_BAD_DEVICE, "%s: %s", what, nscl_cl_text(code));
}

nscl_status nscl_context_status(nscl_context *ctx, nscl_error *error)
{
    cl_int code = ctx->rehearsing ? CL_SUCCESS : clFinish(ctx->queue);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "the device failed while working");
    nscl_status status = ctx->error.code;
    if (status != NSCL_OK) {
        size_t refused_at = ctx->refused_at;
        nscl_fail(error, status, "%s", ctx->error.text);
        nscl_context_clear(ctx);
        ctx->refused_at = refused_at;
    }
    return status;
}

void nscl_context_clear(nscl_context *ctx)
{
    nscl_error_clear(&ctx->error);
    nscl_buffer_free(ctx, ctx->counters); /* which a kernel that failed half way would leave anywhere */
    ctx->counters = NULL;
    ctx->failed_at = 0;
    ctx->failed_code = 0;
    ctx->refused_at = 0;
}
