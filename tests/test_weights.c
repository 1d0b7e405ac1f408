/* Networks from files: every form that is read gives the same tensors and the right input convention, what is written
 * comes back, and the real VGG-19 agrees in each of the forms it is published in. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sha256.h>

#include "embedded.h"
#include "os.h"
#include "reference.h"
#include "weights_make.h"
#include "weights_read.h"
#include "weights_values.h"

static char *folder;

static int open_folder(void **state)
{
    (void)state;
    folder = make_folder();
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    make_folder_end(folder);
    return 0;
}

static struct nscl_weights *open_ok(const char *path)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    if (nscl_weights_open(&w, path, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return w;
}

static struct nscl_weights *decode_ok(struct make_bytes bytes)
{
    struct nscl_weights *w = NULL;
    nscl_error error = {0};
    if (nscl_weights_decode(&w, "made.safetensors", bytes.data, bytes.size, bytes.data, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return w;
}

static void check_input(const struct nscl_weights *w, int bgr, double scale, double m0, double m1, double m2, double d0)
{
    const nscl_input_convention *c = &w->input;
    if (c->bgr != bgr || fabs((double)c->scale - scale) > 1e-7 || fabs((double)c->mean[0] - m0) > 1e-4 || fabs((double)c->mean[1] - m1) > 1e-4 ||
        fabs((double)c->mean[2] - m2) > 1e-4 || fabs((double)c->deviation[0] - d0) > 1e-6)
        fail_msg("the input is %d, %g, %g %g %g, %g in '%s'", c->bgr, (double)c->scale, (double)c->mean[0], (double)c->mean[1], (double)c->mean[2],
                 (double)c->deviation[0], w->text);
}

static void check_caffe(const struct nscl_weights *w)
{
    check_input(w, 1, 1, 103.939, 116.779, 123.68, 1);
}

static void check_torchvision(const struct nscl_weights *w)
{
    check_input(w, 0, 1 / 255.0, 0.485, 0.456, 0.406, 0.229);
}

static void test_own_round_trip(void **state)
{
    static const int odd[NSCL_BLOCKS] = {1, 7, 5, 16, 3};
    static const struct {
        const char *arch;
        const int *widths;
        int count;
    } rows[] = {{"narrow", NULL, 16}, {"vgg19", odd, 16}, {"vgg16", odd, 13}, {"vgg19", odd, 1}, {"vgg16", odd, 9}};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (int half = 0; half < 2; half++) {
            nscl_error error = {0};
            char sha256[65], *path = make_path(folder, "own.safetensors");
            struct nscl_weights *w = make_network(rows[r].arch, rows[r].widths, rows[r].count, (uint32_t)r + 1);
            w->input.bgr = (int)r & 1;
            w->input.scale = 1.0f / 255.0f;
            w->input.deviation[1] = 0.1f;
            assert_int_equal(nscl_weights_write(w, path, half, &error), NSCL_OK);
            struct nscl_weights *back = open_ok(path);
            make_compare(w, back, half ? 0x1p-11 : 0);
            assert_memory_equal(&w->input, &back->input, sizeof w->input);
            assert_ptr_equal(w->arch, back->arch);
            assert_string_equal(back->format, "nscl safetensors");
            assert_non_null(strstr(nscl_weights_text(back), w->arch->title));
            assert_non_null(SHA256File(path, sha256));
            assert_string_equal(nscl_weights_sha256(back), sha256);
            nscl_weights_free(w);
            nscl_weights_free(back);
            free(path);
        }
}

static void test_bfloat16(void **state)
{
    static const struct {
        float value;
        unsigned bits;
    } rows[] = {{0.0f, 0},
                {-1.0f, 0xbf80},
                {1 + 0x1p-8f, 0x3f80}, /* halfway, to even */
                {1 + 0x3p-8f, 0x3f82},
                {1 + 0x1.02p-8f, 0x3f81},
                {0x1.fffffep127f, 0x7f80},
                {INFINITY, 0x7f80}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char b[2];
        float back;
        nscl_values_encode(b, &rows[i].value, 1, NSCL_VALUE_BF16);
        assert_int_equal(b[0] | b[1] << 8, rows[i].bits);
        nscl_values_decode(&back, b, 1, NSCL_VALUE_BF16);
        if (isfinite(back))
            assert_true((double)back == nscl_ref_bfloat16((double)rows[i].value));
    }
}

static void test_half(void **state)
{
    static const struct {
        float value;
        unsigned half;
    } rows[] = {{0.0f, 0},
                {-0.0f, 0x8000},
                {1, 0x3c00},
                {65504, 0x7bff},
                {65519, 0x7bff},
                {65520, 0x7c00},
                {-1e30f, 0xfc00},
                {0x1p-14f, 0x0400},
                {0x1p-24f, 1},
                {0x1p-25f, 0},
                {0x1.8p-24f, 2},
                {0x1.000002p-25f, 1},
                {1 + 0x1p-11f, 0x3c00},
                {1 + 0x3p-11f, 0x3c02},
                {0x1.ff8p-15f, 0x03ff},
                {0x1.ffcp-15f, 0x0400}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char b[2];
        nscl_values_encode(b, &rows[i].value, 1, NSCL_VALUE_F16);
        if ((unsigned)(b[0] | b[1] << 8) != rows[i].half)
            fail_msg("%a becomes %04x, not %04x", (double)rows[i].value, (unsigned)(b[0] | b[1] << 8), rows[i].half);
    }
    for (unsigned h = 0; h < 0x10000; h++) { /* every half is a float, and comes back */
        const unsigned char b[2] = {(unsigned char)(h & 255), (unsigned char)(h >> 8)};
        unsigned char again[2];
        float value;
        nscl_values_decode(&value, b, 1, NSCL_VALUE_F16);
        nscl_values_encode(again, &value, 1, NSCL_VALUE_F16);
        if ((h & 0x7fff) <= 0x7c00)
            assert_memory_equal(b, again, 2);
        else
            assert_true(isnan(value));
    }
}

static void test_names(void **state)
{
    char text[200];
    int before = -1;
    (void)state;
    struct nscl_weights *w = make_network("vgg16", (const int[]){2, 2, 2, 2, 2}, 13, 1);
    assert_string_equal(nscl_weights_list(w, text, sizeof text),
                        "relu1_1 relu1_2 relu2_1 relu2_2 relu3_1 relu3_2 relu3_3 relu4_1 relu4_2 relu4_3 relu5_1 relu5_2 relu5_3");
    assert_int_equal(strlen(nscl_weights_list(w, text, 11)), 10); /* cut, not overrun */
    assert_string_equal(nscl_weights_layer(w, 12), "relu5_3");
    assert_null(nscl_weights_layer(w, 13));
    assert_null(nscl_weights_layer(w, -1));
    assert_int_equal(nscl_weights_find(w, "relu4_2", &before), 8);
    assert_int_equal(before, 0);
    assert_int_equal(nscl_weights_find(w, "conv4_2", &before), 8);
    assert_int_equal(before, 1);
    assert_int_equal(nscl_weights_find(w, "block4_conv2", &before), 8);
    assert_int_equal(before, 0);
    assert_int_equal(nscl_weights_find(w, "relu3_4", NULL), -1);
    assert_int_equal(nscl_weights_find(w, "", NULL), -1);
    nscl_weights_free(w);
    nscl_weights_free(NULL);
}

static void test_keras(void **state)
{
    (void)state;
#ifdef NSCL_HAVE_HDF5
    static const struct {
        int form;
        const char *root;
        int wide;
    } rows[] = {{1, "", 0}, {2, "", 0}, {2, "model_weights", 0}, {1, "", 1}, {2, "model_weights/vgg19", 1}};
    struct nscl_weights *w = make_network("vgg19", NULL, 3, 5);
    char *path = make_path(folder, "keras.h5");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        make_h5(path, w, rows[r].form, rows[r].root, rows[r].wide);
        struct nscl_weights *back = open_ok(path);
        make_compare(w, back, 0);
        check_caffe(back);
        assert_string_equal(back->format, "Keras HDF5");
        assert_string_equal(back->arch->name, "vgg19");
        assert_string_equal(nscl_weights_known(back), "");
        nscl_weights_free(back);
    }
    nscl_weights_free(w);
    free(path);
#else
    print_message("built without HDF5\n");
    skip();
#endif
}

static void test_matconvnet(void **state)
{
    (void)state;
#ifdef NSCL_HAVE_MATIO
    static const double mean[3] = {123, 117, 104};
    struct nscl_weights *w = make_network("vgg19", NULL, 3, 6);
    char *path = make_path(folder, "net.mat");
    for (int older = 0; older < 2; older++)
        for (int wide = 0; wide < 2; wide++) {
            make_mat(path, w, older, wide, wide ? 1 : 224, mean);
            struct nscl_weights *back = open_ok(path);
            make_compare(w, back, 0);
            check_input(back, 0, 1, 123, 117, 104, 1);
            assert_string_equal(back->format, older ? "MatConvNet (before beta16)" : "MatConvNet (beta16)");
            nscl_weights_free(back);
        }
    nscl_weights_free(w);
    free(path);
#else
    print_message("built without matio\n");
    skip();
#endif
}

static void test_safetensors(void **state)
{
    static const char *const types[] = {"F32", "F16", "BF16", "F64"};
    (void)state;
    struct nscl_weights *w = make_network("vgg19", NULL, 2, 7), *back;
    for (int t = 0; t < 4; t++) {
        if (t == 1) /* written by nscl itself, above */
            continue;
        back = decode_ok(make_safetensors(w, 'c', types[t], NULL, NULL));
        make_compare(w, back, t == 2 ? 0x1p-7 : 0);
        check_caffe(back);
        assert_string_equal(back->format, "safetensors, Caffe names");
        nscl_weights_free(back);
        back = decode_ok(make_safetensors(w, 't', types[t], NULL, NULL));
        make_compare(w, back, t == 2 ? 0x1p-7 : 0);
        check_torchvision(back);
        assert_string_equal(back->format, "safetensors, torchvision names");
        nscl_weights_free(back);
    }
    back = decode_ok(make_safetensors(w, 't', "F32", NULL, "bgr  scale=1 mean=1,2,3.5"));
    check_input(back, 1, 1, 1, 2, 3.5, 0.229); /* what is stated wins, the rest is as found */
    nscl_weights_free(back);
    nscl_weights_free(w);
    w = make_network("vgg16", NULL, 8, 8); /* conv4_1 without conv3_4 tells VGG-16 */
    for (int i = 0; i < 2; i++) {
        back = decode_ok(make_safetensors(w, i ? 't' : 'c', "F32", NULL, NULL));
        assert_string_equal(back->arch->name, "vgg16");
        make_compare(w, back, 0);
        nscl_weights_free(back);
    }
    nscl_weights_free(w);
}

#ifdef NSCL_HAVE_HDF5
/* Turns the order of conv1_1's input channels. */
static void swap_channels(struct nscl_weights *w)
{
    for (int o = 0; o < w->conv[0].cout; o++)
        for (int k = 0; k < 9; k++) {
            float *blue = &w->conv[0].kernel[o * 27 + k], kept = *blue;
            *blue = blue[18];
            blue[18] = kept;
        }
}
#endif

static void test_real(void **state)
{
    (void)state;
#ifdef NSCL_HAVE_HDF5
    const char *data = getenv("NSCL_TEST_DATA");
    char *path = make_path(data ? data : ".", "weights/vgg19_composite_keras_layout_notop.h5");
    if (!nscl_file_exists(path)) {
        print_message("'%s' is not there\n", path);
        free(path);
        skip();
    }
    struct nscl_weights *w = open_ok(path), *back;
    free(path);
    assert_int_equal(w->conv_count, 16);
    assert_string_equal(w->arch->name, "vgg19");
    check_caffe(w);
    static const float biases[] = {0.7301776f, 0.06493629f, 0.03428847f, 0.8260386f, 0.2578029f};
    assert_memory_equal(w->conv[0].bias, biases, sizeof biases);
    static const float first[3][3] = {
        {0.34119523f, 0.33999205f, -0.04484424f}, {0.23215917f, 0.08978214f, -0.30331427f}, {-0.07260918f, -0.246675f, -0.33683276f}};
    assert_memory_equal(w->conv[0].kernel, first, sizeof first); /* blue, rows from the top */

    /* The rest with the first four convolutions, to keep the files small. */
    while (w->conv_count > 4) {
        free(w->conv[--w->conv_count].kernel);
        free(w->conv[w->conv_count].bias);
    }
    for (int names = 0; names < 2; names++) { /* Caffe's values under either names are known by their biases */
        back = decode_ok(make_safetensors(w, names ? 't' : 'c', "BF16", NULL, NULL));
        make_compare(w, back, 0x1p-7);
        check_caffe(back);
        nscl_weights_free(back);
    }
    swap_channels(w);
#ifdef NSCL_HAVE_MATIO
    static const double mean[3] = {123.68, 116.779, 103.939};
    path = make_path(folder, "imagenet-vgg-verydeep-19.mat");
    for (int older = 0; older < 2; older++) {
        make_mat(path, w, older, older, 3, mean);
        back = open_ok(path);
        make_compare(w, back, 0);
        check_input(back, 0, 1, 123.68, 116.779, 103.939, 1);
        nscl_weights_free(back);
    }
    free(path);
#endif
    static const float deviation[3] = {0.229f, 0.224f, 0.225f}; /* the same network for 0..1 */
    for (int i = 0; i < 64 * 27; i++)
        w->conv[0].kernel[i] *= 255 * deviation[i / 9 % 3];
    for (int names = 0; names < 2; names++) {
        back = decode_ok(make_safetensors(w, names ? 't' : 'c', "F32", NULL, NULL));
        make_compare(w, back, 0);
        check_torchvision(back);
        nscl_weights_free(back);
    }
    nscl_weights_free(w);
#else
    print_message("built without HDF5\n");
    skip();
#endif
}

static void test_by_name(void **state)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    (void)state;
    const char *before = getenv("XDG_DATA_HOME");
    char *kept = before ? strdup(before) : NULL, *data = nscl_path_join(folder, "home/nscl");
    char *home = nscl_path_join(folder, "home");
    assert_int_equal(setenv("XDG_DATA_HOME", home, 1), 0);
    assert_int_equal(nscl_weights_open(&w, "vgg16", &error), NSCL_BAD_FILE);
    assert_null(w);
    static const char *const words[] = {"'vgg16'",
                                        "vgg16.safetensors",
                                        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
                                        "imagenet-vgg-verydeep-16.mat",
                                        "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/",
                                        "6d6bbae143d832006294945121d1f1fc"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(error.text, words[i]))
            fail_msg("'%s' does not say '%s'", error.text, words[i]);
    assert_non_null(strstr(error.text, data));
    char *made = nscl_user_folder('d', 1), *path = nscl_path_join(made, "vgg16.safetensors");
    struct nscl_weights *small = make_network("vgg16", (const int[]){2, 2, 2, 2, 2}, 13, 1);
    nscl_error_clear(&error);
    assert_int_equal(nscl_weights_write(small, path, 0, &error), NSCL_OK);
    w = open_ok("vgg16");
    make_compare(small, w, 0);
    nscl_weights_free(w);
    nscl_weights_free(small);
    remove(path);
    remove(made);
    remove(home);
    if (kept)
        setenv("XDG_DATA_HOME", kept, 1);
    else
        unsetenv("XDG_DATA_HOME");
    free(path);
    free(made);
    free(home);
    free(data);
    free(kept);
}

static void test_builtin(void **state)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    (void)state;
    if (!nscl_network_files[0].name) {
        assert_int_equal(nscl_weights_open(&w, NULL, &error), NSCL_BAD_FILE);
        assert_non_null(strstr(error.text, "no network"));
        print_message("this build has no network\n");
        skip();
    }
    struct nscl_weights *named = open_ok("builtin"), *first = open_ok(NULL);
    make_compare(named, first, 0);
    assert_int_equal(strlen(nscl_weights_sha256(first)), 64);
    nscl_weights_free(named);
    nscl_weights_free(first);
}

static void test_write_fails(void **state)
{
    nscl_error error = {0};
    (void)state;
    struct nscl_weights *w = make_network("vgg19", (const int[]){2, 2, 2, 2, 2}, 2, 1);
    char *path = nscl_path_join(folder, "nowhere/own.safetensors");
    assert_int_equal(nscl_weights_write(w, path, 0, &error), NSCL_BAD_FILE);
    assert_non_null(strstr(error.text, path));
    free(path);
    path = make_path(folder, "big.safetensors");
    w->conv[1].bias[1] = 70000;
    nscl_error_clear(&error);
    assert_int_equal(nscl_weights_write(w, path, 1, &error), NSCL_BAD_ARGUMENT);
    assert_non_null(strstr(error.text, "conv1_2"));
    assert_false(nscl_file_exists(path));
    nscl_weights_free(w);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_round_trip), cmocka_unit_test(test_half),       cmocka_unit_test(test_bfloat16),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_keras),          cmocka_unit_test(test_matconvnet), cmocka_unit_test(test_safetensors), cmocka_unit_test(test_real),
        cmocka_unit_test(test_by_name),        cmocka_unit_test(test_builtin),    cmocka_unit_test(test_write_fails),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
