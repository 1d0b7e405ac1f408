/* Plain loops over tests/ref.c. */
#include "ref_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"

static double *values(size_t n)
{
    double *p = calloc(n, sizeof *p);
    if (!p)
        abort();
    return p;
}

static double *widened(const float *x, size_t n)
{
    double *y = values(n);
    for (size_t i = 0; i < n; i++)
        y[i] = (double)x[i];
    return y;
}

static size_t floats(const ref_network *n, int layer)
{
    return (size_t)n->cout[layer] * (size_t)n->h[layer] * (size_t)n->w[layer];
}

/* ---- Network ---- */

ref_network *ref_network_create(const struct nscl_weights *weights, int depth, nscl_pooling pooling, int round_up, int h, int w)
{
    ref_network *n = calloc(1, sizeof *n);
    if (!n || weights->input.bgr || weights->input.scale != 1 || weights->input.deviation[0] != 1)
        abort();
    n->depth = depth;
    n->pooling = pooling;
    n->round_up = round_up;
    for (int c = 0; c < 3; c++)
        n->mean[c] = round(1000 * (double)weights->input.mean[c]) / 1000; /* as published, where single precision is off by 3e-6 */
    for (int i = 0; i < depth; i++) {
        const nscl_conv_weights *c = &weights->conv[i];
        n->starts_block[i] = c->number == 1 && c->block > 1;
        n->cin[i] = c->cin;
        n->cout[i] = c->cout;
        n->kernel[i] = widened(c->kernel, (size_t)c->cin * (size_t)c->cout * 9);
        n->bias[i] = widened(c->bias, (size_t)c->cout);
        if (n->starts_block[i]) {
            h = ref_pooled(h, round_up);
            w = ref_pooled(w, round_up);
            n->pooled[i] = values((size_t)c->cin * (size_t)h * (size_t)w);
        }
        n->h[i] = h;
        n->w[i] = w;
        n->before[i] = values(floats(n, i));
        n->relu[i] = values(floats(n, i));
    }
    return n;
}

void ref_network_free(ref_network *n)
{
    for (int i = 0; i < n->depth; i++) {
        free(n->kernel[i]);
        free(n->bias[i]);
        free(n->before[i]);
        free(n->relu[i]);
        free(n->pooled[i]);
    }
    free(n);
}

void ref_network_fwd(ref_network *n, const double *x)
{
    for (int i = 0; i < n->depth; i++) {
        if (n->starts_block[i]) {
            ref_pool_fwd(n->pooled[i], n->relu[i - 1], n->cin[i], n->h[i - 1], n->w[i - 1], n->round_up, n->pooling);
            x = n->pooled[i];
        }
        ref_conv_fwd(n->before[i], x, n->kernel[i], n->bias[i], n->cin[i], n->cout[i], n->h[i], n->w[i], 0);
        ref_relu_fwd(n->relu[i], n->before[i], floats(n, i));
        x = n->relu[i];
    }
}

void ref_network_bwd(const ref_network *n, double *dx, double *const *dz)
{
    double *g = values(floats(n, n->depth - 1)), *below;
    for (int i = n->depth - 1; i >= 0; i--) {
        for (size_t k = 0; dz[i] && k < floats(n, i); k++)
            g[k] += dz[i][k];
        if (i == 0)
            ref_conv_bwd(dx, g, n->kernel[0], NULL, 3, n->cout[0], n->h[0], n->w[0]);
        else {
            below = values(floats(n, i - 1));
            if (n->starts_block[i]) {
                double *dy = values((size_t)n->cin[i] * (size_t)n->h[i] * (size_t)n->w[i]);
                ref_conv_bwd(dy, g, n->kernel[i], NULL, n->cin[i], n->cout[i], n->h[i], n->w[i]);
                ref_pool_bwd(below, dy, n->relu[i - 1], n->cin[i], n->h[i - 1], n->w[i - 1], n->round_up, n->pooling);
                free(dy);
            } else
                ref_conv_bwd(below, g, n->kernel[i], n->relu[i - 1], n->cin[i], n->cout[i], n->h[i], n->w[i]);
            free(g);
            g = below;
        }
    }
    free(g);
}

/* ---- Loss ---- */

static double *features(const ref_loss *l, const ref_term *t)
{
    return t->before ? l->network->before[t->layer] : l->network->relu[t->layer];
}

/* G = F F^T / M in gatys, / (C M) in neural-style. */
static double *gram(const ref_loss *l, const ref_term *t)
{
    const ref_network *n = l->network;
    int c = n->cout[t->layer], h = n->h[t->layer], w = n->w[t->layer];
    double m = (double)h * w, *out = values((size_t)c * (size_t)c);
    ref_gram_fwd(out, features(l, t), c, h, w, l->settings.preset == NSCL_PRESET_GATYS ? 1 / m : 1 / (c * m));
    return out;
}

/* Runs the network, built for this size, on a picture. */
static void see(ref_loss *l, const struct nscl_weights *weights, const nscl_picture *p)
{
    size_t m = (size_t)p->width * (size_t)p->height;
    double *x = values(3 * m);
    l->network = ref_network_create(weights, weights->conv_count, l->settings.pooling, l->settings.pool_round_up, p->height, p->width);
    for (size_t i = 0; i < m; i++)
        for (size_t c = 0; c < 3; c++)
            x[c * m + i] = ((const uint8_t *)p->samples)[3 * i + c] - l->network->mean[c];
    ref_network_fwd(l->network, x);
    free(x);
}

ref_loss *ref_loss_create(const struct nscl_weights *weights, const nscl_settings *s, const nscl_picture *content, const nscl_picture *styles, int count)
{
    ref_loss *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->settings = *s;
    l->styles = count;
    for (int i = 0; i < s->content_layer_count + s->style_layer_count; i++) {
        ref_term *t = &l->term[l->terms++];
        t->style = i >= s->content_layer_count;
        const nscl_layer_weight *layer = t->style ? &s->style_layers[i - s->content_layer_count] : &s->content_layers[i];
        t->layer = nscl_weights_find(weights, layer->name, &t->before);
        t->weight = layer->weight;
    }
    for (int k = 0; k < count; k++) {
        see(l, weights, &styles[k]);
        for (int i = 0; i < l->terms; i++)
            if (l->term[i].style)
                l->term[i].target[k] = gram(l, &l->term[i]);
        ref_network_free(l->network);
    }
    see(l, weights, content);
    for (int i = 0; i < l->terms; i++)
        if (!l->term[i].style) {
            size_t n = floats(l->network, l->term[i].layer);
            l->term[i].target[0] = memcpy(values(n), features(l, &l->term[i]), n * sizeof(double));
        }
    return l;
}

void ref_loss_free(ref_loss *l)
{
    for (int i = 0; i < l->terms; i++)
        for (int k = 0; k < NSCL_MAX_STYLES; k++)
            free(l->term[i].target[k]);
    ref_network_free(l->network);
    free(l);
}

/* weight mean((F - P)^2); style_weight weight / C^2 mean((G - A)^2) in gatys, style_weight weight sum_k b_k mean((G - A_k)^2)
 * in neural-style. Adds the gradient before the ReLU to dz. */
static double term_eval(const ref_loss *l, const ref_term *t, double *dz)
{
    const ref_network *n = l->network;
    const nscl_settings *s = &l->settings;
    int c = n->cout[t->layer], h = n->h[t->layer], w = n->w[t->layer];
    double m = (double)h * w, c2 = (double)c * c, sum = 0;
    if (!t->style) {
        double weight = s->content_weight * t->weight / (c * m);
        return weight * ref_content_loss(dz, features(l, t), t->target[0], floats(n, t->layer), 2 * weight, !t->before, 1);
    }
    double *g = gram(l, t), *slope = values((size_t)c * (size_t)c);
    double scale = s->preset == NSCL_PRESET_GATYS ? 1 / m : 1 / (c * m);
    for (int k = 0; k < l->styles; k++) {
        double weight = s->style_weight * t->weight * s->style_blend_weights[k] / c2 / (s->preset == NSCL_PRESET_GATYS ? c2 : 1);
        sum += weight * ref_gram_loss(slope, g, t->target[k], c, 4 * weight * scale, 1);
    }
    ref_gram_bwd(dz, slope, features(l, t), c, h, w, !t->before, 1);
    free(g);
    free(slope);
    return sum;
}

double ref_loss_eval(ref_loss *l, double *g, const double *x)
{
    ref_network *n = l->network;
    double *dz[NSCL_MAX_CONVS] = {NULL}, sum = 0;
    int h = n->h[0], w = n->w[0];
    ref_network_fwd(n, x);
    for (int i = 0; i < l->terms; i++) {
        int layer = l->term[i].layer;
        if (!dz[layer])
            dz[layer] = values(floats(n, layer));
        sum += l->value[i] = term_eval(l, &l->term[i], dz[layer]);
    }
    ref_network_bwd(n, g, dz);
    for (int i = 0; i < n->depth; i++)
        free(dz[i]);
    l->value[l->terms] = 0;
    if (l->settings.tv_weight > 0) {
        double down = l->settings.tv_weight / (3.0 * (h - 1) * w), right = l->settings.tv_weight / (3.0 * h * (w - 1));
        l->value[l->terms] = ref_tv_fwd(x, h, w, l->settings.tv, down, right);
        ref_tv_bwd(g, NULL, x, h, w, l->settings.tv, down, right);
    }
    return sum + l->value[l->terms];
}
