/* Rows, cases and the comparison. See check.h. */
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "precision.h"

static const uint32_t untouched = NSCL_CHECK_UNTOUCHED;

/* ---- Rows ---- */

void nscl_check_release(nscl_check *check)
{
    int keep = check->small > 2; /* a simulator must not see memory given back */
    for (size_t i = 0; i < check->conv_count && !keep; i++)
        nscl_conv_free(check->ctx, check->convs[i]);
    for (size_t i = 0; i < check->array_count && !keep; i++)
        nscl_buffer_free(check->ctx, check->arrays[i]);
    for (size_t i = 0; i < check->memory_count; i++)
        free(check->memory[i]);
    check->conv_count = check->array_count = check->memory_count = 0;
}

/* Errors of the device are the case's: without this the rest would be silent no-ops. */
void nscl_check_device(nscl_check *check)
{
    nscl_error error = {NSCL_OK, ""};
    if (nscl_context_status(check->ctx, &error) != NSCL_OK)
        nscl_check_complain(check, "%s", error.text);
}

void nscl_check_begin(nscl_check *check, const char *name, nscl_check_bound bound)
{
    nscl_check_release(check);
    check->name = name;
    check->bound = bound;
    check->skipped = NULL;
    check->asked = check->cases = check->compared = check->means = check->failures = 0;
    check->worst_nmse = check->worst_error = check->worst_allowed = check->worst_share = 0;
    check->label[0] = check->worst[0] = check->why[0] = '\0';
}

void nscl_check_end(nscl_check *check)
{
    nscl_check_device(check);
    nscl_check_release(check);
}

void nscl_check_run(nscl_check *check, const nscl_check_row *row)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_check_begin(check, row->operation, row->bound);
    if (row->half && check->ctx->facts.quirks & NSCL_QUIRK_EMULATED)
        check->skipped = "minutes of compiling, for other loads and stores only";
    else if (nscl_precision_set(check->ctx, row->half ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32, &error) != NSCL_OK)
        check->skipped = "the device converts 16-bit floats wrongly";
    if (check->skipped)
        return;
    if (check->wanted) {
        check->counting = 1;
        row->run(check, row->variant);
        check->total = check->asked;
        check->asked = check->counting = 0;
    }
    if (!check->skipped)
        row->run(check, row->variant);
    nscl_check_end(check);
}

/* ---- Cases ---- */

void nscl_check_complain(nscl_check *check, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (++check->failures > 8)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (check->failures == 1)
        snprintf(check->why, sizeof check->why, "%.90s: %.400s", check->label, line);
    if (check->complain)
        check->complain(check, line, check->user);
}

/* Scratch memory that earlier cases left, of which some need hundreds of MB: filled on the device, but where only the host's
 * writes count. */
static void spoil(nscl_check *check, cl_mem mem, size_t n)
{
    nscl_context *ctx = check->ctx;
    if (mem && check->small > 2) {
        uint32_t *bits = nscl_check_memory(check, n * sizeof *bits);
        for (size_t i = 0; i < n; i++)
            bits[i] = untouched;
        nscl_buffer_write(ctx, mem, bits, n * sizeof *bits);
        return;
    }
    const uint32_t four[4] = {untouched, untouched, untouched, untouched}; /* as nscl_buffer_zero; memory comes in whole lines */
    if (mem && clEnqueueFillBuffer(ctx->queue, mem, four, sizeof four, 0, (n + 3) / 4 * sizeof four, 0, NULL, NULL) != CL_SUCCESS)
        nscl_check_complain(check, "cannot fill %zu values of scratch memory", n);
}

/* Whether this one is among those wanted: the middle one, or some all over the list up to its end, where the largest are. */
static int chosen(nscl_check *check)
{
    enum { STRIDE = 5 }; /* prime to the variants of a shape */
    int n = check->asked++;
    if (check->counting)
        return 0;
    if (check->wanted == 1)
        return n == check->total / 2;
    if (check->wanted && check->wanted < check->total)
        return (n + 1) * check->wanted / check->total > n * check->wanted / check->total;
    return check->small < 3 || n % STRIDE == STRIDE / 2;
}

int nscl_check_case(nscl_check *check, const char *format, ...)
{
    va_list arguments;
    if (!check->counting) {
        nscl_check_device(check);
        nscl_check_release(check);
    }
    if (!chosen(check))
        return 0;
    va_start(arguments, format);
    vsnprintf(check->label, sizeof check->label, format, arguments);
    va_end(arguments);
    check->cases++;
    for (int i = 0; i < NSCL_SCRATCHES; i++)
        spoil(check, check->ctx->scratch[i], check->ctx->scratch_bytes[i] / sizeof(uint32_t));
    return 1;
}

/* ---- Comparison ---- */

void nscl_check_compare(nscl_check *check, const char *what, const double *got, const double *want, const double *magnitude, size_t n, double terms)
{
    enum { FEW = 32 }; /* below, one sum that happens to cancel would decide the mean */
    double errors = 0, squares = 0, largest = 0, worst = 0, scale = 0;
    const double roundings = (check->bound.fixed + check->bound.each * terms) * 0x1p-24;
    size_t at = 0;
    check->compared++;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(magnitude ? magnitude[i] : want[i]));
    for (size_t i = 0; i < n; i++) {
        double d = fabs(got[i] - want[i]), size = check->bound.widest ? largest : fabs(magnitude ? magnitude[i] : want[i]);
        double allowed = roundings * size, share = allowed > 0 ? d / allowed : d > 0 ? HUGE_VAL : 0;
        if (!isfinite(got[i])) {
            check->worst_share = check->worst_error = check->worst_nmse = HUGE_VAL;
            nscl_check_complain(check, "%s [%zu] is %g, not %g", what, i, got[i], want[i]);
            return;
        }
        errors += d * d;
        squares += want[i] * want[i];
        if (share > worst) {
            worst = share;
            scale = size;
            at = i;
        }
    }
    double nmse = errors == 0 ? 0 : squares > 0 ? errors / squares : HUGE_VAL;
    if (worst >= check->worst_share) {
        check->worst_share = worst;
        check->worst_error = scale > 0 ? fabs(got[at] - want[at]) / scale : worst;
        check->worst_allowed = roundings;
        memcpy(check->worst, check->label, sizeof check->worst);
    }
    if (n >= FEW) {
        check->means++;
        check->worst_nmse = fmax(check->worst_nmse, nmse);
    }
    if (worst > 1)
        nscl_check_complain(check, "%s [%zu of %zu] is %.9g, not %.9g: %.2f times the bound", what, at, n, got[at], want[at], worst);
    else if (n >= FEW && nmse > check->bound.nmse)
        nscl_check_complain(check, "%s is off by %.2e in all, at most %.1e", what, sqrt(nmse), sqrt(check->bound.nmse));
}
