/* What a preset fixes beyond its default settings: the normalisation of each kind of term, how the style pictures are
 * scaled, the units of its picture and the noise of its start. One row a reference system; the formulas are the README's
 * table. */
#ifndef NSCL_PRESET_H
#define NSCL_PRESET_H

#include "nscl.h"

/* A layer: its channels, the pixels of its feature map, and those of the result. */
typedef struct nscl_layer_size {
    int c;
    double m, pixels;
} nscl_layer_size;

/* What a style picture's size follows, times its scale: the result's shorter side, its width, its longer side (each with the
 * picture's own aspect), or both sides. */
typedef enum nscl_style_fit { NSCL_STYLE_SHORTER, NSCL_STYLE_WIDTH, NSCL_STYLE_LONGER, NSCL_STYLE_STRETCHED } nscl_style_fit;

typedef struct nscl_preset_rules {
    const char *name;
    const char *network; /* that it is defined on, as nscl_weights_open takes it */
    /* Weight of sum((F-P)^2) and of sum((G-A)^2) for the result's own feature maps; the scale of F F^T for a feature map of m
     * pixels, the result's or a style picture's. */
    double (*content_weight)(nscl_layer_size l);
    double (*style_weight)(nscl_layer_size l);
    double (*gram_scale)(nscl_layer_size l);
    /* Weights of the sums of differences down and right of an h x w picture. */
    void (*tv_weights)(int h, int w, double *down, double *right);
    nscl_style_fit style_fit;
    /* Grey levels of a unit of its picture: 255 where values are 0 to 1. Total variation, Adam's rate and eps are in units. */
    double unit;
    double mean; /* grey level that is 0 to the optimiser, in all channels; below 0: the network's means */
    /* Noise of a start, in grey levels of the variable (picture minus mean): N(0, noise^2), or uniform in [low, high) where
     * noise is 0. */
    double noise, noise_low, noise_high;
    double noiseblend; /* where none is given and no initial picture */
    int keeps_best;    /* delivers the lowest loss of checkpoints and last step */
} nscl_preset_rules;

const nscl_preset_rules *nscl_preset_of(nscl_preset preset);

#endif
