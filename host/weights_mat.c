/* MatConvNet's networks, MATLAB 5 files: a cell array `layers` of structs with `name` and, from beta16 on, `weights`
 * {kernel, bias}, before that `filters` and `biases`. Kernels are (width, height, cin, cout) with the first axis
 * fastest, which is OIHW as it lies. Only headers are read until a layer's shape has been checked. */
#include "weights_read.h"

#ifdef NSCL_HAVE_MATIO

#include <math.h>
#include <matio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"

/* Number of elements; 0 if there are none, or more than `limit`. */
static size_t count_elements(const matvar_t *v, size_t limit)
{
    size_t count = 1;
    if (!v || !v->dims || v->rank < 1 || v->rank > 16)
        return 0;
    for (int i = 0; i < v->rank; i++) {
        if (v->dims[i] == 0 || v->dims[i] > limit / count)
            return 0;
        count *= v->dims[i];
    }
    return count;
}

/* As Mat_VarGetStructFieldByName, which a damaged struct without its fields' names brings down. */
static matvar_t *field(matvar_t *parent, const char *name)
{
    if (!parent || parent->class_type != MAT_C_STRUCT || !parent->data || count_elements(parent, 1) != 1)
        return NULL;
    char *const *names = Mat_VarGetStructFieldnames(parent);
    for (unsigned i = 0, n = names ? Mat_VarGetNumberOfFields(parent) : 0; i < n; i++)
        if (names[i] && strcmp(names[i], name) == 0)
            return Mat_VarGetStructFieldByIndex(parent, i, 0);
    return NULL;
}

static matvar_t *cell(matvar_t *parent, size_t index)
{
    if (!parent || parent->class_type != MAT_C_CELL || !parent->data || index >= count_elements(parent, 100000))
        return NULL;
    return ((matvar_t **)parent->data)[index];
}

static int read_name(mat_t *mat, matvar_t *v, char *name, size_t size)
{
    size_t count = count_elements(v, size - 1);
    if (!count || v->class_type != MAT_C_CHAR || v->isComplex || Mat_VarReadDataAll(mat, v) != 0 || !v->data)
        return 0;
    for (size_t i = 0; i < count; i++) {
        unsigned letter = 0;
        if (v->data_size == 1)
            letter = ((const unsigned char *)v->data)[i];
        else if (v->data_size == 2)
            letter = ((const uint16_t *)v->data)[i];
        name[i] = (char)(letter < 128 ? letter : '?');
    }
    name[count] = '\0';
    return 1;
}

/* Reads all `count` elements, which the caller has compared with the dimensions. */
static int read_floats(mat_t *mat, matvar_t *v, float *out, size_t count)
{
    int good = 0;
    if (v->isComplex || count > 1u << 30)
        return 0;
    if (v->class_type == MAT_C_SINGLE)
        return Mat_VarReadDataLinear(mat, v, out, 0, 1, (int)count) == 0;
    if (v->class_type == MAT_C_DOUBLE) {
        double *wide = malloc(count * sizeof *wide);
        good = wide && Mat_VarReadDataLinear(mat, v, wide, 0, 1, (int)count) == 0;
        for (size_t i = 0; i < count && good; i++)
            out[i] = fabs(wide[i]) < 1e38 ? (float)wide[i] : NAN; /* refused later with all that is not finite */
        free(wide);
    }
    return good;
}

static nscl_status read_layer(struct nscl_weights *w, const char *path, mat_t *mat, matvar_t *layer, int *older, nscl_error *error)
{
    char name[24], exact[32];
    int block = 0, number = 0;
    if (!read_name(mat, field(layer, "name"), name, sizeof name))
        return NSCL_OK;
    if (sscanf(name, "conv%1d_%1d", &block, &number) != 2)
        return NSCL_OK;
    snprintf(exact, sizeof exact, "conv%d_%d", block, number);
    if (strcmp(name, exact) != 0)
        return NSCL_OK;
    matvar_t *weights = field(layer, "weights"), *kernel = cell(weights, 0), *bias = cell(weights, 1);
    if (!weights) {
        *older = 1;
        kernel = field(layer, "filters");
        bias = field(layer, "biases");
    }
    size_t bias_count = count_elements(bias, NSCL_MAX_WIDTH);
    if (!kernel || kernel->rank != 4 || !kernel->dims || !bias_count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': layer %s has no kernel of four dimensions and no bias that fits it; fetch the file again", path, name);
    const uint64_t shape[4] = {kernel->dims[3], kernel->dims[2], kernel->dims[1], kernel->dims[0]};
    nscl_conv_weights *c = nscl_weights_add(w, path, block, number, shape, bias_count, error);
    if (!c)
        return NSCL_BAD_FILE;
    if (!read_floats(mat, kernel, c->kernel, (size_t)c->cout * (size_t)c->cin * 9) || !read_floats(mat, bias, c->bias, bias_count))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': the data of %s cannot be read: not single or double precision, damaged or cut short; fetch it again",
                         path, name);
    return NSCL_OK;
}

/* `normalization`.averageImage of the older files, `meta`.normalization.averageImage of the later ones: one value a
 * channel, or a picture of them whose mean counts. 0 if there is none to be read. */
static int read_mean(mat_t *mat, float mean[3])
{
    int good = 0;
    float *values = NULL;
    matvar_t *meta = NULL, *top = Mat_VarReadInfo(mat, "normalization");
    matvar_t *normalization = top;
    if (!top) {
        meta = Mat_VarReadInfo(mat, "meta");
        normalization = field(meta, "normalization");
    }
    matvar_t *average = field(normalization, "averageImage");
    size_t count = count_elements(average, (size_t)3 << 22);
    if (!count || count % 3 != 0 || !(values = malloc(count * sizeof *values)) || !read_floats(mat, average, values, count))
        goto done;
    for (size_t c = 0, n = count / 3; c < 3; c++) { /* the channel is the slowest axis */
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += (double)values[c * n + i];
        mean[c] = (float)(sum / (double)n);
    }
    good = 1;
done:
    free(values);
    Mat_VarFree(top);
    Mat_VarFree(meta);
    return good;
}

nscl_status nscl_weights_read_mat(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    mat_t *mat = NULL;
    matvar_t *layers = NULL;
    char where[256];
    int older = 0;
    nscl_weights_published(strstr(path, "16") ? "vgg16" : "vgg19", where, sizeof where);
    if (!nscl_weights_check_mat(bytes, size))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a MATLAB file, but cut short or damaged; fetch it again, or %s", path, where);
    if (!nscl_file_exists(path)) /* matio takes no memory */
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a MATLAB file, which is read from a disk only; save it to a file first", path);
    mat = Mat_Open(path, MAT_ACC_RDONLY);
    if (mat)
        layers = Mat_VarReadInfo(mat, "layers");
    if (!layers || layers->class_type != MAT_C_CELL) {
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is a MATLAB file without MatConvNet's cell array 'layers'; use imagenet-vgg-verydeep-19.mat, or %s",
                           path, where);
        goto done;
    }
    for (size_t i = 0, n = count_elements(layers, 1000); i < n && status == NSCL_OK; i++)
        status = read_layer(w, path, mat, cell(layers, i), &older, error);
    if (status != NSCL_OK)
        goto done;
    w->input = nscl_input_caffe(0);
    read_mean(mat, w->input.mean); /* a file without one was made from those that all have Caffe's */
    snprintf(w->format, sizeof w->format, "MatConvNet (%s)", older ? "before beta16" : "beta16");
done:
    Mat_VarFree(layers);
    if (mat)
        Mat_Close(mat);
    return status;
}

#else

nscl_status nscl_weights_read_mat(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    (void)w;
    (void)bytes;
    (void)size;
    return nscl_fail(error, NSCL_BAD_FILE,
                     "'%s' is a MatConvNet file, which this build cannot read; install matio (libmatio-dev) and build again, or use a Keras .h5 file", path);
}

#endif
