/* Plain loops over reference.c. */
#include "reference_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

static double *values(size_t n)
{
    return calloc(n, sizeof(double));
}

static double *widened(const float *x, size_t n)
{
    double *y = values(n);
    for (size_t i = 0; y && i < n; i++)
        y[i] = (double)x[i];
    return y;
}

static size_t floats(const nscl_ref_network *n, int layer)
{
    return (size_t)n->cout[layer] * (size_t)n->h[layer] * (size_t)n->w[layer];
}

/* ---- Network ---- */

nscl_ref_network *nscl_ref_network_create(const struct nscl_weights *weights, int depth, nscl_pooling pooling, int round_up, int h, int w)
{
    nscl_ref_network *n = calloc(1, sizeof *n);
    if (!n || weights->input.bgr || weights->input.scale != 1 || weights->input.deviation[0] != 1) {
        free(n);
        return NULL;
    }
    int good = 1;
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
            h = nscl_ref_pooled(h, round_up);
            w = nscl_ref_pooled(w, round_up);
            n->pooled[i] = values((size_t)c->cin * (size_t)h * (size_t)w);
            n->pooled_gradient[i] = values((size_t)c->cin * (size_t)h * (size_t)w);
            good = good && n->pooled[i] && n->pooled_gradient[i];
        }
        n->h[i] = h;
        n->w[i] = w;
        n->before[i] = values(floats(n, i));
        n->relu[i] = values(floats(n, i));
        n->gradient[i] = values(floats(n, i));
        good = good && n->kernel[i] && n->bias[i] && n->before[i] && n->relu[i] && n->gradient[i];
    }
    if (!good) {
        nscl_ref_network_free(n);
        return NULL;
    }
    return n;
}

void nscl_ref_network_free(nscl_ref_network *n)
{
    for (int i = 0; n && i < n->depth; i++) {
        free(n->kernel[i]);
        free(n->bias[i]);
        free(n->before[i]);
        free(n->relu[i]);
        free(n->pooled[i]);
        free(n->gradient[i]);
        free(n->pooled_gradient[i]);
    }
    free(n);
}

void nscl_ref_network_fwd(nscl_ref_network *n, const double *x)
{
    for (int i = 0; i < n->depth; i++) {
        if (n->starts_block[i]) {
            nscl_ref_pool_fwd(n->pooled[i], n->relu[i - 1], n->cin[i], n->h[i - 1], n->w[i - 1], n->round_up, n->pooling);
            x = n->pooled[i];
        }
        nscl_ref_conv_fwd(n->before[i], x, n->kernel[i], n->bias[i], n->cin[i], n->cout[i], n->h[i], n->w[i], 0);
        nscl_ref_relu_fwd(n->relu[i], n->before[i], floats(n, i));
        x = n->relu[i];
    }
}

void nscl_ref_network_bwd(nscl_ref_network *n, double *dx, double *const *dz)
{
    for (int i = n->depth - 1; i >= 0; i--) {
        double *g = n->gradient[i];
        if (i == n->depth - 1)
            nscl_ref_fill(g, floats(n, i), 0);
        for (size_t k = 0; dz[i] && k < floats(n, i); k++)
            g[k] += dz[i][k];
        if (i == 0)
            nscl_ref_conv_bwd(dx, g, n->kernel[0], NULL, 3, n->cout[0], n->h[0], n->w[0]);
        else if (n->starts_block[i]) {
            nscl_ref_conv_bwd(n->pooled_gradient[i], g, n->kernel[i], NULL, n->cin[i], n->cout[i], n->h[i], n->w[i]);
            nscl_ref_pool_bwd(n->gradient[i - 1], n->pooled_gradient[i], n->relu[i - 1], n->cin[i], n->h[i - 1], n->w[i - 1], n->round_up, n->pooling);
        } else
            nscl_ref_conv_bwd(n->gradient[i - 1], g, n->kernel[i], n->relu[i - 1], n->cin[i], n->cout[i], n->h[i], n->w[i]);
    }
}

/* ---- Loss ---- */

static double *features(const nscl_ref_loss *l, const nscl_ref_term *t)
{
    return t->before ? l->network->before[t->layer] : l->network->relu[t->layer];
}

/* G = F F^T / M in gatys, / (C M) in neural-style. */
static double gram_scale(const nscl_ref_loss *l, const nscl_ref_term *t)
{
    const nscl_ref_network *n = l->network;
    double m = (double)n->h[t->layer] * n->w[t->layer];
    return l->settings.preset == NSCL_PRESET_GATYS ? 1 / m : 1 / (n->cout[t->layer] * m);
}

static void gram(const nscl_ref_loss *l, const nscl_ref_term *t, double *out)
{
    const nscl_ref_network *n = l->network;
    nscl_ref_gram_fwd(out, features(l, t), n->cout[t->layer], n->h[t->layer], n->w[t->layer], gram_scale(l, t));
}

/* Runs the network, built for this size, on a picture. 0 without memory. */
static int see(nscl_ref_loss *l, const struct nscl_weights *weights, const nscl_picture *p)
{
    size_t m = (size_t)p->width * (size_t)p->height;
    double *x = values(3 * m);
    l->network = nscl_ref_network_create(weights, weights->conv_count, l->settings.pooling, l->settings.pool_round_up, p->height, p->width);
    for (size_t i = 0; x && l->network && i < m; i++)
        for (size_t c = 0; c < 3; c++)
            x[c * m + i] = ((const uint8_t *)p->samples)[3 * i + c] - l->network->mean[c];
    int good = x && l->network;
    if (good)
        nscl_ref_network_fwd(l->network, x);
    free(x);
    return good;
}

static int add_style(nscl_ref_loss *l, const struct nscl_weights *weights, const nscl_picture *style, int k)
{
    int good = see(l, weights, style);
    for (int i = 0; good && i < l->terms; i++) {
        nscl_ref_term *t = &l->term[i];
        size_t c = (size_t)l->network->cout[t->layer];
        if (!t->style)
            continue;
        t->target[k] = values(c * c);
        good = t->target[k] != NULL;
        if (good)
            gram(l, t, t->target[k]);
    }
    nscl_ref_network_free(l->network);
    l->network = NULL;
    return good;
}

/* The targets, and memory for what an evaluation makes. */
static int add_content(nscl_ref_loss *l, const struct nscl_weights *weights, const nscl_picture *content)
{
    int good = see(l, weights, content);
    size_t most = 0;
    for (int i = 0; good && i < l->terms; i++) {
        nscl_ref_term *t = &l->term[i];
        size_t n = floats(l->network, t->layer), c = (size_t)l->network->cout[t->layer];
        most = c > most ? c : most;
        if (!l->dz[t->layer])
            l->dz[t->layer] = values(n);
        good = l->dz[t->layer] && (t->style || (t->target[0] = values(n)) != NULL);
        if (good && !t->style)
            memcpy(t->target[0], features(l, t), n * sizeof(double));
    }
    l->gram = values(most * most);
    l->slope = values(most * most);
    return good && l->gram && l->slope;
}

nscl_ref_loss *nscl_ref_loss_create(const struct nscl_weights *weights, const nscl_settings *s, const nscl_picture *content, const nscl_picture *styles,
                                    int count)
{
    nscl_ref_loss *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->settings = *s;
    l->styles = count;
    for (int i = 0; i < s->content_layer_count + s->style_layer_count; i++) {
        nscl_ref_term *t = &l->term[l->terms++];
        t->style = i >= s->content_layer_count;
        const nscl_layer_weight *layer = t->style ? &s->style_layers[i - s->content_layer_count] : &s->content_layers[i];
        t->layer = nscl_weights_find(weights, layer->name, &t->before);
        t->weight = layer->weight;
    }
    int good = 1;
    for (int k = 0; k < count && good; k++)
        good = add_style(l, weights, &styles[k], k);
    if (!good || !add_content(l, weights, content)) {
        nscl_ref_loss_free(l);
        return NULL;
    }
    return l;
}

void nscl_ref_loss_free(nscl_ref_loss *l)
{
    for (int i = 0; l && i < l->terms; i++)
        for (int k = 0; k < NSCL_MAX_STYLES; k++)
            free(l->term[i].target[k]);
    for (int i = 0; l && i < NSCL_MAX_CONVS; i++)
        free(l->dz[i]);
    if (l) {
        nscl_ref_network_free(l->network);
        free(l->gram);
        free(l->slope);
    }
    free(l);
}

/* weight mean((F - P)^2); style_weight weight / C^2 mean((G - A)^2) in gatys, style_weight weight sum_k b_k mean((G - A_k)^2)
 * in neural-style. Adds the gradient before the ReLU to dz. */
static double term_eval(const nscl_ref_loss *l, const nscl_ref_term *t)
{
    const nscl_ref_network *n = l->network;
    const nscl_settings *s = &l->settings;
    int c = n->cout[t->layer], h = n->h[t->layer], w = n->w[t->layer];
    double m = (double)h * w, c2 = (double)c * c, sum = 0, *dz = l->dz[t->layer];
    if (!t->style) {
        double weight = s->content_weight * t->weight / (c * m);
        return weight * nscl_ref_content_loss(dz, features(l, t), t->target[0], floats(n, t->layer), 2 * weight, !t->before, 1);
    }
    gram(l, t, l->gram);
    for (int k = 0; k < l->styles; k++) {
        double weight = s->style_weight * t->weight * s->style_blend_weights[k] / c2 / (s->preset == NSCL_PRESET_GATYS ? c2 : 1);
        sum += weight * nscl_ref_gram_loss(l->slope, l->gram, t->target[k], c, 4 * weight * gram_scale(l, t), k > 0);
    }
    nscl_ref_gram_bwd(dz, l->slope, features(l, t), c, h, w, !t->before, 1);
    return sum;
}

double nscl_ref_loss_eval(nscl_ref_loss *l, double *g, const double *x)
{
    nscl_ref_network *n = l->network;
    double sum = 0;
    int h = n->h[0], w = n->w[0];
    nscl_ref_network_fwd(n, x);
    for (int i = 0; i < n->depth; i++)
        if (l->dz[i])
            nscl_ref_fill(l->dz[i], floats(n, i), 0);
    for (int i = 0; i < l->terms; i++)
        sum += l->value[i] = term_eval(l, &l->term[i]);
    nscl_ref_network_bwd(n, g, l->dz);
    l->value[l->terms] = 0;
    if (l->settings.tv_weight > 0) {
        double down = l->settings.tv_weight / (3.0 * (h - 1) * w), right = l->settings.tv_weight / (3.0 * h * (w - 1));
        l->value[l->terms] = nscl_ref_tv_fwd(x, h, w, l->settings.tv, down, right);
        nscl_ref_tv_bwd(g, NULL, x, h, w, l->settings.tv, down, right);
    }
    return sum + l->value[l->terms];
}
