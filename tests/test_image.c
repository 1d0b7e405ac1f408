/* Pictures on the device: resizing against Pillow and TensorFlow (tests/golden/resize.json), and the ways between
 * pictures, planes and the variable that is optimised. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "image.h"
#include "test.h"

static nscl_filter filter_called(const char *name)
{
    static const char *const names[] = {[NSCL_FILTER_NEAREST] = "nearest",
                                        [NSCL_FILTER_BILINEAR] = "bilinear",
                                        [NSCL_FILTER_BICUBIC] = "bicubic",
                                        [NSCL_FILTER_LANCZOS] = "lanczos",
                                        [NSCL_FILTER_TF_BILINEAR] = "tf-bilinear"};
    for (int f = 0; f <= NSCL_FILTER_TF_BILINEAR; f++)
        if (strcmp(names[f], name) == 0)
            return (nscl_filter)f;
    fail_msg("no filter is called %s", name);
    return NSCL_FILTER_NEAREST;
}

/* The resized picture as (h, w, 3), as golden files have it. */
static float *resized(const nscl_picture *in, int oh, int ow, nscl_filter filter, int round_levels)
{
    size_t m = (size_t)oh * (size_t)ow;
    float *planes = nscl_check_memory(&test_check, 3 * m * sizeof *planes), *out = nscl_check_memory(&test_check, 3 * m * sizeof *out);
    cl_mem x = nscl_image_upload(test_ctx, in, NULL), y = nscl_image_resize(test_ctx, x, 3, in->height, in->width, oh, ow, filter, round_levels);
    nscl_buffer_read(test_ctx, planes, y, 3 * m * sizeof *planes);
    nscl_buffer_free(test_ctx, x);
    nscl_buffer_free(test_ctx, y);
    test_no_error();
    for (size_t i = 0; i < m; i++)
        for (size_t c = 0; c < 3; c++)
            out[3 * i + c] = planes[c * m + i];
    return out;
}

/* Pillow's pictures exactly; TensorFlow's bilinear is not rounded. */
static void resize(void **state)
{
    (void)state;
    json_t *root = golden_read("resize.json"), *picture, *result;
    size_t i, k;
    int checked = 0;
    json_array_foreach(golden_value(root, "pictures"), i, picture)
    {
        nscl_picture in = golden_picture(picture);
        json_array_foreach(golden_value(picture, "results"), k, result)
        {
            const char *name = golden_text(result, "filter");
            nscl_filter filter = filter_called(name);
            int w = (int)golden_number(result, "width"), h = (int)golden_number(result, "height");
            size_t n;
            double *want = golden_numbers(result, "rgb", &n), worst = 0;
            float *got = resized(&in, h, w, filter, 1);
            assert_int_equal(n, 3 * (size_t)w * (size_t)h);
            for (size_t at = 0; at < n; at++)
                worst = fmax(worst, fabs((double)got[at] - want[at]));
            printf("  %2dx%-2d to %2dx%-2d %-11s off by at most %.2g\n", in.width, in.height, w, h, name, worst);
            assert_true(worst <= (filter == NSCL_FILTER_TF_BILINEAR ? 1e-4 : 0));
            free(want);
            checked++;
        }
        nscl_picture_free(&in);
    }
    json_decref(root);
    assert_true(checked >= 30);
}

/* Without rounding the results differ from the rounded ones by no more than the two roundings. */
static void resize_unrounded(void **state)
{
    (void)state;
    json_t *root = golden_read("resize.json");
    nscl_picture in = golden_picture(json_array_get(golden_value(root, "pictures"), 0));
    int broken = 0;
    double worst = 0;
    float *rounded = resized(&in, 5, 7, NSCL_FILTER_BILINEAR, 1), *plain = resized(&in, 5, 7, NSCL_FILTER_BILINEAR, 0);
    for (int i = 0; i < 3 * 5 * 7; i++) {
        worst = fmax(worst, fabs((double)rounded[i] - (double)plain[i]));
        broken += plain[i] != floorf(plain[i]);
    }
    assert_true(worst <= 1.001);
    assert_true(broken > 50);
    nscl_picture_free(&in);
    json_decref(root);
}

static nscl_picture random_picture(int w, int h, int channels, int depth)
{
    nscl_picture p = {w, h, channels, depth, NULL, NULL};
    size_t n = (size_t)w * (size_t)h * (size_t)channels;
    p.samples = calloc(n, (size_t)depth / 8);
    assert_non_null(p.samples);
    for (size_t i = 0; i < n; i++)
        if (depth == 16)
            ((uint16_t *)p.samples)[i] = (uint16_t)rng_below(&test_check.rng, 65536);
        else
            ((uint8_t *)p.samples)[i] = (uint8_t)rng_below(&test_check.rng, 256);
    return p;
}

/* To the device and back, and through the variable: every sample as it was, alpha too. */
static void round_trip(void **state)
{
    (void)state;
    const float mean[3] = {123.68f, 116.779f, 103.939f};
    for (int kind = 0; kind < 4; kind++) {
        int w = 13, h = 7, channels = kind & 1 ? 4 : 3, depth = kind & 2 ? 16 : 8;
        nscl_picture in = random_picture(w, h, channels, depth), out = {0};
        cl_mem alpha = NULL, x = nscl_image_upload(test_ctx, &in, &alpha), u = nscl_buffer_zero(test_ctx, nscl_vector_floats(test_ctx, h, w) * sizeof(float));
        assert_true((alpha != NULL) == (channels == 4));
        nscl_image_to_variable(test_ctx, u, x, h, w, mean);
        nscl_image_from_variable(test_ctx, x, u, h, w, mean);
        assert_int_equal(nscl_image_download(test_ctx, &out, x, alpha, h, w, depth), NSCL_OK);
        test_no_error();
        assert_int_equal(out.channels, channels);
        assert_int_equal(out.depth, depth);
        assert_memory_equal(out.samples, in.samples, (size_t)(w * h * channels * depth / 8));
        nscl_buffer_free(test_ctx, x);
        nscl_buffer_free(test_ctx, u);
        nscl_buffer_free(test_ctx, alpha);
        nscl_picture_free(&in);
        nscl_picture_free(&out);
    }
}

/* Values beyond 0..255 are clamped on the way to a picture and halves round up. */
static void clamped(void **state)
{
    (void)state;
    const float mean[3] = {100, 110, 120}, levels[] = {-1e9f, -0.6f, 0.49f, 0.5f, 254.4f, 255.5f, 1e9f};
    const uint8_t want[] = {0, 0, 0, 1, 254, 255, 255};
    enum { N = sizeof levels / sizeof *levels };
    float values[3 * N];
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < N; i++)
            values[c * N + i] = levels[i] - mean[c];
    cl_mem u = nscl_buffer_zero(test_ctx, nscl_vector_floats(test_ctx, 1, N) * sizeof(float)),
           x = nscl_buffer_zero(test_ctx, nscl_vector_floats(test_ctx, 1, N) * sizeof(float));
    nscl_buffer_write(test_ctx, u, values, sizeof values);
    nscl_image_from_variable(test_ctx, x, u, 1, N, mean);
    nscl_picture out = {0};
    assert_int_equal(nscl_image_download(test_ctx, &out, x, NULL, 1, N, 8), NSCL_OK);
    test_no_error();
    for (int i = 0; i < N; i++)
        for (int c = 0; c < 3; c++)
            if (fabsf(levels[i] - 0.5f) > 0.1f) /* there the mean's rounding decides */
                assert_int_equal(((uint8_t *)out.samples)[3 * i + c], want[i]);
    nscl_picture_free(&out);
    nscl_buffer_free(test_ctx, u);
    nscl_buffer_free(test_ctx, x);
}

int main(int argc, char **argv)
{
    int status = test_open();
    if (status)
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resize),
        cmocka_unit_test(resize_unrounded),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(clamped),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(cmocka_run_group_tests_name("image", tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
