/* Arrays of both sides. See check.h. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "ops.h"
#include "reference.h"
#include "weights_values.h"

/* More floats than a launch rounded up to whole work-groups of NSCL_GROUP could touch. */
enum { GUARD = 2 * NSCL_GROUP * 16 };
static const uint32_t untouched = NSCL_CHECK_UNTOUCHED;
static const uint16_t untouched_half = 0x7fa5; /* of either kind */

/* ---- Host arrays ---- */

void *nscl_check_memory(nscl_check *check, size_t bytes)
{
    void *p = check->memory_count < NSCL_CHECK_ARRAYS ? calloc(1, bytes ? bytes : 1) : NULL;
    if (!p)
        check->no_memory(check->user);
    return check->memory[check->memory_count++] = p;
}

double *nscl_check_zeros(nscl_check *check, size_t n)
{
    return nscl_check_memory(check, n * sizeof(double));
}

double *nscl_check_copy(nscl_check *check, const double *x, size_t n)
{
    return memcpy(nscl_check_zeros(check, n), x, n * sizeof *x);
}

double *nscl_check_absolute(nscl_check *check, const double *x, size_t n)
{
    double *y = nscl_check_zeros(check, n);
    for (size_t i = 0; i < n; i++)
        y[i] = fabs(x[i]);
    return y;
}

double *nscl_check_normal(nscl_check *check, size_t n)
{
    double *y = nscl_check_zeros(check, n);
    for (size_t i = 0; i < n; i++) {
        float v = (float)rng_normal(&check->rng);
        unsigned char half[2];
        if (check->ctx->half_storage) {
            nscl_values_encode(half, &v, 1, NSCL_VALUE_F16);
            nscl_values_decode(&v, half, 1, NSCL_VALUE_F16);
        }
        y[i] = (double)v;
    }
    return y;
}

double *nscl_check_rectified(nscl_check *check, size_t n)
{
    double *y = nscl_check_normal(check, n);
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
    return y;
}

double *nscl_check_levels(nscl_check *check, size_t n, int most)
{
    double *y = nscl_check_zeros(check, n);
    for (size_t i = 0; i < n; i++)
        y[i] = rng_below(&check->rng, 2 * most + 1) - most;
    return y;
}

float *nscl_check_floats(nscl_check *check, const double *x, size_t n)
{
    float *y = nscl_check_memory(check, n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
    return y;
}

/* ---- Device arrays ---- */

static cl_mem kept(nscl_check *check, cl_mem mem)
{
    if (check->array_count == NSCL_CHECK_ARRAYS)
        check->no_memory(check->user);
    return check->arrays[check->array_count++] = mem;
}

static const void *guard_of(nscl_value_type type)
{
    return type == NSCL_VALUE_F32 ? (const void *)&untouched : (const void *)&untouched_half;
}

static cl_mem place(nscl_check *check, const double *x, size_t n, nscl_value_type type)
{
    size_t each = nscl_value_size(type);
    unsigned char *bytes = nscl_check_memory(check, (n + GUARD) * each);
    for (size_t i = 0; i < n + GUARD; i++) {
        float v = x && i < n ? (float)x[i] : 0;
        if (x && i < n)
            nscl_values_encode(bytes + i * each, &v, 1, type);
        else
            memcpy(bytes + i * each, guard_of(type), each);
    }
    return kept(check, nscl_buffer_copy(check->ctx, bytes, (n + GUARD) * each));
}

static nscl_value_type stored_type(const nscl_check *check)
{
    return check->ctx->half_storage ? NSCL_VALUE_F16 : NSCL_VALUE_F32;
}

static nscl_value_type pair_type(int preconditioned)
{
    return preconditioned ? NSCL_VALUE_BF16 : NSCL_VALUE_F32;
}

cl_mem nscl_check_input(nscl_check *check, const double *x, size_t n)
{
    return place(check, x, n, NSCL_VALUE_F32);
}

cl_mem nscl_check_output(nscl_check *check, size_t n)
{
    return place(check, NULL, n, NSCL_VALUE_F32);
}

cl_mem nscl_check_stored_input(nscl_check *check, const double *x, size_t n)
{
    return place(check, x, n, stored_type(check));
}

cl_mem nscl_check_stored_output(nscl_check *check, size_t n)
{
    return place(check, NULL, n, stored_type(check));
}

cl_mem nscl_check_pair_input(nscl_check *check, double *x, size_t n, int preconditioned)
{
    for (size_t i = 0; preconditioned && i < n; i++)
        x[i] = nscl_ref_bfloat16(x[i]);
    return place(check, x, n, pair_type(preconditioned));
}

cl_mem nscl_check_pair_output(nscl_check *check, size_t n, int preconditioned)
{
    return place(check, NULL, n, pair_type(preconditioned));
}

/* Place of (channel, pixel) among blocks of m pixels. */
static size_t blocked(const nscl_check *check, size_t k, size_t p, size_t m)
{
    size_t b = (size_t)check->ctx->block;
    return (k / b * m + p) * b + k % b;
}

cl_mem nscl_check_blocks_input(nscl_check *check, const double *x, int c, int h, int w)
{
    size_t m = (size_t)h * (size_t)w, n = nscl_block_floats(check->ctx, c, h, w);
    double *all = nscl_check_zeros(check, n);
    for (size_t k = 0; k < (size_t)c; k++)
        for (size_t p = 0; p < m; p++)
            all[blocked(check, k, p, m)] = x[k * m + p];
    return nscl_check_stored_input(check, all, n);
}

cl_mem nscl_check_blocks_output(nscl_check *check, int c, int h, int w)
{
    return nscl_check_stored_output(check, nscl_block_floats(check->ctx, c, h, w));
}

cl_mem nscl_check_square_input(nscl_check *check, const double *x, int c)
{
    size_t side = nscl_gram_side(check->ctx, c), n = (size_t)c;
    double *all = nscl_check_zeros(check, side * side);
    for (size_t i = 0; i < n; i++)
        memcpy(all + i * side, x + i * n, n * sizeof *x);
    return nscl_check_input(check, all, side * side);
}

static double *read_as(nscl_check *check, cl_mem mem, size_t n, nscl_value_type type)
{
    size_t each = nscl_value_size(type);
    double *y = nscl_check_zeros(check, n);
    unsigned char *bytes = nscl_check_memory(check, (n + GUARD) * each);
    nscl_buffer_read(check->ctx, bytes, mem, (n + GUARD) * each);
    if (check->ctx->error.code != NSCL_OK)
        return nscl_check_device(check), y;
    for (size_t i = 0; i < GUARD; i++)
        if (memcmp(bytes + (n + i) * each, guard_of(type), each) != 0) {
            nscl_check_complain(check, "wrote %zu places past the end of an array of %zu", i + 1, n);
            break;
        }
    for (size_t i = 0; i < n; i++) {
        float v;
        nscl_values_decode(&v, bytes + i * each, 1, type);
        y[i] = (double)v;
    }
    return y;
}

double *nscl_check_read(nscl_check *check, cl_mem mem, size_t n)
{
    return read_as(check, mem, n, NSCL_VALUE_F32);
}

double *nscl_check_read_stored(nscl_check *check, cl_mem mem, size_t n)
{
    return read_as(check, mem, n, stored_type(check));
}

double *nscl_check_read_pair(nscl_check *check, cl_mem mem, size_t n, int preconditioned)
{
    return read_as(check, mem, n, pair_type(preconditioned));
}

double *nscl_check_read_blocks(nscl_check *check, cl_mem mem, int c, int h, int w)
{
    size_t m = (size_t)h * (size_t)w, lanes = (size_t)nscl_blocks(check->ctx, c) * (size_t)check->ctx->block;
    double *all = nscl_check_read_stored(check, mem, lanes * m), *y = nscl_check_zeros(check, (size_t)c * m);
    for (size_t k = 0; k < lanes; k++)
        for (size_t p = 0; p < m; p++) {
            double v = all[blocked(check, k, p, m)];
            if (k < (size_t)c)
                y[k * m + p] = v;
            else if (v != 0) { /* true of NaN, too */
                nscl_check_complain(check, "padding lane %zu of pixel %zu is %g", k, p, v);
                return y;
            }
        }
    return y;
}

double *nscl_check_read_square(nscl_check *check, cl_mem mem, int c)
{
    size_t side = nscl_gram_side(check->ctx, c), n = (size_t)c;
    double *all = nscl_check_read(check, mem, side * side), *y = nscl_check_zeros(check, n * n);
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            if (i < n && j < n)
                y[i * n + j] = all[i * side + j];
            else if (all[i * side + j] != 0) {
                nscl_check_complain(check, "padding (%zu, %zu) of the matrix is %g", i, j, all[i * side + j]);
                return y;
            }
        }
    return y;
}

double nscl_check_read_slot(nscl_check *check, cl_mem partial, int slot, int slots)
{
    double *all = nscl_check_read(check, partial, (size_t)slots * NSCL_PARTIALS), sum = 0;
    for (int i = 0; i < slots * NSCL_PARTIALS; i++) {
        if (i / NSCL_PARTIALS == slot)
            sum += all[i];
        else if (!isnan(all[i])) {
            nscl_check_complain(check, "wrote to place %d, outside slot %d", i, slot);
            break;
        }
    }
    return sum;
}

nscl_conv *nscl_check_conv(nscl_check *check, const double *kernel, const double *bias, int cin, int cout, nscl_conv_algorithm algorithm)
{
    nscl_context *ctx = check->ctx;
    nscl_conv *conv =
        nscl_conv_create(ctx, nscl_check_floats(check, kernel, (size_t)cin * (size_t)cout * 9), nscl_check_floats(check, bias, (size_t)cout), cin, cout);
    if (!conv)
        return NULL;
    if (check->conv_count == NSCL_CHECK_CONVS || !nscl_conv_can(ctx, conv, algorithm)) {
        nscl_conv_free(ctx, conv);
        return NULL;
    }
    nscl_conv_use(ctx, conv, algorithm);
    return check->convs[check->conv_count++] = conv;
}
