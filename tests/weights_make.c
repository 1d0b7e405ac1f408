/* See weights_make.h. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef NSCL_HAVE_HDF5
#include <hdf5.h>
#endif
#ifdef NSCL_HAVE_MATIO
#include <matio.h>
#include <zlib.h>
#endif

#include "weights_make.h"

struct nscl_weights *make_network(const char *arch, const int *widths, int count, uint32_t seed)
{
    struct nscl_weights *w = calloc(1, sizeof *w);
    assert(w);
    for (w->arch = nscl_archs; strcmp(w->arch->name, arch) != 0;)
        w->arch++;
    const nscl_input_convention caffe = {1, 1, {103.939f, 116.779f, 123.68f}, {1, 1, 1}};
    w->input = caffe;
    int cin = 3;
    for (int b = 0; b < NSCL_BLOCKS; b++)
        for (int n = 0; n < w->arch->convs[b] && w->conv_count < count; n++) {
            nscl_conv_weights *c = &w->conv[w->conv_count++];
            c->block = b + 1;
            c->number = n + 1;
            c->cin = cin;
            c->cout = widths ? widths[b] : w->arch->widths[b];
            size_t size = (size_t)c->cin * (size_t)c->cout * 9;
            c->kernel = malloc(size * sizeof(float));
            c->bias = malloc((size_t)c->cout * sizeof(float));
            assert(c->kernel && c->bias);
            for (size_t i = 0; i < size; i++)
                c->kernel[i] = ((float)(make_random(&seed) & 0xffff) / 65536.0f - 0.5f) * 0.4f;
            for (int i = 0; i < c->cout; i++)
                c->bias[i] = (float)(make_random(&seed) & 0xffff) / 65536.0f - 0.25f;
            cin = c->cout;
        }
    return w;
}

static void compare_values(const float *a, const float *b, size_t count, double tolerance, const nscl_conv_weights *c, const char *part)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * (1e-3 + fabs((double)a[i]))))
            fail_msg("conv%d_%d's %s differ at %zu: %.9g and %.9g", c->block, c->number, part, i, (double)a[i], (double)b[i]);
}

void make_compare(const struct nscl_weights *a, const struct nscl_weights *b, double tolerance)
{
    assert_int_equal(a->conv_count, b->conv_count);
    for (int i = 0; i < a->conv_count; i++) {
        const nscl_conv_weights *x = &a->conv[i], *y = &b->conv[i];
        if (x->block != y->block || x->number != y->number || x->cin != y->cin || x->cout != y->cout)
            fail_msg("convolution %d: conv%d_%d of %d from %d, and conv%d_%d of %d from %d", i, x->block, x->number, x->cout, x->cin, y->block, y->number,
                     y->cout, y->cin);
        compare_values(x->kernel, y->kernel, (size_t)x->cin * (size_t)x->cout * 9, tolerance, x, "kernels");
        compare_values(x->bias, y->bias, (size_t)x->cout, tolerance, x, "biases");
    }
}

#ifdef NSCL_HAVE_HDF5
static void make_dataset(hid_t group, const char *name, int rank, const hsize_t *extents, const float *values, int wide)
{
    hid_t space = H5Screate_simple(rank, extents, NULL), made = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[4];
    for (int i = 0; i < rank; i++) /* some stick out, and 64 channels make more than one node of their tree can list */
        chunk[i] = i == rank - 1 ? extents[i] / 4 + 1 : i == 0 ? 2 : 3;
    if (wide == 1 || wide == 2)
        assert(H5Pset_chunk(made, rank, chunk) >= 0 && (wide == 1 || H5Pset_deflate(made, 1) >= 0));
    hid_t set = H5Dcreate2(group, name, wide ? H5T_IEEE_F64BE : H5T_IEEE_F32LE, space, H5P_DEFAULT, made, H5P_DEFAULT);
    assert(set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Pclose(made);
    H5Sclose(space);
}

void make_h5(const char *path, const struct nscl_weights *w, int form, const char *root, int wide)
{
    char name[160];
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), links = H5Pcreate(H5P_LINK_CREATE);
    assert(access >= 0 && (wide != 3 || H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST) >= 0));
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    assert(file >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0);
    for (int k = 0; k < w->conv_count; k++) {
        const nscl_conv_weights *c = &w->conv[k];
        hsize_t extents[4] = {3, 3, (hsize_t)c->cin, (hsize_t)c->cout}, one = (hsize_t)c->cout;
        float *hwio = malloc((size_t)c->cin * (size_t)c->cout * 9 * sizeof *hwio), *to = hwio;
        assert(hwio);
        for (int y = 0; y < 3; y++)
            for (int x = 0; x < 3; x++)
                for (int i = 0; i < c->cin; i++)
                    for (int o = 0; o < c->cout; o++)
                        *to++ = c->kernel[((o * c->cin + i) * 3 + y) * 3 + x];
        char layer[32];
        snprintf(layer, sizeof layer, "block%d_conv%d", c->block, c->number);
        snprintf(name, sizeof name, form == 1 ? "%s/%s" : "%s/%s/%s", root, layer, layer);
        hid_t group = H5Gcreate2(file, name[0] == '/' ? name + 1 : name, links, H5P_DEFAULT, H5P_DEFAULT);
        assert(group >= 0);
        snprintf(name, sizeof name, form == 1 ? "%s_W_1:0" : "kernel:0", layer);
        make_dataset(group, name, 4, extents, hwio, wide);
        snprintf(name, sizeof name, form == 1 ? "%s_b_1:0" : "bias:0", layer);
        make_dataset(group, name, 1, &one, c->bias, wide);
        H5Gclose(group);
        free(hwio);
    }
    H5Pclose(links);
    H5Pclose(access);
    assert(H5Fclose(file) >= 0);
}
#endif

#ifdef NSCL_HAVE_MATIO
/* matio copies the values. */
static matvar_t *make_array(const char *name, int rank, size_t *dims, const float *values, int wide)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= dims[i];
    double *doubles = malloc(count * sizeof *doubles);
    float *floats = malloc(count * sizeof *floats);
    assert(doubles && floats);
    for (size_t i = 0; i < count; i++)
        doubles[i] = (double)(floats[i] = values[i]);
    matvar_t *v =
        wide ? Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, rank, dims, doubles, 0) : Mat_VarCreate(name, MAT_C_SINGLE, MAT_T_SINGLE, rank, dims, floats, 0);
    assert(v);
    free(doubles);
    free(floats);
    return v;
}

static matvar_t *make_struct(const char *name, const char *field, matvar_t *value, const char *field2, matvar_t *value2, const char *field3, matvar_t *value3)
{
    size_t dims[2] = {1, 1};
    const char *fields[] = {field, field2, field3};
    matvar_t *v = Mat_VarCreateStruct(name, 2, dims, fields, field3 ? 3 : field2 ? 2 : 1);
    assert(v);
    Mat_VarSetStructFieldByName(v, field, 0, value);
    if (field2)
        Mat_VarSetStructFieldByName(v, field2, 0, value2);
    if (field3)
        Mat_VarSetStructFieldByName(v, field3, 0, value3);
    return v;
}

static matvar_t *make_conv(const nscl_conv_weights *c, int older, int wide)
{
    size_t dims[4] = {3, 3, (size_t)c->cin, (size_t)c->cout}, row[2] = {1, (size_t)c->cout}, pair[2] = {1, 2}, letters[2] = {1, 7};
    float *values = malloc((size_t)c->cin * (size_t)c->cout * 9 * sizeof *values), *to = values;
    char name[32];
    assert(values);
    for (int o = 0; o < c->cout; o++) /* MATLAB's first axis is the fastest: width, height, cin, cout */
        for (int i = 0; i < c->cin; i++)
            for (int y = 0; y < 3; y++)
                for (int x = 0; x < 3; x++)
                    *to++ = c->kernel[((o * c->cin + i) * 3 + y) * 3 + x];
    snprintf(name, sizeof name, "conv%d_%d", c->block, c->number);
    matvar_t *title = Mat_VarCreate(NULL, MAT_C_CHAR, MAT_T_UINT8, 2, letters, name, 0);
    matvar_t *kernel = make_array(NULL, 4, dims, values, wide), *bias = make_array(NULL, 2, row, c->bias, wide);
    free(values);
    if (older)
        return make_struct(NULL, "name", title, "filters", kernel, "biases", bias);
    matvar_t *cells[2] = {kernel, bias};
    return make_struct(NULL, "name", title, "weights", Mat_VarCreate(NULL, MAT_C_CELL, MAT_T_CELL, 2, pair, cells, 0), NULL, NULL);
}

/* Packs each variable as MATLAB does; matio itself states the packed sizes of texts wrongly. */
static void pack_mat(const char *path)
{
    struct make_bytes in = make_read(path);
    unsigned char *out = malloc(in.size * 2);
    size_t to = 128, n;
    assert(out);
    memcpy(out, in.data, to);
    for (size_t at = 128; at < in.size; at += n) {
        const unsigned char *p = in.data + at + 4;
        n = 8 + ((size_t)p[3] << 24 | (size_t)p[2] << 16 | (size_t)p[1] << 8 | p[0]);
        uLongf size = (uLongf)(in.size * 2 - to - 8);
        assert(compress(out + to + 8, &size, in.data + at, n) == Z_OK);
        const unsigned char tag[8] = {15, 0, 0, 0, size & 255, size >> 8 & 255, size >> 16 & 255, size >> 24 & 255};
        memcpy(out + to, tag, 8);
        to += 8 + size;
    }
    make_file(path, out, to);
    free(out);
    free(in.data);
}

void make_mat(const char *path, const struct nscl_weights *w, int older, int wide, int side, const double mean[3])
{
    matvar_t *cells[NSCL_MAX_CONVS];
    size_t dims[2] = {1, (size_t)w->conv_count}, extents[3] = {(size_t)side, (size_t)side, 3}, n = (size_t)side * (size_t)side;
    float *average = malloc(3 * n * sizeof *average);
    mat_t *mat = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
    assert(mat && average);
    for (int i = 0; i < w->conv_count; i++)
        cells[i] = make_conv(&w->conv[i], older, wide);
    matvar_t *layers = Mat_VarCreate("layers", MAT_C_CELL, MAT_T_CELL, 2, dims, cells, 0);
    assert(layers && Mat_VarWrite(mat, layers, MAT_COMPRESSION_NONE) == 0);
    Mat_VarFree(layers);
    for (size_t i = 0; i < 3 * n; i++) /* a ramp around the mean */
        average[i] = (float)(mean[i / n] + ((double)(i % n) - (double)(n - 1) / 2) * 0.001);
    matvar_t *image = make_array(NULL, 3, extents, average, wide);
    matvar_t *top = make_struct(older ? "normalization" : NULL, "averageImage", image, NULL, NULL, NULL, NULL);
    if (!older)
        top = make_struct("meta", "normalization", top, NULL, NULL, NULL, NULL);
    assert(Mat_VarWrite(mat, top, MAT_COMPRESSION_NONE) == 0);
    Mat_VarFree(top);
    free(average);
    Mat_Close(mat);
    if (wide)
        pack_mat(path);
}
#endif

struct make_bytes make_header(const char *header, size_t data)
{
    size_t n = strlen(header);
    struct make_bytes out = {calloc(8 + n + data, 1), 8 + n + data};
    assert(out.data);
    for (int i = 0; i < 8; i++)
        out.data[i] = (unsigned char)((uint64_t)n >> 8 * i & 255);
    memcpy(out.data + 8, header, n);
    return out;
}

static size_t put_value(unsigned char *to, float value, const char *type)
{
    uint32_t bits;
    uint64_t wide;
    double d = (double)value;
    memcpy(&bits, &value, 4);
    memcpy(&wide, &d, 8);
    size_t size = 4;
    if (strcmp(type, "F64") == 0)
        size = 8;
    else if (strcmp(type, "BF16") == 0) {
        size = 2;
        wide = bits >> 16;
    } else
        wide = bits;
    for (size_t i = 0; to && i < size; i++)
        to[i] = (unsigned char)(wide >> 8 * i & 255);
    return size;
}

struct make_bytes make_safetensors(const struct nscl_weights *w, char names, const char *type, const char *network, const char *input)
{
    static const int at19[] = {0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34}, at16[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
    const int *at = strcmp(w->arch->name, "vgg16") == 0 ? at16 : at19;
    json_t *header = json_object(), *metadata = json_object();
    size_t size = 0;
    if (network)
        json_object_set_new(metadata, "nscl.network", json_string(network));
    if (input)
        json_object_set_new(metadata, "nscl.input", json_string(input));
    json_object_set_new(header, "__metadata__", metadata);
    for (int pass = 0; pass < 2 * w->conv_count; pass++) {
        const nscl_conv_weights *c = &w->conv[pass / 2];
        char name[48];
        size_t begin = size, count = (size_t)c->cout * (pass % 2 ? 1 : (size_t)c->cin * 9);
        size += count * put_value(NULL, 0, type);
        if (names == 't')
            snprintf(name, sizeof name, "features.%d.%s", at[pass / 2], pass % 2 ? "bias" : "weight");
        else
            snprintf(name, sizeof name, "conv%d_%d.%s", c->block, c->number, pass % 2 ? "bias" : "weight");
        json_t *shape = pass % 2 ? json_pack("[i]", c->cout) : json_pack("[iiii]", c->cout, c->cin, 3, 3);
        json_object_set_new(header, name, json_pack("{s:s, s:o, s:[I,I]}", "dtype", type, "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)size));
    }
    char *text = json_dumps(header, 0);
    assert(text);
    struct make_bytes out = make_header(text, size);
    unsigned char *to = out.data + out.size - size;
    for (int i = 0; i < w->conv_count; i++) {
        const nscl_conv_weights *c = &w->conv[i];
        for (size_t k = 0; k < (size_t)c->cout * (size_t)c->cin * 9; k++)
            to += put_value(to, c->kernel[k], type);
        for (int k = 0; k < c->cout; k++)
            to += put_value(to, c->bias[k], type);
    }
    free(text);
    json_decref(header);
    return out;
}
