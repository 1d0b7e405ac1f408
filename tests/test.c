#define _POSIX_C_SOURCE 200809L
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "weights_values.h"

/* More floats than a launch rounded up to whole work-groups of NSCL_GROUP could touch. */
enum { GUARD = 2 * NSCL_GROUP * 16, MOST_ARRAYS = 256 };
/* Enough for the tiniest shapes, so that it need not grow; see keeps(). */
enum { SCRATCH = 1 << 18 };
static const uint32_t untouched = 0x7fc5a5a5; /* a NaN that no operation makes */
static const uint16_t untouched_half = 0x7ea5;

nscl_context *test_ctx;
int test_small;
rng test_rng;

static struct {
    const char *name;
    test_bound bound;
    char label[160];
    int asked, cases, compared, failures;
    double worst_nmse, worst_share;
    void *memory[MOST_ARRAYS];
    cl_mem arrays[MOST_ARRAYS];
    size_t memory_count, array_count;
} now;

/* Work-groups of so many items where they share a sum, or do much each. */
static void set_items(nscl_context *ctx, int items)
{
    char *at = strstr(ctx->build_options, "-DRL="), rest[sizeof ctx->build_options];
    assert_non_null(at);
    snprintf(rest, sizeof rest, "%s", at + strcspn(at, " "));
    snprintf(at, sizeof ctx->build_options - (size_t)(at - ctx->build_options), "-DRL=%d%s", items, rest);
    ctx->reduce_items = ctx->heavy_items = items;
}

int test_open(void)
{
    nscl_error error = {0};
    const char *like = getenv("NSCL_TEST_LIKE");
    const char *small = getenv("NSCL_TEST_SMALL");
    test_small = small ? atoi(small) : 0;
    nscl_status status = nscl_open(&test_ctx, NULL, &error);
    if (status == NSCL_NO_DEVICE) {
        printf("skipped: %s\n", error.text);
        return TEST_SKIPPED;
    }
    if (status != NSCL_OK) {
        printf("cannot open the device: %s\n", error.text);
        return 1;
    }
    if (like && strcmp(like, "gpu") == 0)
        set_items(test_ctx, 64);
    else if (test_small > 2)
        set_items(test_ctx, 8); /* as good as 64 for finding races, and quicker */
    for (int i = 0; i < NSCL_SCRATCHES && test_small > 2; i++)
        nscl_scratch(test_ctx, i, SCRATCH);
    const nscl_device_info *d = nscl_context_device(test_ctx);
    printf("device: %s [%s], driver %s; blocks of %d, %d items a sum%s\n", d->name, d->platform_name, d->driver, test_ctx->block, test_ctx->reduce_items,
           test_small ? ", fewer shapes" : "");
    return 0;
}

/* Oclgrind believes that a buffer ends where the host's last write to it did, or to one whose place it took: it is given
 * whole writes only, and nothing back before the end. */
static int keeps(void)
{
    return test_small > 2;
}

void test_conv_free(nscl_conv *conv)
{
    if (!keeps())
        nscl_conv_free(test_ctx, conv);
}

static void release(void)
{
    for (size_t i = 0; i < now.array_count && !keeps(); i++)
        nscl_buffer_free(test_ctx, now.arrays[i]);
    for (size_t i = 0; i < now.memory_count; i++)
        free(now.memory[i]);
    now.array_count = now.memory_count = 0;
}

int test_close(int status)
{
    release();
    nscl_close(test_ctx);
    test_ctx = NULL;
    return status;
}

/* What nothing has been written to. */
static uint32_t *fresh(size_t n)
{
    uint32_t *bits = test_memory(n * sizeof *bits);
    for (size_t i = 0; i < n; i++)
        bits[i] = untouched;
    return bits;
}

/* ---- Rows and cases ---- */

void test_row_begin(const char *name, test_bound bound)
{
    release();
    memset(&now, 0, sizeof now);
    now.name = name;
    now.bound = bound;
    test_rng.state = 1;
}

void test_complain(const char *format, ...)
{
    va_list arguments;
    if (++now.failures > 8)
        return;
    printf("  %s, %s: ", now.name, now.label);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* Errors of the device are the case's: without this the rest would be silent no-ops. */
static void check_device(void)
{
    nscl_error error = {0};
    if (nscl_context_status(test_ctx, &error) != NSCL_OK)
        test_complain("%s", error.text);
}

/* Scratch memory that earlier cases left, of which some need hundreds of MB: filled on the device, but where only the host's
 * writes count. */
static void spoil(cl_mem mem, size_t n)
{
    if (keeps())
        nscl_buffer_write(test_ctx, mem, fresh(n), n * sizeof untouched);
    else if (mem && clEnqueueFillBuffer(test_ctx->queue, mem, &untouched, sizeof untouched, 0, n * sizeof untouched, 0, NULL, NULL) != CL_SUCCESS)
        test_complain("cannot fill %zu values of scratch memory", n);
}

int test_case(const char *format, ...)
{
    enum { STRIDE = 5 }; /* prime to the variants of a shape */
    va_list arguments;
    check_device();
    release();
    if (test_small > 2 && now.asked++ % STRIDE != STRIDE / 2)
        return 0;
    va_start(arguments, format);
    vsnprintf(now.label, sizeof now.label, format, arguments);
    va_end(arguments);
    now.cases++;
    for (int i = 0; i < NSCL_SCRATCHES; i++)
        spoil(test_ctx->scratch[i], test_ctx->scratch_bytes[i] / sizeof(uint32_t));
    return 1;
}

void test_row_end(void)
{
    check_device();
    release();
    if (!now.compared)
        printf("  %-24s %4d cases\n", now.name, now.cases);
    else if (now.bound.nmse == 0 && !now.failures)
        printf("  %-24s %4d cases, exact\n", now.name, now.cases);
    else
        printf("  %-24s %4d cases, error %.1e (at most %.1e), %5.1f %% of the bound of an element\n", now.name, now.cases, sqrt(now.worst_nmse),
               sqrt(now.bound.nmse), 100 * now.worst_share);
    fflush(stdout);
    assert_int_not_equal(now.cases, 0);
    assert_int_equal(now.failures, 0);
}

/* ---- Host arrays ---- */

void *test_memory(size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);
    if (!p || now.memory_count == MOST_ARRAYS)
        abort();
    return now.memory[now.memory_count++] = p;
}

double *test_zeros(size_t n)
{
    return test_memory(n * sizeof(double));
}

double *test_copy(const double *x, size_t n)
{
    return memcpy(test_zeros(n), x, n * sizeof *x);
}

double *test_absolute(const double *x, size_t n)
{
    double *y = test_zeros(n);
    for (size_t i = 0; i < n; i++)
        y[i] = fabs(x[i]);
    return y;
}

double *test_normal(size_t n)
{
    double *y = test_zeros(n);
    for (size_t i = 0; i < n; i++) {
        float v = (float)rng_normal(&test_rng);
        unsigned char half[2];
        if (test_ctx->half_storage) {
            nscl_values_encode(half, &v, 1, NSCL_VALUE_F16);
            nscl_values_decode(&v, half, 1, NSCL_VALUE_F16);
        }
        y[i] = (double)v;
    }
    return y;
}

double *test_rectified(size_t n)
{
    double *y = test_normal(n);
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
    return y;
}

double *test_levels(size_t n, int most)
{
    double *y = test_zeros(n);
    for (size_t i = 0; i < n; i++)
        y[i] = rng_below(&test_rng, 2 * most + 1) - most;
    return y;
}

float *test_floats(const double *x, size_t n)
{
    float *y = test_memory(n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
    return y;
}

/* ---- Device arrays ---- */

static cl_mem kept(cl_mem mem)
{
    if (now.array_count == MOST_ARRAYS)
        abort();
    return now.arrays[now.array_count++] = mem;
}

static cl_mem place(const double *x, size_t n)
{
    uint32_t *bits = fresh(n + GUARD);
    for (size_t i = 0; x && i < n; i++) {
        float v = (float)x[i];
        memcpy(&bits[i], &v, sizeof v);
    }
    return kept(nscl_buffer_copy(test_ctx, bits, (n + GUARD) * sizeof *bits));
}

/* As feature maps are kept. */
static cl_mem place_stored(const double *x, size_t n)
{
    if (!test_ctx->half_storage)
        return place(x, n);
    uint16_t *bits = test_memory((n + GUARD) * sizeof *bits);
    for (size_t i = 0; i < n + GUARD; i++) {
        float v = x && i < n ? (float)x[i] : 0;
        if (x && i < n)
            nscl_values_encode((unsigned char *)&bits[i], &v, 1, NSCL_VALUE_F16);
        else
            bits[i] = untouched_half;
    }
    return kept(nscl_buffer_copy(test_ctx, bits, (n + GUARD) * sizeof *bits));
}

cl_mem test_input(const double *x, size_t n)
{
    return place(x, n);
}

cl_mem test_output(size_t n)
{
    return place(NULL, n);
}

cl_mem test_stored_input(const double *x, size_t n)
{
    return place_stored(x, n);
}

cl_mem test_stored_output(size_t n)
{
    return place_stored(NULL, n);
}

/* Place of (channel, pixel) among blocks of m pixels. */
static size_t blocked(size_t k, size_t p, size_t m)
{
    size_t b = (size_t)test_ctx->block;
    return (k / b * m + p) * b + k % b;
}

cl_mem test_blocks_input(const double *x, int c, int h, int w)
{
    size_t m = (size_t)h * (size_t)w, n = nscl_block_floats(test_ctx, c, h, w);
    double *all = test_zeros(n);
    for (size_t k = 0; k < (size_t)c; k++)
        for (size_t p = 0; p < m; p++)
            all[blocked(k, p, m)] = x[k * m + p];
    return place_stored(all, n);
}

cl_mem test_blocks_output(int c, int h, int w)
{
    return place_stored(NULL, nscl_block_floats(test_ctx, c, h, w));
}

cl_mem test_square_input(const double *x, int c)
{
    size_t side = nscl_gram_side(test_ctx, c), n = (size_t)c;
    double *all = test_zeros(side * side);
    for (size_t i = 0; i < n; i++)
        memcpy(all + i * side, x + i * n, n * sizeof *x);
    return place(all, side * side);
}

double *test_read(cl_mem mem, size_t n)
{
    double *y = test_zeros(n);
    float *values = test_memory((n + GUARD) * sizeof *values);
    nscl_buffer_read(test_ctx, values, mem, (n + GUARD) * sizeof *values);
    if (test_ctx->error.code != NSCL_OK) {
        check_device();
        return y;
    }
    for (size_t i = 0; i < GUARD; i++)
        if (memcmp(&values[n + i], &untouched, sizeof untouched) != 0) {
            test_complain("wrote %zu places past the end of an array of %zu", i + 1, n);
            break;
        }
    for (size_t i = 0; i < n; i++)
        y[i] = (double)values[i];
    return y;
}

double *test_read_stored(cl_mem mem, size_t n)
{
    if (!test_ctx->half_storage)
        return test_read(mem, n);
    double *y = test_zeros(n);
    uint16_t *bits = test_memory((n + GUARD) * sizeof *bits);
    nscl_buffer_read(test_ctx, bits, mem, (n + GUARD) * sizeof *bits);
    if (test_ctx->error.code != NSCL_OK) {
        check_device();
        return y;
    }
    for (size_t i = 0; i < GUARD; i++)
        if (bits[n + i] != untouched_half) {
            test_complain("wrote %zu places past the end of an array of %zu", i + 1, n);
            break;
        }
    for (size_t i = 0; i < n; i++) {
        float v;
        nscl_values_decode(&v, (const unsigned char *)&bits[i], 1, NSCL_VALUE_F16);
        y[i] = (double)v;
    }
    return y;
}

double *test_read_blocks(cl_mem mem, int c, int h, int w)
{
    size_t m = (size_t)h * (size_t)w, lanes = (size_t)nscl_blocks(test_ctx, c) * (size_t)test_ctx->block;
    double *all = test_read_stored(mem, lanes * m), *y = test_zeros((size_t)c * m);
    for (size_t k = 0; k < lanes; k++)
        for (size_t p = 0; p < m; p++) {
            double v = all[blocked(k, p, m)];
            if (k < (size_t)c)
                y[k * m + p] = v;
            else if (v != 0) { /* true of NaN, too */
                test_complain("padding lane %zu of pixel %zu is %g", k, p, v);
                return y;
            }
        }
    return y;
}

double *test_read_square(cl_mem mem, int c)
{
    size_t side = nscl_gram_side(test_ctx, c), n = (size_t)c;
    double *all = test_read(mem, side * side), *y = test_zeros(n * n);
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++) {
            if (i < n && j < n)
                y[i * n + j] = all[i * side + j];
            else if (all[i * side + j] != 0) {
                test_complain("padding (%zu, %zu) of the matrix is %g", i, j, all[i * side + j]);
                return y;
            }
        }
    return y;
}

double test_read_slot(cl_mem partial, int slot, int slots)
{
    double *all = test_read(partial, (size_t)slots * NSCL_PARTIALS), sum = 0;
    for (int i = 0; i < slots * NSCL_PARTIALS; i++) {
        if (i / NSCL_PARTIALS == slot)
            sum += all[i];
        else if (!isnan(all[i])) {
            test_complain("wrote to place %d, outside slot %d", i, slot);
            break;
        }
    }
    return sum;
}

/* ---- Comparison ---- */

void test_compare(const char *what, const double *got, const double *want, const double *magnitude, size_t n, double terms)
{
    enum { FEW = 32 }; /* below, one sum that happens to cancel would decide the mean */
    double errors = 0, squares = 0, largest = 0, worst = 0;
    size_t at = 0;
    now.compared++;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(magnitude ? magnitude[i] : want[i]));
    for (size_t i = 0; i < n; i++) {
        double d = fabs(got[i] - want[i]), size = now.bound.widest ? largest : fabs(magnitude ? magnitude[i] : want[i]);
        double allowed = (now.bound.fixed + now.bound.each * terms) * 0x1p-24 * size, share = allowed > 0 ? d / allowed : d > 0 ? HUGE_VAL : 0;
        if (!isfinite(got[i])) {
            test_complain("%s [%zu] is %g, not %g", what, i, got[i], want[i]);
            return;
        }
        errors += d * d;
        squares += want[i] * want[i];
        if (share > worst) {
            worst = share;
            at = i;
        }
    }
    double nmse = errors == 0 ? 0 : squares > 0 ? errors / squares : HUGE_VAL;
    now.worst_share = fmax(now.worst_share, worst);
    if (n >= FEW)
        now.worst_nmse = fmax(now.worst_nmse, nmse);
    if (worst > 1)
        test_complain("%s [%zu of %zu] is %.9g, not %.9g: %.2f times the bound", what, at, n, got[at], want[at], worst);
    else if (n >= FEW && nmse > now.bound.nmse)
        test_complain("%s is off by %.2e in all, at most %.1e", what, sqrt(nmse), sqrt(now.bound.nmse));
}
