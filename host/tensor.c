#include "tensor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void memory_failed(nscl_context *ctx, cl_int code, size_t bytes)
{
    nscl_fail_cl(ctx, code, "no %.1f MiB more on the device, which has %.1f MiB (%.1f MiB in use, largest buffer %.1f MiB)", (double)bytes / 1048576.0,
                 (double)ctx->facts.memory / 1048576.0, (double)ctx->bytes / 1048576.0, (double)ctx->facts.largest_buffer / 1048576.0);
    ctx->refused_at = ctx->bytes;
}

/* Remembers a buffer, or, where mem is NULL, one that is rehearsed; `bytes` is what it adds to the memory in use, `pages` what it is made
 * on, or NULL. */
static cl_mem remember(nscl_context *ctx, cl_mem mem, size_t bytes, void *pages)
{
    nscl_buffer *b = calloc(1, sizeof *b);
    if (!b) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no host memory for a buffer's entry");
        if (mem)
            clReleaseMemObject(mem);
        return NULL;
    }
    *b = (nscl_buffer){mem ? mem : (cl_mem)b, bytes, !mem, pages, ctx->buffers};
    ctx->buffers = b;
    ctx->bytes += bytes;
    if (ctx->bytes > ctx->peak_bytes)
        ctx->peak_bytes = ctx->bytes;
    return b->mem;
}

static size_t whole_lines(size_t bytes)
{
    return bytes ? (bytes + 63) / 64 * 64 : 64;
}

static void CL_CALLBACK free_pages(cl_mem mem, void *pages)
{
    (void)mem;
    nscl_pages_free(pages);
}

/* An emulated device takes memory of the host for initialised, whatever is in it. */
static int works_on_host_memory(const nscl_context *ctx)
{
    return ctx->facts.info.type == NSCL_DEVICE_CPU && ctx->facts.unified_memory && !(ctx->facts.quirks & NSCL_QUIRK_EMULATED);
}

/* A buffer in the host's large pages, where the device works on the host's memory and takes them; else NULL. */
static cl_mem create_on_pages(nscl_context *ctx, size_t bytes, const void *data)
{
    cl_int code = CL_SUCCESS;
    /* The driver counts none of this against the device's memory. */
    if (!works_on_host_memory(ctx) || ctx->bytes + bytes > ctx->facts.memory)
        return NULL;
    void *pages = nscl_pages_get(bytes, ctx->haste.hurried ? &ctx->haste.pages : NULL);
    if (!pages)
        return NULL;
    if (data)
        memcpy(pages, data, bytes);
    cl_mem mem = clCreateBuffer(ctx->cl, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, pages, &code);
    if (!mem || code != CL_SUCCESS) {
        nscl_pages_free(pages);
        return NULL;
    }
    /* Commands and parts of it may hold the buffer longer than the context does. */
    if (clSetMemObjectDestructorCallback(mem, free_pages, pages) == CL_SUCCESS)
        return remember(ctx, mem, bytes, pages);
    clReleaseMemObject(mem);
    nscl_pages_free(pages);
    return NULL;
}

/* Of `data` where that is not NULL. */
static cl_mem create(nscl_context *ctx, size_t bytes, void *data)
{
    cl_int code = CL_INVALID_BUFFER_SIZE;
    cl_mem mem = NULL;
    if (ctx->error.code != NSCL_OK)
        return NULL;
    if (ctx->rehearsing) {
        if (bytes > ctx->rehearsed_largest)
            ctx->rehearsed_largest = bytes;
        return remember(ctx, NULL, bytes, NULL);
    }
    cl_mem_flags flags = CL_MEM_READ_WRITE | (data ? CL_MEM_COPY_HOST_PTR : 0);
    if (bytes <= ctx->facts.largest_buffer) {
        mem = create_on_pages(ctx, bytes, data);
        if (mem || ctx->error.code != NSCL_OK)
            return mem;
        mem = clCreateBuffer(ctx->cl, flags, bytes, data, &code);
        if (nscl_cl_again(ctx, code))
            mem = clCreateBuffer(ctx->cl, flags, bytes, data, &code);
    }
    if (!mem || code != CL_SUCCESS) {
        memory_failed(ctx, code, bytes);
        return NULL;
    }
    return remember(ctx, mem, bytes, NULL);
}

cl_mem nscl_buffer_create(nscl_context *ctx, size_t bytes)
{
    return create(ctx, whole_lines(bytes), NULL);
}

size_t nscl_part_alignment(const nscl_context *ctx)
{
    size_t align = ctx->facts.alignment_bits / 8;
    return align > 64 ? align : 64;
}

cl_mem nscl_buffer_part(nscl_context *ctx, cl_mem whole, size_t offset, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    cl_buffer_region region = {offset, bytes};
    if (ctx->error.code != NSCL_OK)
        return NULL;
    if (ctx->rehearsing)
        return remember(ctx, NULL, 0, NULL);
    cl_mem mem = clCreateSubBuffer(whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    if (!mem || code != CL_SUCCESS) {
        memory_failed(ctx, code, bytes);
        return NULL;
    }
    return remember(ctx, mem, 0, NULL);
}

cl_mem nscl_buffer_copy(nscl_context *ctx, const void *data, size_t bytes)
{
    /* Copied at once where that reads nothing past the data: a write would first wait for all that is enqueued. */
    if (bytes == whole_lines(bytes))
        return create(ctx, bytes, (void *)data); /* the flag says that it is only read */
    cl_mem mem = nscl_buffer_create(ctx, bytes);
    nscl_buffer_write(ctx, mem, data, bytes);
    return mem;
}

cl_mem nscl_buffer_borrow(nscl_context *ctx, const void *data, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    if (!works_on_host_memory(ctx) || ctx->error.code != NSCL_OK)
        return nscl_buffer_copy(ctx, data, bytes);
    if (ctx->rehearsing)
        return remember(ctx, NULL, 0, NULL);
    cl_mem mem = clCreateBuffer(ctx->cl, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, bytes, (void *)(uintptr_t)data, &code);
    return mem && code == CL_SUCCESS ? remember(ctx, mem, 0, NULL) : nscl_buffer_copy(ctx, data, bytes);
}

cl_mem nscl_buffer_zero(nscl_context *ctx, size_t bytes)
{
    const cl_float zero[4] = {0}; /* PoCL fills twice as fast by 16 bytes as by 4 */
    cl_mem mem = nscl_buffer_create(ctx, bytes);
    if (ctx->error.code != NSCL_OK || ctx->rehearsing)
        return mem;
    cl_int code = clEnqueueFillBuffer(ctx->queue, mem, zero, sizeof zero, 0, (bytes + 63) / 64 * 64, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "cannot fill %.1f MiB on the device", (double)bytes / 1048576.0);
    return mem;
}

cl_mem nscl_scratch(nscl_context *ctx, int slot, size_t bytes)
{
    if (ctx->scratch_bytes[slot] < bytes) {
        nscl_buffer_free(ctx, ctx->scratch[slot]);
        ctx->scratch_bytes[slot] = 0;
        ctx->scratch[slot] = nscl_buffer_create(ctx, bytes);
        if (ctx->scratch[slot])
            ctx->scratch_bytes[slot] = bytes;
    }
    return ctx->scratch[slot];
}

void nscl_scratch_free(nscl_context *ctx)
{
    for (int i = 0; i < NSCL_SCRATCHES; i++) {
        nscl_buffer_free(ctx, ctx->scratch[i]);
        ctx->scratch[i] = NULL;
        ctx->scratch_bytes[i] = 0;
    }
}

static void forget(nscl_context *ctx, nscl_buffer **link)
{
    nscl_buffer *b = *link;
    *link = b->next;
    ctx->bytes -= b->bytes;
    if (!b->rehearsed)
        clReleaseMemObject(b->mem);
    free(b);
}

void nscl_buffer_free(nscl_context *ctx, cl_mem mem)
{
    if (!mem)
        return;
    for (nscl_buffer **link = &ctx->buffers; *link; link = &(*link)->next)
        if ((*link)->mem == mem) {
            forget(ctx, link);
            return;
        }
}

nscl_rehearsal nscl_rehearsal_begin(nscl_context *ctx)
{
    nscl_rehearsal before = {.peak_bytes = ctx->peak_bytes};
    memcpy(before.scratch, ctx->scratch, sizeof before.scratch);
    memcpy(before.scratch_bytes, ctx->scratch_bytes, sizeof before.scratch_bytes);
    memset(ctx->scratch, 0, sizeof ctx->scratch);
    memset(ctx->scratch_bytes, 0, sizeof ctx->scratch_bytes);
    for (int i = 0; i < NSCL_SCRATCHES; i++)
        ctx->bytes -= before.scratch_bytes[i]; /* counted anew when it is asked for */
    ctx->peak_bytes = ctx->bytes;
    ctx->rehearsed_largest = 0;
    ctx->rehearsing = 1;
    return before;
}

void nscl_rehearsal_end(nscl_context *ctx, const nscl_rehearsal *before)
{
    for (nscl_buffer **link = &ctx->buffers; *link;)
        if ((*link)->rehearsed)
            forget(ctx, link);
        else
            link = &(*link)->next;
    memcpy(ctx->scratch, before->scratch, sizeof ctx->scratch);
    memcpy(ctx->scratch_bytes, before->scratch_bytes, sizeof ctx->scratch_bytes);
    for (int i = 0; i < NSCL_SCRATCHES; i++)
        ctx->bytes += before->scratch_bytes[i];
    ctx->peak_bytes = before->peak_bytes;
    ctx->rehearsing = 0;
}

void nscl_buffers_release(nscl_context *ctx)
{
    while (ctx->buffers)
        forget(ctx, &ctx->buffers);
}

void nscl_buffer_write(nscl_context *ctx, cl_mem mem, const void *data, size_t bytes)
{
    if (ctx->error.code != NSCL_OK || ctx->rehearsing || bytes == 0)
        return;
    cl_int code = clEnqueueWriteBuffer(ctx->queue, mem, CL_TRUE, 0, bytes, data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "cannot write %.1f MiB to the device", (double)bytes / 1048576.0);
}

void nscl_buffer_read(nscl_context *ctx, void *data, cl_mem mem, size_t bytes)
{
    if (ctx->rehearsing)
        memset(data, 0, bytes);
    if (ctx->error.code != NSCL_OK || ctx->rehearsing || bytes == 0)
        return;
    cl_int code = clEnqueueReadBuffer(ctx->queue, mem, CL_TRUE, 0, bytes, data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "cannot read %.1f MiB from the device", (double)bytes / 1048576.0);
}

void nscl_buffer_assign(nscl_context *ctx, cl_mem y, cl_mem x, size_t bytes)
{
    if (ctx->error.code != NSCL_OK || ctx->rehearsing || bytes == 0)
        return;
    cl_int code = clEnqueueCopyBuffer(ctx->queue, x, y, 0, 0, bytes, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "cannot copy %.1f MiB on the device", (double)bytes / 1048576.0);
}

int nscl_blocks(const nscl_context *ctx, int c)
{
    return (c + ctx->block - 1) / ctx->block;
}

int nscl_output_vectors(const nscl_context *ctx, int c)
{
    return nscl_blocks(ctx, c) % 2 == 0 ? 2 : 1;
}

const char *nscl_output_option(int ov)
{
    return ov == 2 ? "-DOV=2" : "-DOV=1";
}

size_t nscl_block_floats(const nscl_context *ctx, int c, int h, int w)
{
    return (size_t)nscl_blocks(ctx, c) * (size_t)ctx->block * (size_t)h * (size_t)w;
}

size_t nscl_vector_floats(const nscl_context *ctx, int h, int w)
{
    size_t b = (size_t)ctx->block;
    return ((size_t)3 * (size_t)h * (size_t)w + b - 1) / b * b;
}

size_t nscl_stored_bytes(const nscl_context *ctx)
{
    return ctx->half_storage ? sizeof(cl_half) : sizeof(float);
}

nscl_tensor nscl_tensor_create(nscl_context *ctx, int c, int h, int w)
{
    nscl_tensor t = {nscl_buffer_create(ctx, nscl_block_floats(ctx, c, h, w) * nscl_stored_bytes(ctx)), c, h, w};
    return t;
}
