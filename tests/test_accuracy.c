/* How exact each convolution is: a table of relative errors against double, over the whole output, for as many channels as
 * VGG's layers have. Inputs are a ReLU's, weights He's, so that the sizes are those of a real network. tests/accuracy.md
 * keeps the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static const int channels[] = {64, 256, 512};
enum { CHANNELS = sizeof channels / sizeof *channels, SIDE = 9 };

typedef struct layer {
    double *kernel, *bias, *x, *dz, *y, *dx;
    nscl_conv *conv;
} layer;

static layer make(int c)
{
    size_t n = (size_t)c * (size_t)c * 9, m = (size_t)c * SIDE * SIDE;
    layer l = {nscl_check_normal(&test_check, n),
               nscl_check_normal(&test_check, (size_t)c),
               nscl_check_rectified(&test_check, m),
               nscl_check_normal(&test_check, m),
               nscl_check_zeros(&test_check, m),
               nscl_check_zeros(&test_check, m),
               NULL};
    for (size_t i = 0; i < n; i++)
        l.kernel[i] = (double)(float)(l.kernel[i] * sqrt(2.0 / (9.0 * c)));
    for (size_t i = 0; i < (size_t)c; i++)
        l.bias[i] = (double)(float)(l.bias[i] * 0.1);
    l.conv = nscl_check_conv(&test_check, l.kernel, l.bias, c, c, NSCL_CONV_DIRECT);
    nscl_ref_conv_fwd(l.y, l.x, l.kernel, l.bias, c, c, SIDE, SIDE, 0);
    nscl_ref_conv_bwd(l.dx, l.dz, l.kernel, NULL, c, c, SIDE, SIDE);
    return l;
}

static double distance(const double *a, const double *b, size_t n)
{
    double errors = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        errors += (a[i] - b[i]) * (a[i] - b[i]);
        squares += b[i] * b[i];
    }
    return sqrt(errors / squares);
}

/* Relative to the plain sum: F(4x4, 3x3) loses up to ten times as much, F(6x6, 3x3) twice that. */
static double bound(const char *name)
{
    return strncmp(name, "winograd4", 9) == 0 ? 1e-5 : strcmp(name, "winograd6") == 0 ? 2e-5 : 2e-6;
}

static void table(void **state)
{
    double error[NSCL_CONV_ALGORITHMS][CHANNELS][2] = {{{0}}};
    int wrong = 0;
    (void)state;
    for (int k = 0; k < CHANNELS; k++) {
        int c = channels[k];
        (void)nscl_check_case(&test_check, "%d channels", c);
        layer l = make(c);
        for (int a = 0; a < NSCL_CONV_ALGORITHMS; a++) {
            if (!nscl_conv_can(test_ctx, l.conv, (nscl_conv_algorithm)a))
                continue;
            cl_mem y = nscl_check_blocks_output(&test_check, c, SIDE, SIDE), dx = nscl_check_blocks_output(&test_check, c, SIDE, SIDE);
            nscl_conv_use(test_ctx, l.conv, (nscl_conv_algorithm)a);
            nscl_conv_fwd(test_ctx, l.conv, y, nscl_check_blocks_input(&test_check, l.x, c, SIDE, SIDE), SIDE, SIDE, 0);
            nscl_conv_bwd(test_ctx, l.conv, dx, nscl_check_blocks_input(&test_check, l.dz, c, SIDE, SIDE), NULL, SIDE, SIDE);
            error[a][k][0] = distance(nscl_check_read_blocks(&test_check, y, c, SIDE, SIDE), l.y, (size_t)c * SIDE * SIDE);
            error[a][k][1] = distance(nscl_check_read_blocks(&test_check, dx, c, SIDE, SIDE), l.dx, (size_t)c * SIDE * SIDE);
        }
    }
    printf("| algorithm |");
    for (int k = 0; k < CHANNELS; k++)
        printf(" %d forward | gradient |", channels[k]);
    printf("\n");
    for (int a = 0; a < NSCL_CONV_ALGORITHMS; a++) {
        if (error[a][0][0] == 0)
            continue;
        printf("| %s |", nscl_conv_names[a]);
        for (int k = 0; k < CHANNELS; k++) {
            printf(" %.1e | %.1e |", error[a][k][0], error[a][k][1]);
            wrong += !(error[a][k][0] <= bound(nscl_conv_names[a])) + !(error[a][k][1] <= bound(nscl_conv_names[a]));
        }
        printf("\n");
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {{"accuracy", table, NULL, NULL, NULL}};
    int status = test_open();
    if (status)
        return status;
    test_row_begin("accuracy", (nscl_check_bound){0, 0, 0, 0});
    return test_close(cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
