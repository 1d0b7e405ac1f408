/* Plain loops in the order of the formulas. */
#include "reference.h"

#include <math.h>

void nscl_ref_relu_fwd(double *y, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

void nscl_ref_axpby(double *y, const double *x, size_t n, double a, double b)
{
    for (size_t i = 0; i < n; i++)
        y[i] = b == 0 ? a * x[i] : a * x[i] + b * y[i];
}

void nscl_ref_fill(double *y, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        y[i] = value;
}

/* ---- Convolution ---- */

static size_t at3(int c, int y, int x, int h, int w)
{
    return ((size_t)c * (size_t)h + (size_t)y) * (size_t)w + (size_t)x;
}

static double tap(const double *kernel, int cin, int o, int i, int ky, int kx)
{
    return kernel[((size_t)o * (size_t)cin + (size_t)i) * 9 + (size_t)(3 * ky + kx)];
}

/* y(r, s) += factor * x(r + down, s + right) wherever both are within the plane. */
static void add_shifted(double *y, const double *x, double factor, int h, int w, int down, int right)
{
    for (int r = down < 0 ? -down : 0; r < h && r + down < h; r++)
        for (int s = right < 0 ? -right : 0; s < w && s + right < w; s++)
            y[at3(0, r, s, h, w)] += factor * x[at3(0, r + down, s + right, h, w)];
}

void nscl_ref_conv_fwd(double *y, const double *x, const double *kernel, const double *bias, int cin, int cout, int h, int w, int relu)
{
    for (int o = 0; o < cout; o++) {
        nscl_ref_fill(y + at3(o, 0, 0, h, w), (size_t)h * (size_t)w, bias[o]);
        for (int i = 0; i < cin; i++)
            for (int ky = 0; ky < 3; ky++)
                for (int kx = 0; kx < 3; kx++)
                    add_shifted(y + at3(o, 0, 0, h, w), x + at3(i, 0, 0, h, w), tap(kernel, cin, o, i, ky, kx), h, w, ky - 1, kx - 1);
    }
    if (relu)
        nscl_ref_relu_fwd(y, y, (size_t)cout * (size_t)h * (size_t)w);
}

/* Each output's gradient is handed to the inputs it came from: the transposition of the loop above. */
void nscl_ref_conv_bwd(double *dx, const double *dz, const double *kernel, const double *mask, int cin, int cout, int h, int w)
{
    size_t n = (size_t)cin * (size_t)h * (size_t)w;
    nscl_ref_fill(dx, n, 0);
    for (int o = 0; o < cout; o++)
        for (int i = 0; i < cin; i++)
            for (int ky = 0; ky < 3; ky++)
                for (int kx = 0; kx < 3; kx++)
                    add_shifted(dx + at3(i, 0, 0, h, w), dz + at3(o, 0, 0, h, w), tap(kernel, cin, o, i, ky, kx), h, w, 1 - ky, 1 - kx);
    for (size_t k = 0; mask && k < n; k++)
        if (!(mask[k] > 0))
            dx[k] = 0;
}

/* ---- Pooling ---- */

int nscl_ref_pooled(int n, int round_up)
{
    return round_up ? (int)ceil(n / 2.0) : (int)floor(n / 2.0);
}

/* The window of output (oy, ox): places of its elements that exist, in the order of rows. */
static int window(size_t *place, int c, int oy, int ox, int h, int w)
{
    int n = 0;
    for (int y = 2 * oy; y < 2 * oy + 2 && y < h; y++)
        for (int x = 2 * ox; x < 2 * ox + 2 && x < w; x++)
            place[n++] = at3(c, y, x, h, w);
    return n;
}

static int largest(const double *x, const size_t *place, int n)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (x[place[k]] > x[place[best]])
            best = k;
    return best;
}

void nscl_ref_pool_fwd(double *y, const double *x, int c, int h, int w, int round_up, nscl_pooling pooling)
{
    int oh = nscl_ref_pooled(h, round_up), ow = nscl_ref_pooled(w, round_up);
    size_t place[4];
    for (int k = 0; k < c; k++)
        for (int oy = 0; oy < oh; oy++)
            for (int ox = 0; ox < ow; ox++) {
                int n = window(place, k, oy, ox, h, w);
                double sum = 0;
                for (int j = 0; j < n; j++)
                    sum += x[place[j]];
                y[at3(k, oy, ox, oh, ow)] = pooling == NSCL_POOL_MAX ? x[place[largest(x, place, n)]] : sum / n;
            }
}

/* The first of equal maxima takes the gradient. dx is the gradient before the ReLU whose output x is. */
void nscl_ref_pool_bwd(double *dx, const double *dy, const double *x, int c, int h, int w, int round_up, nscl_pooling pooling)
{
    int oh = nscl_ref_pooled(h, round_up), ow = nscl_ref_pooled(w, round_up);
    size_t place[4], all = (size_t)c * (size_t)h * (size_t)w;
    nscl_ref_fill(dx, all, 0);
    for (int k = 0; k < c; k++)
        for (int oy = 0; oy < oh; oy++)
            for (int ox = 0; ox < ow; ox++) {
                int n = window(place, k, oy, ox, h, w);
                double g = dy[at3(k, oy, ox, oh, ow)];
                if (pooling == NSCL_POOL_MAX)
                    dx[place[largest(x, place, n)]] = g;
                else
                    for (int j = 0; j < n; j++)
                        dx[place[j]] = g / n;
            }
    for (size_t k = 0; k < all; k++)
        if (!(x[k] > 0))
            dx[k] = 0;
}

/* ---- Losses ---- */

void nscl_ref_gram_fwd(double *gram, const double *f, int c, int h, int w, double scale)
{
    size_t m = (size_t)h * (size_t)w, n = (size_t)c;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t p = 0; p < m; p++)
                sum += f[i * m + p] * f[j * m + p];
            gram[i * n + j] = scale * sum;
        }
}

double nscl_ref_gram_loss(double *slope, const double *gram, const double *target, int c, double factor, int accumulate)
{
    double sum = 0;
    for (size_t i = 0; i < (size_t)c * (size_t)c; i++) {
        double d = gram[i] - target[i];
        sum += d * d;
        slope[i] = (accumulate ? slope[i] : 0) + factor * d;
    }
    return sum;
}

void nscl_ref_gram_bwd(double *df, const double *slope, const double *f, int c, int h, int w, int masked, int accumulate)
{
    size_t m = (size_t)h * (size_t)w, n = (size_t)c;
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < m; p++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++)
                sum += slope[i * n + j] * f[j * m + p];
            if (masked && !(f[i * m + p] > 0))
                sum = 0;
            df[i * m + p] = (accumulate ? df[i * m + p] : 0) + sum;
        }
}

double nscl_ref_content_loss(double *df, const double *f, const double *target, size_t n, double factor, int masked, int accumulate)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double d = f[i] - target[i], g = masked && !(f[i] > 0) ? 0 : factor * d;
        sum += d * d;
        df[i] = (accumulate ? df[i] : 0) + g;
    }
    return sum;
}

double nscl_ref_tv_fwd(const double *x, int h, int w, nscl_tv form, double ay, double ax)
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++) {
                double here = x[at3(c, i, j, h, w)];
                double dy = i + 1 < h ? here - x[at3(c, i + 1, j, h, w)] : 0, dx = j + 1 < w ? here - x[at3(c, i, j + 1, h, w)] : 0;
                if (form == NSCL_TV_L2)
                    sum += ay * dy * dy + ax * dx * dx;
                else if (form == NSCL_TV_L1)
                    sum += ay * fabs(dy) + ax * fabs(dx);
                else if (i + 1 < h && j + 1 < w)
                    sum += ay * pow(dy * dy + dx * dx, 1.25);
            }
    return sum;
}

static double sign(double v)
{
    return v > 0 ? 1 : v < 0 ? -1 : 0;
}

static void hand(double *dx, double *magnitude, size_t to, double g)
{
    dx[to] += g;
    if (magnitude)
        magnitude[to] += fabs(g);
}

void nscl_ref_tv_bwd(double *dx, double *magnitude, const double *x, int h, int w, nscl_tv form, double ay, double ax)
{
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++) {
                int down = i + 1 < h, right = j + 1 < w;
                size_t here = at3(c, i, j, h, w), below = here + (size_t)w, beside = here + 1;
                double y = down ? x[here] - x[below] : 0, z = right ? x[here] - x[beside] : 0, gy = 0, gz = 0;
                if (form == NSCL_TV_L2) {
                    gy = 2 * ay * y;
                    gz = 2 * ax * z;
                } else if (form == NSCL_TV_L1) {
                    gy = ay * sign(y);
                    gz = ax * sign(z);
                } else if (down && right) {
                    gy = 2.5 * ay * pow(y * y + z * z, 0.25) * y;
                    gz = 2.5 * ay * pow(y * y + z * z, 0.25) * z;
                }
                hand(dx, magnitude, here, gy);
                hand(dx, magnitude, here, gz);
                if (down)
                    hand(dx, magnitude, below, -gy);
                if (right)
                    hand(dx, magnitude, beside, -gz);
            }
}

double nscl_ref_dot_product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

double nscl_ref_sum_absolute(const double *a, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs(a[i]);
    return sum;
}

/* ---- Optimisers ---- */

static double into(double v, double lo, double hi)
{
    return lo < hi ? fmin(fmax(v, lo), hi) : v;
}

void nscl_ref_adam_step(double *x, double *m, double *v, const double *g, size_t n, int t, double lr, double b1, double b2, double eps, nscl_ref_adam form,
                        double lo, double hi)
{
    double c1 = 1 - pow(b1, t), c2 = 1 - pow(b2, t);
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + (1 - b1) * g[i];
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
        if (form == NSCL_REF_ADAM_TENSORFLOW)
            x[i] -= lr * sqrt(c2) / c1 * m[i] / (sqrt(v[i]) + eps);
        else
            x[i] -= lr * (m[i] / c1) / (sqrt(v[i] / c2) + eps);
        x[i] = into(x[i], lo, hi);
    }
}

void nscl_ref_step_to(double *y, const double *x, const double *d, size_t n, double t)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] + t * d[i];
}

double nscl_ref_bfloat16(double v)
{
    int exponent;
    double mantissa = frexp(v, &exponent);
    return ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
}

void nscl_ref_lbfgs_pair(double *s, double *y, const double *d, const double *g, const double *g_old, size_t n, double t)
{
    for (size_t i = 0; i < n; i++) {
        s[i] = t * d[i];
        y[i] = g[i] - g_old[i];
    }
}

/* ---- Preconditioner ---- */

/* The filter's weight of fine position x for coarse position i: [1 3 3 1] / 8 about the middle of 2i and 2i + 1. */
static double pyramid_weight(int i, int x)
{
    int d = x - 2 * i;
    return d == 0 || d == 1 ? 0.375 : d == -1 || d == 2 ? 0.125 : 0;
}

void nscl_ref_pyramid_down(double *y, const double *x, int h, int w)
{
    int ch = (h + 1) / 2, cw = (w + 1) / 2;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < ch; i++)
            for (int j = 0; j < cw; j++) {
                double sum = 0;
                for (int a = 0; a < h; a++)
                    for (int b = 0; b < w; b++)
                        sum += pyramid_weight(i, a) * pyramid_weight(j, b) * x[(c * h + a) * w + b];
                y[(c * ch + i) * cw + j] = sum;
            }
}

void nscl_ref_pyramid_up(double *x, const double *y, int h, int w, double weight)
{
    int ch = (h + 1) / 2, cw = (w + 1) / 2;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < ch; i++)
            for (int j = 0; j < cw; j++)
                for (int a = 0; a < h; a++)
                    for (int b = 0; b < w; b++)
                        x[(c * h + a) * w + b] += weight * 4 * pyramid_weight(i, a) * pyramid_weight(j, b) * y[(c * ch + i) * cw + j];
}

void nscl_ref_pyramid_apply(double *v, double *work, int h, int w, double ratio)
{
    if ((h < w ? h : w) < 4)
        return;
    int ch = (h + 1) / 2, cw = (w + 1) / 2;
    nscl_ref_pyramid_down(work, v, h, w);
    nscl_ref_pyramid_apply(work, work + 3 * (size_t)ch * (size_t)cw, ch, cw, ratio);
    nscl_ref_pyramid_up(v, work, h, w, ratio);
}

/* ---- Pictures ---- */

void nscl_ref_resize_pass(double *y, const double *x, const int *first, const int *count, const double *coefficient, int taps, int planes, int h, int w, int on,
                          int columns, int round_levels)
{
    int lines = columns ? h : w, oh = columns ? h : on, ow = columns ? on : w;
    for (int c = 0; c < planes; c++)
        for (int line = 0; line < lines; line++)
            for (int o = 0; o < on; o++) {
                double sum = 0;
                for (int t = 0; t < count[o]; t++)
                    sum += coefficient[o * taps + t] * (columns ? x[at3(c, line, first[o] + t, h, w)] : x[at3(c, first[o] + t, line, h, w)]);
                if (round_levels)
                    sum = into(floor(sum + 0.5), 0, 255);
                if (columns)
                    y[at3(c, line, o, oh, ow)] = sum;
                else
                    y[at3(c, o, line, oh, ow)] = sum;
            }
}

void nscl_ref_image_affine(double *y, const double *x, size_t m, double scale, const double *shift, double lo, double hi)
{
    for (size_t c = 0; c < 3; c++)
        for (size_t p = 0; p < m; p++)
            y[c * m + p] = into(x[c * m + p] * scale + shift[c], lo, hi);
}

void nscl_ref_image_box(double *u, size_t m, const double mean[3])
{
    for (size_t c = 0; c < 3; c++)
        for (size_t p = 0; p < m; p++)
            u[c * m + p] = fmin(fmax(u[c * m + p], -mean[c]), 255 - mean[c]);
}

void nscl_ref_image_blend(double *y, const double *noise, size_t n, double t)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (1 - t) * y[i] + t * noise[i];
}

/* Luma from y, the two colour differences (blue and red minus luma) from the content. */
void nscl_ref_image_keep_colours(double *y, const double *content, size_t m)
{
    for (size_t p = 0; p < m; p++) {
        double luma = 0.299 * y[p] + 0.587 * y[m + p] + 0.114 * y[2 * m + p];
        double r = content[p], g = content[m + p], b = content[2 * m + p], old = 0.299 * r + 0.587 * g + 0.114 * b;
        double red = luma + (r - old), blue = luma + (b - old);
        y[p] = red;
        y[m + p] = (luma - 0.299 * red - 0.114 * blue) / 0.587;
        y[2 * m + p] = blue;
    }
}
