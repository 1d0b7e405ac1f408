/* The judge of the device's operations: the same names and arguments as host/ops.h, host/conv.h and the kernels of
 * cl/optim.cl and cl/image.cl, written as the formulas read, in double, on planar (c, h, w) arrays without padding.
 * Nothing here is fast or clever, and nothing is shared with what it judges. Matrices of Grams are (c, c). */
#ifndef NSCL_REFERENCE_H
#define NSCL_REFERENCE_H

#include <stddef.h>

#include "nscl.h"

void nscl_ref_relu_fwd(double *y, const double *x, size_t n);
void nscl_ref_axpby(double *y, const double *x, size_t n, double a, double b);
void nscl_ref_fill(double *y, size_t n, double value);

/* kernel (cout, cin, 3, 3). */
void nscl_ref_conv_fwd(double *y, const double *x, const double *kernel, const double *bias, int cin, int cout, int h, int w, int relu);
/* mask (cin, h, w) or NULL. */
void nscl_ref_conv_bwd(double *dx, const double *dz, const double *kernel, const double *mask, int cin, int cout, int h, int w);

int nscl_ref_pooled(int n, int round_up);
void nscl_ref_pool_fwd(double *y, const double *x, int c, int h, int w, int round_up, nscl_pooling pooling);
void nscl_ref_pool_bwd(double *dx, const double *dy, const double *x, int c, int h, int w, int round_up, nscl_pooling pooling);

void nscl_ref_gram_fwd(double *gram, const double *f, int c, int h, int w, double scale);
double nscl_ref_gram_loss(double *slope, const double *gram, const double *target, int c, double factor, int accumulate);
void nscl_ref_gram_bwd(double *df, const double *slope, const double *f, int c, int h, int w, int masked, int accumulate);

double nscl_ref_content_loss(double *df, const double *f, const double *target, size_t n, double factor, int masked, int accumulate);

double nscl_ref_tv_fwd(const double *x, int h, int w, nscl_tv form, double ay, double ax);
/* Adds to dx; the absolute values of what it adds are added to `magnitude` unless that is NULL. */
void nscl_ref_tv_bwd(double *dx, double *magnitude, const double *x, int h, int w, nscl_tv form, double ay, double ax);

double nscl_ref_dot_product(const double *a, const double *b, size_t n);
double nscl_ref_sum_absolute(const double *a, size_t n);

/* Step t (from 1) of Adam. TensorFlow's form adds eps to the uncorrected root of v; the other is Kingma and Ba's algorithm 1.
 * Then x is brought into lo..hi where lo < hi. */
typedef enum nscl_ref_adam { NSCL_REF_ADAM_TENSORFLOW, NSCL_REF_ADAM_KINGMA } nscl_ref_adam;
void nscl_ref_adam_step(double *x, double *m, double *v, const double *g, size_t n, int t, double lr, double b1, double b2, double eps, nscl_ref_adam form,
                        double lo, double hi);
void nscl_ref_step_to(double *y, const double *x, const double *d, size_t n, double t);
/* v rounded to bfloat16, to even; v is 0 or of a normal float's size. */
double nscl_ref_bfloat16(double v);
void nscl_ref_lbfgs_pair(double *s, double *y, const double *d, const double *g, const double *g_old, size_t n, double t);

/* The pyramid on pictures (3, h, w): y = down x, of (h + 1) / 2 by (w + 1) / 2; x += weight * 4 down^T y; and v = H0 v. */
void nscl_ref_pyramid_down(double *y, const double *x, int h, int w);
void nscl_ref_pyramid_up(double *x, const double *y, int h, int w, double weight);
/* `work`: room for as many values as v has. */
void nscl_ref_pyramid_apply(double *v, double *work, int h, int w, double ratio);

/* Position o of each line is the sum over t < count[o] of coefficient[o * taps + t] * x[first[o] + t]; planes of (h, w)
 * resampled along the rows' direction (columns 1: w becomes on) or the other (h becomes on). */
void nscl_ref_resize_pass(double *y, const double *x, const int *first, const int *count, const double *coefficient, int taps, int planes, int h, int w, int on,
                          int columns, int round_levels);
void nscl_ref_image_affine(double *y, const double *x, size_t m, double scale, const double *shift, double lo, double hi);
void nscl_ref_image_box(double *u, size_t m, const double mean[3]);
void nscl_ref_image_blend(double *y, const double *noise, size_t n, double t);
void nscl_ref_image_keep_colours(double *y, const double *content, size_t m);

#endif
