/* Rows of check_table.c on the user's device: all of them, on fresh data (nscl_selftest); or before a first painting those that it
 * needs (nscl_selftest_first). */
#include "selftest.h"

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "findings.h"
#include "os.h"
#include "precision.h"
#include "tensor.h"
#include "trial.h"

enum { CASES = 6, HALF_CASES = 2, KNOWN_SEED = 20, SMALL_SIDE = 13, MOST_CHANNELS = 64 };

typedef struct test {
    nscl_check check;
    nscl_check_row rows[NSCL_CHECK_MOST_ROWS];
    int row_count;
    jmp_buf out;
} test;

static void no_memory(void *user)
{
    longjmp(((test *)user)->out, 1);
}

/* NULL without memory. The caller frees it with test_close. */
static test *test_open(nscl_context *ctx)
{
    test *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->check.ctx = ctx;
    t->check.no_memory = no_memory;
    t->check.user = t;
    t->row_count = nscl_check_table(t->rows);
    ctx->checking = 1;
    return t;
}

static void test_close(test *t, int half)
{
    nscl_context *ctx = t->check.ctx;
    ctx->checking = 0;
    nscl_scratch_free(ctx); /* more than the work may need */
    nscl_precision_set(ctx, half ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32, NULL);
    free(t);
}

static nscl_verdict run(test *t, const nscl_check_row *row)
{
    nscl_check *c = &t->check;
    if (setjmp(t->out) == 0)
        nscl_check_run(c, row);
    else {
        nscl_check_complain(c, "no memory");
        nscl_check_end(c);
    }
    return c->skipped ? NSCL_SKIPPED : c->failures || !c->cases ? NSCL_FAILED : NSCL_PASSED;
}

static int is_conv(const nscl_check_row *row)
{
    return strncmp(row->operation, "conv_", 5) == 0;
}

/* A row's verdict among the findings: an algorithm is right where none of its rows fails. */
static void find(nscl_findings *f, const nscl_check_row *row, nscl_verdict verdict)
{
    unsigned bit = 1u << (is_conv(row) ? row->variant : NSCL_FOUND_REST);
    if (verdict == NSCL_PASSED)
        f->right[row->half] |= bit;
    else if (verdict == NSCL_FAILED)
        f->wrong[row->half] |= bit;
}

/* ---- All of it ---- */

static uint64_t fresh_seed(void)
{
    return ((uint64_t)time(NULL) << 20 ^ (uint64_t)(1e6 * nscl_seconds())) & 0xffffffffffffu;
}

nscl_status nscl_selftest(nscl_context *ctx, uint64_t seed, nscl_selftest_fn report, void *user, nscl_selftest_result *out, nscl_error *error)
{
    nscl_selftest_result result = {seed ? seed : fresh_seed(), 0, 0, 0, 0};
    double start = nscl_seconds();
    int half = ctx->half_storage, stopped = 0;
    char first[160] = "";
    test *t = test_open(ctx);
    if (!t)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the self-test");
    nscl_findings found = {{0}, {0}}, before = ctx->findings;
    int emulated = (ctx->facts.quirks & NSCL_QUIRK_EMULATED) != 0; /* and slow: one tiny shape a row */
    t->check.vgg = !emulated;
    t->check.small = emulated ? 2 : 0;
    for (int i = 0; i < t->row_count && !stopped; i++) {
        const nscl_check_row *row = &t->rows[i];
        nscl_check *c = &t->check;
        c->wanted = emulated ? 1 : row->half ? HALF_CASES : CASES; /* 16 bits: other loads and stores only */
        c->rng.state = result.seed + ((uint64_t)i << 48);
        nscl_verdict verdict = run(t, row);
        find(&found, row, verdict);
        ctx->findings = nscl_findings_merged(before, &found); /* the whole network, last, uses what was found right */
        if (verdict == NSCL_FAILED && !first[0])
            snprintf(first, sizeof first, "%s%s%s%s", row->operation, row->way[0] ? " " : "", row->way, row->half ? ", fp16-storage" : "");
        *(verdict == NSCL_PASSED ? &result.passed : verdict == NSCL_FAILED ? &result.failed : &result.skipped) += 1;
        nscl_selftest_row told = {.operation = row->operation,
                                  .way = row->way,
                                  .precision = row->half ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32,
                                  .cases = c->cases,
                                  .shape = c->worst,
                                  .error = c->means ? sqrt(c->worst_nmse) : c->worst_error,
                                  .bound = c->means ? sqrt(row->bound.nmse) : c->worst_allowed,
                                  .share = c->worst_share,
                                  .verdict = verdict,
                                  .why = verdict == NSCL_SKIPPED  ? c->skipped
                                         : verdict == NSCL_FAILED ? c->why
                                                                  : NULL};
        stopped = report && report(&told, user);
    }
    result.seconds = nscl_seconds() - start;
    if (stopped)
        ctx->findings = before;
    else
        nscl_findings_add(ctx, &found);
    test_close(t, half);
    if (out)
        *out = result;
    if (stopped)
        return NSCL_CANCELLED;
    return result.failed ? nscl_fail(error, NSCL_BAD_DEVICE, "%d of %d checks failed on %s, the first %s", result.failed, result.passed + result.failed,
                                     ctx->facts.info.name, first)
                         : NSCL_OK;
}

/* ---- Before a first painting ---- */

static const char *precision_name(const nscl_context *ctx)
{
    return ctx->half_storage ? "fp16-storage" : "fp32";
}

/* The smallest layer that is to use an algorithm, in small: the kernels are the same for all. 0 where there is none. */
static int small_layer(const nscl_network *n, nscl_conv_algorithm algorithm, int layer[4])
{
    const nscl_conv *least = NULL;
    for (int i = 0; i < n->depth; i++)
        if (n->conv[i]->algorithm == algorithm && (!least || n->conv[i]->cin * n->conv[i]->cout < least->cin * least->cout))
            least = n->conv[i];
    if (!least)
        return 0;
    layer[0] = least->cin < MOST_CHANNELS ? least->cin : MOST_CHANNELS;
    layer[1] = least->cout < MOST_CHANNELS ? least->cout : MOST_CHANNELS;
    layer[2] = SMALL_SIDE;
    layer[3] = SMALL_SIDE + 1;
    return 1;
}

/* Both directions of an algorithm. */
static nscl_verdict check_algorithm(test *t, int algorithm, const int layer[4])
{
    nscl_check *c = &t->check;
    memcpy(c->layer, layer, sizeof c->layer);
    for (int i = 0; i < t->row_count; i++) {
        const nscl_check_row *row = &t->rows[i];
        c->rng.state = KNOWN_SEED;
        if (is_conv(row) && row->variant == algorithm && row->half == c->ctx->half_storage && run(t, row) == NSCL_FAILED)
            return NSCL_FAILED;
    }
    return NSCL_PASSED;
}

/* What every painting needs beside convolutions, and has no second way to do. */
static int needed(const nscl_context *ctx, const nscl_check_row *row, nscl_pooling pools)
{
    const char *pooling = pools == NSCL_POOL_MAX ? "max" : "average", *gram = ctx->features & NSCL_FEATURE_BLOCKED ? "blocked" : "gemm";
    const struct {
        const char *operation, *way;
    } all[] = {{"pool_fwd", pooling}, {"pool_bwd", pooling}, {"gram_fwd", gram}, {"gram_bwd", gram},
               {"gram_loss", ""},     {"content_loss", ""},  {"dot_product", ""}};
    int found = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        found |= strcmp(row->operation, all[i].operation) == 0 && strcmp(row->way, all[i].way) == 0;
    return found && row->half == ctx->half_storage;
}

/* The row that fails, or NULL. */
static const nscl_check_row *check_rest(test *t, nscl_pooling pooling)
{
    memset(t->check.layer, 0, sizeof t->check.layer);
    t->check.vgg = t->check.wanted = 1;
    for (int i = 0; i < t->row_count; i++) {
        t->check.rng.state = KNOWN_SEED;
        if (needed(t->check.ctx, &t->rows[i], pooling) && run(t, &t->rows[i]) == NSCL_FAILED)
            return &t->rows[i];
    }
    return NULL;
}

void nscl_selftest_try(nscl_context *ctx, int what, const int layer[4], nscl_pooling pooling)
{
    int half = ctx->half_storage;
    test *t = test_open(ctx);
    if (!t)
        return;
    if (what == NSCL_FOUND_REST)
        check_rest(t, pooling);
    else
        check_algorithm(t, what, layer);
    test_close(t, half);
}

static int is_new(const nscl_network *n)
{
    const nscl_context *ctx = n->ctx;
    unsigned right = ctx->findings.right[ctx->half_storage];
    int any = !(right >> NSCL_FOUND_REST & 1);
    for (int i = 0; i < n->depth; i++)
        any |= !(right >> n->conv[i]->algorithm & 1);
    return any;
}

static int off(const nscl_context *ctx)
{
    const char *wanted = getenv("NSCL_SELFTEST");
    return ctx->checking || ctx->conv_wanted || ctx->facts.quirks & NSCL_QUIRK_EMULATED || (wanted && strcmp(wanted, "off") == 0);
}

/* Algorithms until all that the plan has are right. */
static nscl_status check_plan(test *t, const nscl_network *n, int h, int w, nscl_error *error)
{
    nscl_context *ctx = n->ctx;
    int half = ctx->half_storage, layer[4];
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++) {
        if (ctx->findings.right[half] >> i & 1 || !small_layer(n, (nscl_conv_algorithm)i, layer))
            continue;
        if (nscl_trial_conv(ctx, (nscl_conv_algorithm)i, layer)) {
            if (check_algorithm(t, i, layer) == NSCL_PASSED) {
                nscl_findings_include(ctx, i);
                continue;
            }
            nscl_findings_exclude(ctx, i);
            nscl_log(ctx, NSCL_LOG_WARNING, "%s fails at convolution %s (%s): another is used from now on (%s)", ctx->facts.info.name, nscl_conv_names[i],
                     precision_name(ctx), t->check.why);
        }
        nscl_network_plan(n, h, w);
        nscl_status status = nscl_context_status(ctx, error);
        if (status != NSCL_OK)
            return status;
        i = -1; /* the new plan may have others */
    }
    return NSCL_OK;
}

static nscl_status find_rest(test *t, nscl_pooling pooling, nscl_error *error)
{
    nscl_context *ctx = t->check.ctx;
    nscl_status status = nscl_trial_rest(ctx, pooling, error);
    const nscl_check_row *wrong = status == NSCL_OK ? check_rest(t, pooling) : NULL;
    if (wrong)
        status = nscl_fail(error, NSCL_BAD_DEVICE, "%s fails at %s %s (%s): choose another device; nscl-selftest shows more", ctx->facts.info.name,
                           wrong->operation, wrong->way, t->check.why);
    if (status == NSCL_OK)
        nscl_findings_include(ctx, NSCL_FOUND_REST);
    return status;
}

nscl_status nscl_selftest_first(const nscl_network *n, int h, int w, nscl_error *error)
{
    nscl_context *ctx = n->ctx;
    if (off(ctx))
        return NSCL_OK;
    nscl_network_plan(n, h, w);
    if (ctx->error.code != NSCL_OK)
        return nscl_context_status(ctx, error);
    if (!is_new(n))
        return NSCL_OK;
    double start = nscl_seconds();
    size_t peak = ctx->peak_bytes; /* no part of what the work takes */
    test *t = test_open(ctx);
    if (!t)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the self-test");
    nscl_status status = check_plan(t, n, h, w, error);
    if (status == NSCL_OK && !(ctx->findings.right[ctx->half_storage] >> NSCL_FOUND_REST & 1))
        status = find_rest(t, n->pooling, error);
    test_close(t, ctx->half_storage);
    nscl_trial_close(ctx);
    ctx->peak_bytes = peak;
    nscl_log(ctx, NSCL_LOG_INFO, "first use of this device: self-test in %.2f s", nscl_seconds() - start);
    return status;
}
