/* Device memory. A buffer is a cl_mem that the context remembers; a tensor is a buffer with a shape. */
#ifndef NSCL_TENSOR_H
#define NSCL_TENSOR_H

#include "context.h"

/* Activations are blocks of channels, (blocks, h, w, ctx->block), lanes past c zero; pictures planar (3, h, w). */
typedef struct nscl_tensor {
    cl_mem mem;
    int c, h, w;
} nscl_tensor;

/* `bytes` of device memory, uninitialised; a multiple of 64 is taken. NULL after an error (recorded). */
cl_mem nscl_buffer_create(nscl_context *ctx, size_t bytes);
/* The same holding a copy of `data`. */
cl_mem nscl_buffer_copy(nscl_context *ctx, const void *data, size_t bytes);
/* The same to be read only, of `data` itself where the device works on the host's memory: it must stay until the device is done. */
cl_mem nscl_buffer_borrow(nscl_context *ctx, const void *data, size_t bytes);
/* The same filled with zeros. */
cl_mem nscl_buffer_zero(nscl_context *ctx, size_t bytes);
/* A part of a buffer, at a multiple of nscl_part_alignment bytes: the same memory under another name. */
cl_mem nscl_buffer_part(nscl_context *ctx, cl_mem whole, size_t offset, size_t bytes);
size_t nscl_part_alignment(const nscl_context *ctx);
/* Gives it back; NULL is accepted. A buffer's memory stays until its parts are given back, too. */
void nscl_buffer_free(nscl_context *ctx, cl_mem mem);
/* From begin to end the context's buffers are counted and not made, and nothing is enqueued: peak_bytes then says what would be held at
 * most. Buffers of before stay; those of between are gone after it. */
typedef struct nscl_rehearsal {
    size_t peak_bytes;
    cl_mem scratch[NSCL_SCRATCHES];
    size_t scratch_bytes[NSCL_SCRATCHES];
} nscl_rehearsal;
nscl_rehearsal nscl_rehearsal_begin(nscl_context *ctx);
void nscl_rehearsal_end(nscl_context *ctx, const nscl_rehearsal *before);

void nscl_buffers_release(nscl_context *ctx);

/* Working memory of at least `bytes` that any operation may use between two launches of its own: one buffer a slot
 * (0 to NSCL_SCRATCHES - 1), grown when more is asked for, so that after the first evaluation nothing is allocated. */
cl_mem nscl_scratch(nscl_context *ctx, int slot, size_t bytes);
/* Gives it back until it is asked for again. */
void nscl_scratch_free(nscl_context *ctx);

/* Blocking copies between host and device. Do nothing after an error. */
void nscl_buffer_write(nscl_context *ctx, cl_mem mem, const void *data, size_t bytes);
void nscl_buffer_read(nscl_context *ctx, void *data, cl_mem mem, size_t bytes);

/* Enqueues a copy of x's first `bytes` to y's. */
void nscl_buffer_assign(nscl_context *ctx, cl_mem y, cl_mem x, size_t bytes);

/* Number of channel blocks of c channels. */
int nscl_blocks(const nscl_context *ctx, int c);

/* OV: how many output blocks a register block makes, 2 where the blocks of c channels pair up, and the -D option. */
int nscl_output_vectors(const nscl_context *ctx, int c);
const char *nscl_output_option(int ov);

/* Floats of a tensor of blocks (padding included) and of a picture's vector, in whole blocks of lanes. */
size_t nscl_block_floats(const nscl_context *ctx, int c, int h, int w);
size_t nscl_vector_floats(const nscl_context *ctx, int h, int w);

/* Bytes that one element of a feature map takes in memory. */
size_t nscl_stored_bytes(const nscl_context *ctx);

/* The tensor's memory, uninitialised. */
nscl_tensor nscl_tensor_create(nscl_context *ctx, int c, int h, int w);

#endif
