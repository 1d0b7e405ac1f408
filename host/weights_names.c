#include "weights_names.h"

#include <stdio.h>
#include <string.h>

/* Place of a name, or `count`. The last one counts where a name is there twice, as it does in a Python dictionary. */
static size_t find(const nscl_named_tensors *t, const char *name)
{
    for (size_t i = t->count; i-- > 0;)
        if (strcmp(t->names[i], name) == 0)
            return i;
    return t->count;
}

static int has(const nscl_named_tensors *t, const char *name)
{
    return find(t, name) < t->count;
}

static nscl_status get(const nscl_named_tensors *t, const char *name, nscl_named_tensor *out, nscl_error *error)
{
    size_t index = find(t, name);
    memset(out, 0, sizeof *out);
    if (index == t->count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' has no tensor '%s'; convert the whole network again", t->path, name);
    return t->get(t->source, index, out, error);
}

/* Values in order of the indices, the last one the fastest. */
static void decode(float *out, const nscl_named_tensor *t)
{
    uint64_t shape[4] = {1, 1, 1, 1}, stride[4] = {0}, i[4], count = 1;
    size_t size = nscl_value_size(t->type), lead = 4 - (size_t)t->rank;
    for (size_t d = 0; d < (size_t)t->rank; d++) {
        shape[lead + d] = t->shape[d];
        stride[lead + d] = t->stride[d];
        count *= t->shape[d];
    }
    if (!t->strided) {
        nscl_values_decode(out, t->data, (size_t)count, t->type);
        return;
    }
    for (i[0] = 0; i[0] < shape[0]; i[0]++)
        for (i[1] = 0; i[1] < shape[1]; i[1]++)
            for (i[2] = 0; i[2] < shape[2]; i[2]++)
                for (i[3] = 0; i[3] < shape[3]; i[3]++) {
                    uint64_t at = i[0] * stride[0] + i[1] * stride[1] + i[2] * stride[2] + i[3] * stride[3];
                    nscl_values_decode(out++, t->data + (size_t)at * size, 1, t->type);
                }
}

static nscl_status read_conv(struct nscl_weights *w, const nscl_named_tensors *t, const char *stem, int block, int number, nscl_error *error)
{
    char name[64];
    nscl_named_tensor kernel, bias;
    snprintf(name, sizeof name, "%s.weight", stem);
    if (get(t, name, &kernel, error) != NSCL_OK)
        return NSCL_BAD_FILE;
    if (kernel.rank != 4)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' has %d dimensions, not 4 (batch normalisation? Use a VGG without)", t->path, name,
                         kernel.rank);
    snprintf(name, sizeof name, "%s.bias", stem);
    if (get(t, name, &bias, error) != NSCL_OK)
        return NSCL_BAD_FILE;
    if (bias.rank != 1)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' has %d dimensions, not 1; convert the file again", t->path, name, bias.rank);
    nscl_conv_weights *c = nscl_weights_add(w, t->path, block, number, kernel.shape, bias.shape[0], error);
    if (!c)
        return NSCL_BAD_FILE;
    decode(c->kernel, &kernel);
    decode(c->bias, &bias);
    return NSCL_OK;
}

/* conv1_1.weight, conv1_1.bias, ... */
static nscl_status read_caffe_names(struct nscl_weights *w, const nscl_named_tensors *t, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    for (int i = 0; i < NSCL_BLOCKS * 4 && status == NSCL_OK; i++) {
        char stem[32], name[48];
        snprintf(stem, sizeof stem, "conv%d_%d", i / 4 + 1, i % 4 + 1);
        snprintf(name, sizeof name, "%s.weight", stem);
        if (has(t, name))
            status = read_conv(w, t, stem, i / 4 + 1, i % 4 + 1, error);
    }
    return status;
}

/* features.N.weight: N counts convolutions, ReLUs (one each) and poolings (one a block). */
static nscl_status read_torchvision_names(struct nscl_weights *w, const nscl_named_tensors *t, nscl_error *error)
{
    char name[48], stem[32];
    if (has(t, "features.1.weight") || has(t, "features.1.running_mean"))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a VGG with batch normalisation, which nscl does not run; use vgg19 or vgg16, not vgg19_bn or vgg16_bn",
                         t->path);
    /* conv4_1 is features.19 in both; conv3_4 is 16 in VGG-19 alone, and a prefix up to conv3_3 is the same in both. */
    int is16 = has(t, "features.17.weight");
    const nscl_arch *arch = &nscl_archs[is16 ? 1 : 0];
    nscl_status status = NSCL_OK;
    size_t used = 0, there = 0;
    int index = 0;
    for (int b = 0; b < NSCL_BLOCKS; b++, index++)
        for (int n = 0; n < arch->convs[b]; n++, index += 2) {
            snprintf(stem, sizeof stem, "features.%d", index);
            snprintf(name, sizeof name, "%s.weight", stem);
            if (!has(t, name))
                continue;
            used++;
            status = read_conv(w, t, stem, b + 1, n + 1, error);
            if (status != NSCL_OK)
                return status;
        }
    for (size_t i = 0; i < t->count; i++) {
        size_t length = strlen(t->names[i]);
        there += strncmp(t->names[i], "features.", 9) == 0 && length > 7 && strcmp(t->names[i] + length - 7, ".weight") == 0;
    }
    if (used != there)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' has features at places where VGG-19 and VGG-16 have none (is it VGG-11 or VGG-13?); use vgg19 or vgg16",
                         t->path);
    return NSCL_OK;
}

nscl_status nscl_weights_map(struct nscl_weights *w, const nscl_named_tensors *t, nscl_error *error)
{
    int features = !w->arch && has(t, "features.0.weight");
    nscl_status status = features ? read_torchvision_names(w, t, error) : read_caffe_names(w, t, error);
    if (status != NSCL_OK)
        return status;
    w->input = nscl_input_is_caffe(w, !features) ? nscl_input_caffe(1) : nscl_input_torchvision();
    if (w->arch)
        snprintf(w->format, sizeof w->format, "nscl %s", t->container);
    else
        snprintf(w->format, sizeof w->format, "%s, %s names", t->container, features ? "torchvision" : "Caffe");
    return NSCL_OK;
}
