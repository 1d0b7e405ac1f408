/* What a preset fixes beyond its default settings: the normalisation of each kind of term, how the style pictures are
 * scaled, and the noise of its start. One row a reference system; the formulas are the README's table. */
#ifndef NSCL_PRESET_H
#define NSCL_PRESET_H

#include "nscl.h"

typedef struct nscl_preset_rules {
    const char *name;
    /* Weight of sum((F-P)^2) and of sum((G-A)^2), and the scale of F F^T, for a layer of c channels and m pixels. */
    double (*content_weight)(int c, double m);
    double (*style_weight)(int c, double m);
    double (*gram_scale)(int c, double m);
    /* Weights of the sums of differences down and right of an h x w picture. */
    void (*tv_weights)(int h, int w, double *down, double *right);
    int style_by_width; /* style pictures get the result's width times their scale; else its shorter side */
    double noise;       /* standard deviation of a noise start, in grey levels */
    double noiseblend;  /* where none is given and no initial picture */
    int keeps_best;     /* delivers the lowest loss of checkpoints and last step */
} nscl_preset_rules;

const nscl_preset_rules *nscl_preset_of(nscl_preset preset);

#endif
