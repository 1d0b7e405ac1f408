#include "preset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* For a layer of c channels and m pixels. */
static double one_over_features(int c, double m)
{
    return 1.0 / (c * m);
}

static double one_over_pixels(int c, double m)
{
    (void)c;
    return 1.0 / m;
}

static double one_over_gram(int c, double m)
{
    (void)m;
    return 1.0 / ((double)c * c);
}

/* gatys: 1 / C^2 times the mean over the C^2 elements. */
static double one_over_gram_squared(int c, double m)
{
    return one_over_gram(c, m) * one_over_gram(c, m);
}

static void mean_differences(int h, int w, double *down, double *right)
{
    *down = h > 1 ? 1.0 / (3.0 * (h - 1) * w) : 0.0;
    *right = w > 1 ? 1.0 / (3.0 * h * (w - 1)) : 0.0;
}

static const nscl_preset_rules presets[NSCL_PRESET_COUNT] = {
    [NSCL_PRESET_GATYS] = {"gatys", one_over_features, one_over_gram_squared, one_over_pixels, mean_differences, 0, 1.0, 0.0, 0},
    [NSCL_PRESET_NEURAL_STYLE] = {"neural-style", one_over_features, one_over_gram, one_over_features, mean_differences, 1, 0.256, 1.0, 1},
};

const nscl_preset_rules *nscl_preset_of(nscl_preset preset)
{
    return &presets[preset];
}

const char *nscl_preset_name(nscl_preset preset)
{
    return (int)preset >= 0 && preset < NSCL_PRESET_COUNT ? presets[preset].name : NULL;
}

static void add_layer(nscl_layer_weight *layers, int *count, const char *name, double weight)
{
    snprintf(layers[*count].name, sizeof layers[*count].name, "%s", name);
    layers[(*count)++].weight = weight;
}

void nscl_settings_content_blend(nscl_settings *s, double blend)
{
    s->content_layer_count = 0;
    if (blend > 0)
        add_layer(s->content_layers, &s->content_layer_count, "relu4_2", blend);
    if (blend < 1)
        add_layer(s->content_layers, &s->content_layer_count, "relu5_2", 1 - blend);
}

void nscl_settings_style_exp(nscl_settings *s, double ratio)
{
    double weight = 1, sum = 0;
    for (int i = 0; i < s->style_layer_count; i++, weight *= ratio) {
        s->style_layers[i].weight = weight;
        sum += weight;
    }
    for (int i = 0; i < s->style_layer_count && sum > 0; i++)
        s->style_layers[i].weight /= sum;
}

void nscl_settings_init(nscl_settings *s, nscl_preset preset)
{
    static const char *const style[] = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"};
    memset(s, 0, sizeof *s);
    s->preset = preset;
    s->filter = NSCL_FILTER_BILINEAR;
    for (size_t i = 0; i < sizeof style / sizeof *style; i++)
        add_layer(s->style_layers, &s->style_layer_count, style[i], 1);
    for (int i = 0; i < NSCL_MAX_STYLES; i++)
        s->style_scales[i] = s->style_blend_weights[i] = 1;
    s->lbfgs_history = 100;
    s->precondition = preset == NSCL_PRESET_GATYS ? 2 : 0;
    s->learning_rate = 1;
    s->beta1 = 0.9;
    s->beta2 = 0.999;
    s->eps = 1e-8;
    s->initial_noiseblend = -1;
    s->depth = 8;
    s->content_weight = 1;
    s->style_weight = 1000;
    s->iterations = 500;
    s->short_side = 512;
    nscl_settings_content_blend(s, 1);
    if (preset == NSCL_PRESET_NEURAL_STYLE) {
        s->short_side = 0;
        s->pool_round_up = 1;
        s->content_weight = 5;
        s->style_weight = 500;
        s->tv_weight = 100;
        s->optimizer = NSCL_ADAM;
        s->learning_rate = 10;
        s->iterations = 1000;
        nscl_settings_style_exp(s, 1);
    }
}
