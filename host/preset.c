#include "preset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double one(nscl_layer_size l)
{
    (void)l;
    return 1.0;
}

static double one_over_features(nscl_layer_size l)
{
    return 1.0 / (l.c * l.m);
}

/* vgg19-adam: of TensorFlow's l2_loss, which is half the sum. */
static double half_over_features(nscl_layer_size l)
{
    return 0.5 / (l.c * l.m);
}

static double one_over_pixels(nscl_layer_size l)
{
    return 1.0 / l.m;
}

static double one_over_gram(nscl_layer_size l)
{
    return 1.0 / ((double)l.c * l.c);
}

/* gatys: 1 / C^2 times the mean over the C^2 elements. */
static double one_over_gram_squared(nscl_layer_size l)
{
    return one_over_gram(l) * one_over_gram(l);
}

/* The Keras programs: sum((G-A)^2) / (4 * 3^2 * (H * W)^2) with undivided G and A of the picture's H and W. Divided by H * W they
 * stay small, and 1 / 36 is left. */
static double one_over_picture(nscl_layer_size l)
{
    return 1.0 / l.pixels;
}

static double one_over_36(nscl_layer_size l)
{
    (void)l;
    return 1.0 / 36;
}

static void mean_differences(int h, int w, double *down, double *right)
{
    *down = h > 1 ? 1.0 / (3.0 * (h - 1) * w) : 0.0;
    *right = w > 1 ? 1.0 / (3.0 * h * (w - 1)) : 0.0;
}

static void sums_of_differences(int h, int w, double *down, double *right)
{
    (void)h;
    (void)w;
    *down = *right = 1;
}

static const nscl_preset_rules presets[NSCL_PRESET_COUNT] = {
    [NSCL_PRESET_GATYS] = {"gatys", "builtin", one_over_features, one_over_gram_squared, one_over_pixels, mean_differences, .style_fit = NSCL_STYLE_SHORTER,
                           .unit = 1, .mean = -1, .noise = 1},
    [NSCL_PRESET_NEURAL_STYLE] = {"neural-style", "vgg19", one_over_features, one_over_gram, one_over_features, mean_differences, .style_fit = NSCL_STYLE_WIDTH,
                                  .unit = 1, .mean = -1, .noise = 0.256, .noiseblend = 1, .keeps_best = 1},
    [NSCL_PRESET_KERAS_LBFGS] = {"keras-lbfgs", "vgg19", one, one_over_36, one_over_picture, sums_of_differences, .style_fit = NSCL_STYLE_STRETCHED, .unit = 1,
                                 .mean = -1, .noise_low = -128, .noise_high = 97},
    [NSCL_PRESET_TF2_ADAM] = {"tf2-adam", "vgg19", one_over_features, one_over_gram, one_over_pixels, sums_of_differences, .style_fit = NSCL_STYLE_LONGER,
                              .unit = 255, .mean = -1, .noise = 1},
    [NSCL_PRESET_KERAS_VGG16] = {"keras-vgg16", "vgg16", one, one_over_36, one_over_picture, sums_of_differences, .style_fit = NSCL_STYLE_STRETCHED, .unit = 1,
                                 .mean = -1, .noise_low = -128, .noise_high = 97},
    [NSCL_PRESET_VGG19_ADAM] = {"vgg19-adam", "vgg19", half_over_features, half_over_features, one_over_features, mean_differences,
                                .style_fit = NSCL_STYLE_STRETCHED, .unit = 1, .mean = 128, .noise = 1},
};

const nscl_preset_rules *nscl_preset_of(nscl_preset preset)
{
    return &presets[preset];
}

const char *nscl_preset_name(nscl_preset preset)
{
    return (int)preset >= 0 && preset < NSCL_PRESET_COUNT ? presets[preset].name : NULL;
}

const char *nscl_preset_network(nscl_preset preset)
{
    return (int)preset >= 0 && preset < NSCL_PRESET_COUNT ? presets[preset].network : NULL;
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

static void set_layers(nscl_layer_weight *layers, int *count, const char *const *names, double weight)
{
    for (*count = 0; *names; names++)
        add_layer(layers, count, *names, weight);
}

/* The two programs in Keras with SciPy's L-BFGS-B: rounds of 20 evaluations, each of which begins anew. */
static void set_keras(nscl_settings *s, int rounds)
{
    s->filter = NSCL_FILTER_NEAREST;
    s->content_weight = 0.025;
    s->style_weight = 1;
    s->tv_weight = 1;
    s->tv = NSCL_TV_POWER;
    s->lbfgs_history = 10;
    s->round_iterations = 20;
    s->iterations = 20 * rounds;
    nscl_settings_style_exp(s, 1);
}

void nscl_settings_init(nscl_settings *s, nscl_preset preset)
{
    static const char *const first[] = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", NULL}, *const second[] = {"relu1_2", "relu2_2", "relu3_2", NULL},
                             *const relu1_2[] = {"relu1_2", NULL}, *const relu5_2[] = {"relu5_2", NULL};
    memset(s, 0, sizeof *s);
    s->preset = preset;
    s->filter = NSCL_FILTER_BILINEAR;
    set_layers(s->style_layers, &s->style_layer_count, first, 1);
    for (int i = 0; i < NSCL_MAX_STYLES; i++)
        s->style_scales[i] = s->style_blend_weights[i] = 1;
    s->lbfgs_history = 100;
    s->learning_rate = 1;
    s->beta1 = 0.9;
    s->beta2 = 0.999;
    s->eps = 1e-8;
    s->initial_noiseblend = -1;
    s->depth = 8;
    s->content_weight = 1;
    nscl_settings_content_blend(s, 1);
    switch (preset) {
    case NSCL_PRESET_NEURAL_STYLE:
        s->pool_round_up = 1;
        s->content_weight = 5;
        s->style_weight = 500;
        s->tv_weight = 100;
        s->optimizer = NSCL_ADAM;
        s->learning_rate = 10;
        s->iterations = 1000;
        nscl_settings_style_exp(s, 1);
        break;
    case NSCL_PRESET_KERAS_LBFGS:
        set_keras(s, 15);
        s->width = 400;
        s->height = 300;
        s->init = NSCL_INIT_NOISE;
        break;
    case NSCL_PRESET_KERAS_VGG16:
        set_keras(s, 10);
        s->height = 200;
        set_layers(s->content_layers, &s->content_layer_count, relu5_2, 1);
        break;
    case NSCL_PRESET_TF2_ADAM:
        s->size = 512;
        s->filter = NSCL_FILTER_TF_BILINEAR;
        s->content_weight = 1e4;
        s->style_weight = 1e-2;
        s->tv_weight = 30;
        s->tv = NSCL_TV_L1;
        s->optimizer = NSCL_ADAM;
        s->learning_rate = 0.02;
        s->beta1 = 0.99;
        s->eps = 1e-7;
        s->clip = 1;
        s->round_iterations = 20;
        s->iterations = 200;
        set_layers(s->content_layers, &s->content_layer_count, relu5_2, 1);
        nscl_settings_style_exp(s, 1);
        break;
    case NSCL_PRESET_VGG19_ADAM:
        s->width = s->height = 224;
        s->pool_round_up = 1;
        s->style_weight = 1;
        s->optimizer = NSCL_ADAM;
        s->learning_rate = 0.5;
        s->iterations = 500;
        s->checkpoint_iterations = 100;
        s->init = NSCL_INIT_NOISE;
        set_layers(s->content_layers, &s->content_layer_count, relu1_2, 1);
        set_layers(s->style_layers, &s->style_layer_count, second, 1);
        break;
    default:
        s->style_weight = 1000;
        s->iterations = 500;
        s->short_side = 512;
        s->precondition = 2;
    }
}
