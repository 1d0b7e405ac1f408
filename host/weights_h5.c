/* Keras' HDF5 weights, of Keras 1 (block1_conv1/block1_conv1_W_1:0) and later (block1_conv1/block1_conv1/kernel:0),
 * plain or under model_weights. Kernels are HWIO for BGR input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights_h5_file.h"
#include "weights_read.h"

/* Opens the dataset under the first of its forms that is there. */
static nscl_h5_status open_dataset(nscl_h5 *file, uint64_t group, const char *layer, const char *const *forms, nscl_h5_dataset *dataset)
{
    char name[128];
    uint64_t object;
    nscl_h5_status status = NSCL_H5_MISSING;
    for (int i = 0; forms[i] && status == NSCL_H5_MISSING; i++) {
        int named = forms[i][0] == '%';
        snprintf(name, sizeof name, "%s%s", named ? layer : "", forms[i] + named);
        status = nscl_h5_find(file, group, name, &object);
    }
    return status == NSCL_H5_OK ? nscl_h5_dataset_open(file, object, dataset) : status;
}

static nscl_status fail_layer(const char *path, const char *layer, const char *part, nscl_h5_status status, nscl_error *error)
{
    switch (status) {
    case NSCL_H5_MISSING:
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': %s has no %s under a name that Keras gives it; save the file again with save_weights", path, layer, part);
    case NSCL_H5_NEWER:
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': %s's %s is stored in a newer form of HDF5; save it again without libver='latest' and track_order", path,
                         layer, part);
    case NSCL_H5_COMPRESSED: return nscl_fail(error, NSCL_BAD_FILE, "'%s': %s's %s is compressed; save it again without compression", path, layer, part);
    case NSCL_H5_UNFIT:
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': %s's %s is not in floating point, not of a VGG's dimensions, or not in this file; fetch it again", path,
                         layer, part);
    default: return nscl_fail(error, NSCL_BAD_FILE, "'%s': %s's %s is damaged; fetch the file again", path, layer, part);
    }
}

/* (9, cin, cout) to (cout, cin, 9), so many outputs at a time that each line of memory is read and written once. */
static void transpose(float *oihw, const float *hwio, size_t cin, size_t cout)
{
    enum { OUTPUTS = 16 };
    for (size_t from = 0; from < cout; from += OUTPUTS) {
        size_t to = from + OUTPUTS < cout ? from + OUTPUTS : cout;
        for (size_t i = 0; i < cin; i++)
            for (size_t o = from; o < to; o++)
                for (size_t hw = 0; hw < 9; hw++)
                    oihw[(o * cin + i) * 9 + hw] = hwio[(hw * cin + i) * cout + o];
    }
}

/* Reads one layer, if it is there. */
static nscl_status read_layer(struct nscl_weights *w, const char *path, nscl_h5 *file, uint64_t root, int block, int number, nscl_error *error)
{
    static const char *const kernels[] = {"%_W_1:0", "%/kernel:0", "kernel:0", "%_W:0", "%/kernel", "kernel", "%_W", NULL};
    static const char *const biases[] = {"%_b_1:0", "%/bias:0", "bias:0", "%_b:0", "%/bias", "bias", "%_b", NULL};
    char layer[32];
    uint64_t group;
    nscl_h5_dataset k, b;
    snprintf(layer, sizeof layer, "block%d_conv%d", block, number);
    nscl_h5_status status = nscl_h5_find(file, root, layer, &group);
    if (status == NSCL_H5_MISSING)
        return NSCL_OK;
    if (status == NSCL_H5_OK)
        status = open_dataset(file, group, layer, kernels, &k);
    if (status == NSCL_H5_OK && k.rank != 4)
        status = NSCL_H5_UNFIT;
    if (status != NSCL_H5_OK)
        return fail_layer(path, layer, "kernel", status, error);
    status = open_dataset(file, group, layer, biases, &b);
    if (status == NSCL_H5_OK && b.rank != 1)
        status = NSCL_H5_UNFIT;
    if (status != NSCL_H5_OK)
        return fail_layer(path, layer, "bias", status, error);

    const uint64_t shape[4] = {k.shape[3], k.shape[2], k.shape[0], k.shape[1]};
    nscl_conv_weights *c = nscl_weights_add(w, path, block, number, shape, b.shape[0], error);
    if (!c)
        return NSCL_BAD_FILE;
    size_t cin = (size_t)c->cin, cout = (size_t)c->cout;
    float *hwio = malloc(9 * cin * cout * sizeof *hwio);
    if (!hwio)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for %s of '%s'", layer, path);
    status = nscl_h5_dataset_read(file, &k, hwio);
    if (status == NSCL_H5_OK)
        status = nscl_h5_dataset_read(file, &b, c->bias);
    if (status == NSCL_H5_OK)
        transpose(c->kernel, hwio, cin, cout);
    free(hwio);
    return status == NSCL_H5_OK ? NSCL_OK : fail_layer(path, layer, "data", status, error);
}

static nscl_status fail_file(const char *path, const nscl_h5 *file, nscl_h5_status status, nscl_error *error)
{
    char where[256];
    nscl_weights_published(strstr(path, "16") ? "vgg16" : "vgg19", where, sizeof where);
    if (status == NSCL_H5_CUT && file->stated)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is cut short: it has %llu of the %llu bytes that it states; fetch it again: %s", path,
                         (unsigned long long)file->size, (unsigned long long)file->stated, where);
    if (status == NSCL_H5_NEWER)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is in a newer form of HDF5; save it again without libver='latest' and track_order, or fetch %s", path,
                         where);
    return nscl_fail(error, NSCL_BAD_FILE, "'%s' is an HDF5 file, but damaged or cut short; fetch it again: %s", path, where);
}

nscl_status nscl_weights_read_h5(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    static const char *const roots[] = {"", "model_weights", "vgg19", "vgg16", "model_weights/vgg19", "model_weights/vgg16"};
    nscl_h5 file;
    char where[256];
    nscl_h5_status status = nscl_h5_open(&file, bytes, size);
    nscl_status read = NSCL_OK;
    w->input = nscl_input_caffe(1);
    snprintf(w->format, sizeof w->format, "Keras HDF5");
    for (size_t r = 0; r < sizeof roots / sizeof roots[0] && status == NSCL_H5_OK && read == NSCL_OK && !w->conv_count; r++) {
        uint64_t root;
        status = nscl_h5_find(&file, file.root, roots[r], &root);
        for (int i = 0; i < NSCL_BLOCKS * 4 && status == NSCL_H5_OK && read == NSCL_OK; i++)
            read = read_layer(w, path, &file, root, i / 4 + 1, i % 4 + 1, error);
        if (status == NSCL_H5_MISSING)
            status = NSCL_H5_OK;
    }
    if (status != NSCL_H5_OK)
        return fail_file(path, &file, status, error);
    if (read == NSCL_OK && !w->conv_count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is an HDF5 file without a VGG's layers (block1_conv1 ...); use %s", path,
                         nscl_weights_published(NULL, where, sizeof where));
    return read;
}
