/* The first use of a device nobody has measured: a few seconds of trying save more of them. Each candidate first runs on a
 * small part of the picture, which tells whether there is time for the whole. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "precision.h"
#include "trial.h"
#include "tune.h"

enum { SMALL_SIDE = 32 };

static int same_layer(const nscl_tune_layer *a, const nscl_tune_layer *b)
{
    return a->cin == b->cin && a->cout == b->cout && a->h == b->h && a->w == b->w;
}

/* Algorithms allowed for a layer, their number returned. */
static int candidates(nscl_context *ctx, const nscl_tune_layer *l, int *allowed)
{
    nscl_conv conv = {.cin = l->cin, .cout = l->cout};
    int count = 0;
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
        count += allowed[i] = nscl_conv_allowed(ctx, &conv, (nscl_conv_algorithm)i);
    return count;
}

/* The best algorithm found within the seconds, or -1: also where there was no time for the one that would be used without
 * tuning, which comes first. */
static int try_layer(nscl_context *ctx, const nscl_tune_layer *l, double seconds)
{
    nscl_conv conv = {.cin = l->cin, .cout = l->cout};
    nscl_tune_result results[NSCL_CONV_ALGORITHMS];
    double end = nscl_seconds() + seconds, behind = 0;
    int allowed[NSCL_CONV_ALGORITHMS];
    nscl_tune_layer small = {l->cin, l->cout, l->h < SMALL_SIDE ? l->h : SMALL_SIDE, l->w < SMALL_SIDE ? l->w : SMALL_SIDE};
    double larger = (double)l->h * l->w / ((double)small.h * small.w);
    memset(results, 0, sizeof results);
    candidates(ctx, l, allowed);
    nscl_conv_plan(ctx, &conv, l->h, l->w);
    int planned = (int)conv.algorithm;
    for (int n = -1; n < NSCL_CONV_ALGORITHMS; n++) {
        int i = n < 0 ? planned : n;
        if (!allowed[i] || n == planned || nscl_seconds() >= end || (n >= 0 && !results[planned].good))
            continue;
        if (!nscl_trial_conv(ctx, (nscl_conv_algorithm)i, (const int[]){small.cin, small.cout, small.h, small.w}))
            continue;
        nscl_tune_result r = nscl_tune_measure(ctx, &small, (nscl_conv_algorithm)i, 0, 0);
        double whole = larger * (r.seconds[0] + r.seconds[1]);
        if (!r.good || nscl_seconds() + 5 * whole > end || (behind > 0 && whole > 4 * behind)) {
            nscl_log(ctx, NSCL_LOG_DEBUG, "tuning %d to %d channels: %s left out: %s", l->cin, l->cout, nscl_conv_names[i], r.good ? "too slow" : r.why);
            continue;
        }
        results[i] = same_layer(&small, l) ? r : nscl_tune_measure(ctx, l, (nscl_conv_algorithm)i, behind, 0);
        double now = results[i].seconds[0] + results[i].seconds[1];
        if (results[i].good && (behind <= 0 || now < behind))
            behind = now;
    }
    return results[planned].good ? nscl_tune_best(results) : -1;
}

static void keep(nscl_context *ctx, const char *path, nscl_tune_choice *choices, int count)
{
    nscl_error error = {NSCL_OK, ""};
    char *rows = nscl_tune_rows(choices, count);
    if (!rows)
        return;
    nscl_tuning_add(ctx, rows, path);
    if (nscl_tuning_write(&ctx->facts, path, rows, &error) != NSCL_OK)
        nscl_log(ctx, NSCL_LOG_WARNING, "%s", error.text);
    ctx->tuning->user_file = 1;
    free(rows);
}

int nscl_tune_first(nscl_context *ctx, const nscl_tune_layer *layers, int count, double seconds)
{
    int allowed[NSCL_CONV_ALGORITHMS], wide = 0, chosen = 0;
    if (!ctx->tuning || ctx->checking || ctx->tuning->rows || ctx->tuning->user_file || nscl_tuning_off() || getenv("NSCL_FEATURES") ||
        ctx->facts.quirks & NSCL_QUIRK_EMULATED || ctx->error.code != NSCL_OK)
        return 0;
    char *path = nscl_tuning_path(&ctx->facts);
    nscl_tune_layer *distinct = calloc((size_t)count, sizeof *distinct);
    nscl_tune_choice *choices = calloc((size_t)count, sizeof *choices);
    for (int i = 0; distinct && i < count; i++) {
        int known = candidates(ctx, &layers[i], allowed) < 2;
        for (int j = 0; j < wide; j++)
            known |= same_layer(&layers[i], &distinct[j]);
        if (!known)
            distinct[wide++] = layers[i];
    }
    if (!path || !choices || !wide) {
        wide = 0;
        goto done;
    }
    double start = nscl_seconds();
    nscl_log(ctx, NSCL_LOG_INFO, "first use of this device: trying ways to convolve for up to %.0f s (NSCL_TUNE=off leaves that out; nscl-tune tries harder)",
             seconds);
    for (int i = 0; i < wide; i++) {
        double left = start + seconds - nscl_seconds();
        int best = left > 0 ? try_layer(ctx, &distinct[i], left / (wide - i)) : -1;
        if (best >= 0)
            choices[chosen++] = (nscl_tune_choice){distinct[i], (nscl_conv_algorithm)best};
    }
    nscl_trial_close(ctx);
    keep(ctx, path, choices, chosen);
    nscl_log(ctx, NSCL_LOG_INFO, "tuned %d of %d layers in %.1f s; kept in %s", chosen, wide, nscl_seconds() - start, path);
done:
    free(path);
    free(distinct);
    free(choices);
    return wide > 0;
}

int nscl_tune_network(const nscl_network *n, int h, int w)
{
    nscl_tune_layer layers[NSCL_MAX_CONVS];
    for (int i = 0; i < n->depth; i++) {
        if (n->starts_block[i]) {
            h = nscl_pooled(h, n->pool_round_up);
            w = nscl_pooled(w, n->pool_round_up);
        }
        layers[i] = (nscl_tune_layer){n->conv[i]->cin, n->conv[i]->cout, h, w};
    }
    /* Measured and compared in floats, whatever this run keeps its maps as: the rows serve both. */
    nscl_precision now = n->ctx->half_storage ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32;
    nscl_precision_set(n->ctx, NSCL_PRECISION_FP32, NULL);
    int tuned = nscl_tune_first(n->ctx, layers, n->depth, NSCL_TUNE_SECONDS);
    nscl_precision_set(n->ctx, now, NULL);
    return tuned;
}
