#define _POSIX_C_SOURCE 200809L
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

nscl_kernel *nscl_kernel_get(nscl_context *ctx, const char *name, const char *options)
{
    for (nscl_kernel *k = ctx->kernels; k; k = k->next)
        if (strcmp(k->name, name) == 0 && strcmp(k->options, options) == 0)
            return k;
    cl_program program = nscl_program_of(ctx, name, options);
    if (!program)
        return NULL;
    cl_int code = CL_SUCCESS;
    nscl_kernel *k = calloc(1, sizeof *k);
    if (!k || !(k->options = strdup(options))) {
        free(k);
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for the kernel %s", name);
        return NULL;
    }
    snprintf(k->name, sizeof k->name, "%s", name);
    k->kernel = clCreateKernel(program, name, &code);
    if (code == CL_SUCCESS)
        code = clGetKernelInfo(k->kernel, CL_KERNEL_NUM_ARGS, sizeof k->arguments, &k->arguments, NULL);
    if (code != CL_SUCCESS) {
        nscl_fail_cl(ctx, code, "cannot create the kernel %s", name);
        if (k->kernel)
            clReleaseKernel(k->kernel);
        free(k->options);
        free(k);
        return NULL;
    }
    k->next = ctx->kernels;
    ctx->kernels = k;
    return k;
}

void nscl_kernel_run(nscl_context *ctx, const char *name, const char *options, nscl_dims dims, const nscl_arg *arguments, size_t count)
{
    if (ctx->error.code != NSCL_OK || ctx->rehearsing)
        return;
    nscl_kernel *k = nscl_kernel_get(ctx, name, options);
    if (!k)
        return;
    if (k->arguments != count) {
        nscl_fail(&ctx->error, NSCL_BAD_DEVICE, "kernel %s takes %u arguments and was given %u", name, k->arguments, (unsigned)count);
        return;
    }
    cl_int code = CL_SUCCESS;
    for (size_t i = 0; i < count && code == CL_SUCCESS; i++)
        code = clSetKernelArg(k->kernel, (cl_uint)i, arguments[i].size, arguments[i].value);
    if (code != CL_SUCCESS) {
        nscl_fail_cl(ctx, code, "cannot set the arguments of kernel %s", name);
        return;
    }
    if (ctx->facts.quirks & NSCL_QUIRK_GROUP_OF_ONE)
        dims.local[0] = 1;
    for (cl_uint i = 0; i < dims.n; i++) {
        if (dims.global[i] == 0)
            return;
        dims.global[i] = (dims.global[i] + dims.local[i] - 1) / dims.local[i] * dims.local[i];
    }
    code = clEnqueueNDRangeKernel(ctx->queue, k->kernel, dims.n, NULL, dims.global, dims.local, 0, NULL, NULL);
    if (nscl_cl_again(ctx, code))
        code = clEnqueueNDRangeKernel(ctx->queue, k->kernel, dims.n, NULL, dims.global, dims.local, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        nscl_fail_cl(ctx, code, "cannot run the kernel %s", name);
}

void nscl_kernels_release(nscl_context *ctx)
{
    while (ctx->kernels) {
        nscl_kernel *next = ctx->kernels->next;
        clReleaseKernel(ctx->kernels->kernel);
        free(ctx->kernels->options);
        free(ctx->kernels);
        ctx->kernels = next;
    }
    while (ctx->programs) {
        nscl_program *next = ctx->programs->next;
        if (ctx->programs->program)
            clReleaseProgram(ctx->programs->program);
        free(ctx->programs->options);
        free(ctx->programs);
        ctx->programs = next;
    }
}
