/* Networks: the table of architectures, and the one place where a file's tensors are checked against it. A file is
 * told by its content; its reader adds convolutions in any order; finish() sorts them, finds the architecture they
 * are a gapless prefix of, and refuses what is not 3x3, does not chain or is not finite. */
#include "weights.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "os.h"
#include "weights_h5_file.h"
#include "weights_read.h"

const nscl_arch nscl_archs[] = {
    {"vgg19", "VGG-19", {2, 2, 4, 4, 4}, {64, 128, 256, 512, 512}},
    {"vgg16", "VGG-16", {2, 2, 3, 3, 3}, {64, 128, 256, 512, 512}},
    {"narrow", "narrow VGG-19", {2, 2, 4, 4, 4}, {16, 32, 64, 128, 128}},
    {NULL, NULL, {0}, {0}},
};

static const char relu_names[NSCL_BLOCKS][4][8] = {
    {"relu1_1", "relu1_2", "relu1_3", "relu1_4"}, {"relu2_1", "relu2_2", "relu2_3", "relu2_4"}, {"relu3_1", "relu3_2", "relu3_3", "relu3_4"},
    {"relu4_1", "relu4_2", "relu4_3", "relu4_4"}, {"relu5_1", "relu5_2", "relu5_3", "relu5_4"},
};

nscl_conv_weights *nscl_weights_add(struct nscl_weights *w, const char *path, int block, int number, const uint64_t shape[4], uint64_t bias, nscl_error *error)
{
    const int *widths = nscl_archs[0].widths; /* VGG-19 and VGG-16 share them */
    unsigned long long cout = shape[0], cin = shape[1], height = shape[2], width = shape[3];
    if (block < 1 || block > NSCL_BLOCKS || number < 1 || number > 4 || w->conv_count >= NSCL_MAX_CONVS) {
        nscl_fail(error, NSCL_BAD_FILE, "'%s' has a convolution conv%d_%d that no VGG has; use a VGG-19 or VGG-16 file", path, block, number);
        return NULL;
    }
    for (int i = 0; i < w->conv_count; i++)
        if (w->conv[i].block == block && w->conv[i].number == number) {
            nscl_fail(error, NSCL_BAD_FILE, "'%s' has conv%d_%d twice; fetch or convert the file again", path, block, number);
            return NULL;
        }
    int own = w->arch != NULL, good = height == 3 && width == 3 && bias == cout;
    unsigned long long want_out = (unsigned long long)widths[block - 1];
    unsigned long long want_in = block == 1 && number == 1 ? 3 : (unsigned long long)widths[number == 1 ? block - 2 : block - 1];
    if (own)
        good = good && cout >= 1 && cout <= NSCL_MAX_WIDTH && cin >= 1 && cin <= NSCL_MAX_WIDTH && (block + number > 2 || cin == 3);
    else
        good = good && cout == want_out && cin == want_in;
    if (!good) {
        char want[64] = "";
        if (!own)
            snprintf(want, sizeof want, " (%llu from %llu channels)", want_out, want_in);
        nscl_fail(error, NSCL_BAD_FILE,
                  "'%s': conv%d_%d has %llux%llu kernels giving %llu from %llu channels with %llu biases, but VGG has 3x3%s and a bias for each;"
                  " is it a VGG in TensorFlow's kernel order?",
                  path, block, number, height, width, cout, cin, (unsigned long long)bias, want);
        return NULL;
    }
    nscl_conv_weights *c = &w->conv[w->conv_count];
    c->block = block;
    c->number = number;
    c->cin = (int)cin;
    c->cout = (int)cout;
    c->kernel = malloc((size_t)cout * (size_t)cin * 9 * sizeof *c->kernel);
    c->bias = malloc((size_t)cout * sizeof *c->bias);
    w->conv_count++; /* from here nscl_weights_free sees it */
    if (!c->kernel || !c->bias) {
        nscl_fail(error, NSCL_NO_MEMORY, "no memory for conv%d_%d of '%s'", block, number, path);
        return NULL;
    }
    return c;
}

static int compare_convs(const void *a, const void *b)
{
    const nscl_conv_weights *x = a, *y = b;
    return x->block != y->block ? x->block - y->block : x->number - y->number;
}

/* Number of convolutions that agree with the beginning of the architecture; *block and *number name its next one. */
static int match_prefix(const struct nscl_weights *w, const nscl_arch *arch, int *block, int *number)
{
    int i = 0;
    for (int b = 1; b <= NSCL_BLOCKS; b++)
        for (int n = 1; n <= arch->convs[b - 1]; n++, i++) {
            *block = b;
            *number = n;
            if (i == w->conv_count || w->conv[i].block != b || w->conv[i].number != n)
                return i;
        }
    return i;
}

static nscl_status check_values(const float *values, size_t count, const char *path, const nscl_conv_weights *c, const char *what, nscl_error *error)
{
    const int32_t all_ones = 0x7f800000; /* the exponent of infinity and NaN */
    int32_t most = 0;
    for (size_t i = 0; i < count; i++) { /* without a branch for each */
        int32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        most = (bits & all_ones) > most ? bits & all_ones : most;
    }
    if (most < all_ones)
        return NSCL_OK;
    return nscl_fail(error, NSCL_BAD_FILE, "'%s': conv%d_%d's %s hold a value that is not a finite number; fetch or convert the file again", path, c->block,
                     c->number, what);
}

static nscl_status finish(struct nscl_weights *w, const char *path, nscl_error *error)
{
    char where[256], input[128];
    int block = 0, number = 0, count = -1;
    if (w->conv_count == 0)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' holds no VGG convolution; use %s", path, nscl_weights_published(NULL, where, sizeof where));
    qsort(w->conv, (size_t)w->conv_count, sizeof w->conv[0], compare_convs);
    if (w->arch)
        count = match_prefix(w, w->arch, &block, &number);
    else
        for (int a = 0; a < 2 && count < w->conv_count; a++) {
            int b = 0, n = 0, match = match_prefix(w, &nscl_archs[a], &b, &n);
            if (match > count) {
                count = match;
                w->arch = &nscl_archs[a];
                block = b;
                number = n;
            }
        }
    if (count < w->conv_count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': conv%d_%d is missing or out of place for %s; use the whole file, for example %s", path, block, number,
                         w->arch->title, nscl_weights_published(w->arch->name, where, sizeof where));
    for (int i = 0; i < count; i++) {
        const nscl_conv_weights *c = &w->conv[i];
        int cin = i == 0 ? 3 : w->conv[i - 1].cout;
        if (c->cin != cin)
            return nscl_fail(error, NSCL_BAD_FILE, "'%s': conv%d_%d takes %d channels, but the layer before it gives %d; convert the file again", path,
                             c->block, c->number, c->cin, cin);
        if (check_values(c->kernel, (size_t)c->cout * (size_t)c->cin * 9, path, c, "kernels", error) != NSCL_OK)
            return NSCL_BAD_FILE;
        if (check_values(c->bias, (size_t)c->cout, path, c, "biases", error) != NSCL_OK)
            return NSCL_BAD_FILE;
    }
    if (!nscl_input_valid(&w->input))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': its input's scale and deviations must be positive, its means finite; convert the file again", path);
    nscl_input_describe(&w->input, input, sizeof input);
    const nscl_conv_weights *last = &w->conv[count - 1];
    snprintf(w->text, sizeof w->text, "%s to conv%d_%d, %s, input %s", w->arch->title, last->block, last->number, w->format, input);
    return NSCL_OK;
}

static int is_safetensors(const unsigned char *bytes, size_t size)
{
    return size > 8 && bytes[8] == '{' && bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] == 0;
}

nscl_status nscl_weights_decode(struct nscl_weights **out, const char *name, const unsigned char *bytes, size_t size, unsigned char *owned, nscl_error *error)
{
    nscl_status status;
    *out = NULL;
    struct nscl_weights *w = calloc(1, sizeof *w);
    if (!w)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the network of '%s'", name);
    if (size >= 19 && memcmp(bytes, "MATLAB 5.0 MAT-file", 19) == 0)
        status = nscl_weights_read_mat(w, name, bytes, size, error);
    else if (size >= 10 && memcmp(bytes, "MATLAB 7.3", 10) == 0)
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is a MATLAB 7.3 file; save it from MATLAB with -v7, or use the published one", name);
    else if (nscl_h5_find_start(bytes, size) < size)
        status = nscl_weights_read_h5(w, name, bytes, size, error);
    else if (is_safetensors(bytes, size))
        status = nscl_weights_read_safetensors(w, name, bytes, size, error);
    else if (nscl_weights_is_pth(bytes, size))
        status = nscl_weights_read_pth(w, name, bytes, size, error);
    else
        status = nscl_weights_refuse(name, bytes, size, error);
    if (status == NSCL_OK)
        status = finish(w, name, error);
    if (status == NSCL_OK && !(w->hash = nscl_weights_hash_create(bytes, size, owned)))
        status = nscl_fail(error, NSCL_NO_MEMORY, "no memory for the network of '%s'", name);
    if (status != NSCL_OK) {
        nscl_weights_free(w);
        return status;
    }
    *out = w;
    return NSCL_OK;
}

nscl_status nscl_weights_open(nscl_weights **out, const char *name_or_path, nscl_error *error)
{
    nscl_error_clear(error);
    const char *name = name_or_path ? name_or_path : "builtin";
    char *located = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    nscl_status status;
    *out = NULL;
    if (strcmp(name, "builtin") == 0) {
        const nscl_embedded *file = &nscl_network_files[0];
        if (!file->name)
            return nscl_fail(error, NSCL_BAD_FILE, "network 'builtin': this build has no network; name vgg19, vgg16 or a weight file");
        return nscl_weights_decode(out, file->name, file->bytes, file->size, NULL, error);
    }
    if (strcmp(name, "vgg19") == 0 || strcmp(name, "vgg16") == 0) {
        located = nscl_weights_locate(name, error);
        if (!located)
            return NSCL_BAD_FILE;
        name = located;
    } else if (!nscl_file_exists(name))
        return nscl_fail(error, NSCL_BAD_FILE, "network '%s': no such file; name builtin, vgg19, vgg16 or the path of a .h5, .mat, .safetensors or .pth file",
                         name);
    status = nscl_file_read(name, NSCL_WEIGHTS_LIMIT, &bytes, &size, error);
    if (status == NSCL_OK)
        status = nscl_weights_decode(out, name, bytes, size, bytes, error);
    if (status != NSCL_OK)
        free(bytes);
    free(located);
    return status;
}

int nscl_weights_installed(const char *name_or_path)
{
    const char *name = name_or_path ? name_or_path : "builtin";
    nscl_error ignored = {0};
    if (strcmp(name, "builtin") == 0)
        return nscl_network_files[0].name != NULL;
    if (strcmp(name, "vgg19") != 0 && strcmp(name, "vgg16") != 0)
        return nscl_file_exists(name);
    char *path = nscl_weights_locate(name, &ignored);
    free(path);
    return path != NULL;
}

void nscl_weights_free(nscl_weights *w)
{
    if (!w)
        return;
    for (int i = 0; i < w->conv_count; i++) {
        free(w->conv[i].kernel);
        free(w->conv[i].bias);
    }
    nscl_weights_hash_free(w->hash);
    free(w);
}

const char *nscl_weights_text(const nscl_weights *w)
{
    return w->text;
}

const char *nscl_weights_sha256(const nscl_weights *w)
{
    return nscl_weights_hash_sha256(w->hash);
}

const char *nscl_weights_known(const nscl_weights *w)
{
    return nscl_weights_hash_known(w->hash);
}

const char *nscl_weights_layer(const nscl_weights *w, int index)
{
    if (index < 0 || index >= w->conv_count)
        return NULL;
    return relu_names[w->conv[index].block - 1][w->conv[index].number - 1];
}

int nscl_weights_find(const struct nscl_weights *w, const char *name, int *before_relu)
{
    for (int i = 0; i < w->conv_count; i++) {
        char conv[32], keras[32];
        snprintf(conv, sizeof conv, "conv%d_%d", w->conv[i].block, w->conv[i].number);
        snprintf(keras, sizeof keras, "block%d_conv%d", w->conv[i].block, w->conv[i].number);
        int is_conv = strcmp(name, conv) == 0;
        if (is_conv || strcmp(name, keras) == 0 || strcmp(name, nscl_weights_layer(w, i)) == 0) {
            if (before_relu)
                *before_relu = is_conv;
            return i;
        }
    }
    return -1;
}

char *nscl_weights_list(const struct nscl_weights *w, char *text, size_t size)
{
    size_t used = 0;
    if (size)
        text[0] = '\0';
    for (int i = 0; i < w->conv_count && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%s", i ? " " : "", nscl_weights_layer(w, i));
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}
