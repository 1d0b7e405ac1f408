/* What can be checked before any work: ranges, names, sizes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "weights.h"

#define FAIL(...) return nscl_fail(error, NSCL_BAD_ARGUMENT, __VA_ARGS__)

static nscl_status check_layers(const nscl_layer_weight *layers, int count, const char *kind, const nscl_weights *weights, nscl_error *error)
{
    char list[256];
    int seen[NSCL_MAX_LAYERS][2];
    if (count < 0 || count > NSCL_MAX_LAYERS)
        FAIL("%d %s layers given: 0 to %d are possible", count, kind, NSCL_MAX_LAYERS);
    for (int i = 0; i < count; i++) {
        if (!(layers[i].weight >= 0) || !isfinite(layers[i].weight))
            FAIL("the weight of %s layer '%s' is %g: it must be a number of at least 0", kind, layers[i].name, layers[i].weight);
        if (!weights)
            continue;
        seen[i][0] = nscl_weights_find(weights, layers[i].name, &seen[i][1]);
        if (seen[i][0] < 0)
            FAIL("%s layer '%s': the network has no such layer; it has %s (and conv1_1 ... for the values before ReLU)", kind, layers[i].name,
                 nscl_weights_list(weights, list, sizeof list));
        for (int k = 0; k < i; k++)
            if (seen[k][0] == seen[i][0] && seen[k][1] == seen[i][1])
                FAIL("%s layer '%s' is named twice%s%s: name each layer once and give it a weight", kind, layers[i].name,
                     strcmp(layers[k].name, layers[i].name) ? ", first as " : "", strcmp(layers[k].name, layers[i].name) ? layers[k].name : "");
    }
    return NSCL_OK;
}

#define CHECK(field, condition, rule)                                        \
    do {                                                                     \
        if (!(condition))                                                    \
            FAIL("%s is %g: it must be %s", #field, (double)s->field, rule); \
    } while (0)

nscl_status nscl_settings_check(const nscl_settings *s, const nscl_weights *weights, int style_count, nscl_error *error)
{
    if ((int)s->preset < 0 || s->preset >= NSCL_PRESET_COUNT)
        FAIL("preset %d is unknown", (int)s->preset);
    if (style_count < 1 || style_count > NSCL_MAX_STYLES)
        FAIL("%d style pictures given: 1 to %d are possible", style_count, NSCL_MAX_STYLES);
    CHECK(width, s->width >= 0 && s->width <= 1000000, "a number of pixels");
    CHECK(height, s->height >= 0 && s->height <= 1000000, "a number of pixels");
    CHECK(size, s->size >= 0 && s->size <= 1000000, "a number of pixels");
    CHECK(short_side, s->short_side >= 0 && s->short_side <= 1000000, "a number of pixels");
    CHECK(content_weight, s->content_weight >= 0 && isfinite(s->content_weight), "at least 0");
    CHECK(style_weight, s->style_weight >= 0 && isfinite(s->style_weight), "at least 0");
    CHECK(tv_weight, s->tv_weight >= 0 && isfinite(s->tv_weight), "at least 0");
    CHECK(iterations, s->iterations >= 1, "at least 1");
    CHECK(round_iterations, s->round_iterations == 0 || s->round_iterations >= 2, "0, or at least 2");
    CHECK(lbfgs_history, s->lbfgs_history >= 1 && s->lbfgs_history <= 1000, "1 to 1000");
    CHECK(precondition, s->precondition >= 0 && s->precondition <= 4, "0 to 4");
    CHECK(learning_rate, s->learning_rate > 0 && isfinite(s->learning_rate), "more than 0");
    CHECK(beta1, s->beta1 >= 0 && s->beta1 < 1, "at least 0 and less than 1");
    CHECK(beta2, s->beta2 >= 0 && s->beta2 < 1, "at least 0 and less than 1");
    CHECK(eps, s->eps >= 0 && isfinite(s->eps), "at least 0");
    CHECK(ema, s->ema >= 0 && s->ema < 1, "at least 0 and less than 1");
    CHECK(checkpoint_iterations, s->checkpoint_iterations >= 0, "at least 0");
    CHECK(initial_noiseblend, s->initial_noiseblend <= 1, "0 to 1");
    CHECK(precision, s->precision == NSCL_PRECISION_FP32 || s->precision == NSCL_PRECISION_FP16_STORAGE, "one of nscl_precision");
    CHECK(depth, s->depth == 8 || s->depth == 16, "8 or 16 bits");
    double blend = 0;
    for (int i = 0; i < style_count; i++) {
        CHECK(style_scales[i], s->style_scales[i] > 0 && s->style_scales[i] <= 100, "more than 0 and at most 100");
        CHECK(style_blend_weights[i], s->style_blend_weights[i] >= 0 && isfinite(s->style_blend_weights[i]), "at least 0");
        blend += s->style_blend_weights[i];
    }
    if (!(blend > 0))
        FAIL("the style blend weights are all 0: at least one must be more");
    nscl_status status = check_layers(s->content_layers, s->content_layer_count, "content", weights, error);
    if (status == NSCL_OK)
        status = check_layers(s->style_layers, s->style_layer_count, "style", weights, error);
    if (status == NSCL_OK && s->content_layer_count + s->style_layer_count == 0)
        FAIL("no content layer and no style layer is given: at least one is needed");
    return status;
}

/* a * b / c, truncated, at least 1. Exact, where floating point would sometimes lose the last pixel. */
static int scaled(int a, int b, int c)
{
    long long v = (long long)a * b / c;
    return v < 1 ? 1 : v > 1000000 ? 1000000 : (int)v;
}

nscl_status nscl_settings_size(const nscl_settings *s, int cw, int ch, int *width, int *height, nscl_error *error)
{
    if (cw < 1 || ch < 1)
        FAIL("the content picture has %d x %d pixels", cw, ch);
    int longer = cw > ch ? cw : ch, shorter = cw < ch ? cw : ch;
    if (s->width && s->height) {
        *width = s->width;
        *height = s->height;
    } else if (s->width) {
        *width = s->width;
        *height = scaled(ch, s->width, cw);
    } else if (s->height) {
        *height = s->height;
        *width = scaled(cw, s->height, ch);
    } else if (s->size || s->short_side) {
        int to = s->size ? s->size : s->short_side, from = s->size ? longer : shorter;
        *width = scaled(cw, to, from);
        *height = scaled(ch, to, from);
    } else {
        *width = cw;
        *height = ch;
    }
    return NSCL_OK;
}
