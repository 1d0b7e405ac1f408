/* What the tests of device work share: the device, arrays for both sides, and the comparison with the reference.
 *
 * NSCL_DEVICE in the environment selects the device as it does for the program; without such a device a test program
 * says so and ends with TEST_SKIPPED. NSCL_TEST_SMALL=1 takes a third of the convolutions, for slow compilers; 2 keeps to
 * tiny shapes, for slow devices; 3 runs every fifth of their cases, for simulators. NSCL_TEST_LIKE=gpu runs the kernels as
 * a GPU gets them: work-groups of many items that share sums.
 *
 * Every device array is followed by a guard zone of NaN: a read beyond an input poisons a result, a write beyond an
 * output is found. Outputs begin as NaN, so that a place that is not written is found too. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "conv.h"
#include "kernel.h"
#include "ops.h"
#include "ref.h"
#include "rng.h"

#define TEST_SKIPPED 77 /* exit status that CTest knows as "skipped" */

/* How far a result may be from the reference. An element may be off by (fixed + each * terms) roundings of its
 * magnitude: the sum of the absolute values of what was added up to make it; `terms` is how many. 0, 0: exact. */
typedef struct test_bound {
    double nmse;  /* sum of squared errors over the sum of squares; see TEST_NMSE */
    double fixed; /* roundings (2^-24 each) whatever the shape */
    double each;  /* and for each term: 1 is what plain summation guarantees */
    int widest;   /* the magnitude is the largest of the array: where a transform mixes neighbours */
} test_bound;

#define TEST_NMSE 1e-12 /* default: 1e-6 relative, an order above what sums of some hundred products lose */

extern nscl_context *test_ctx;
extern int test_small;
extern rng test_rng;

/* Opens the device: 0, or the status to exit with (saying why). */
int test_open(void);
/* Closes it and passes the status on. */
int test_close(int status);

/* A row of a table: its cases' worst errors are printed by test_row_end, which fails the test if any case failed. */
void test_row_begin(const char *name, test_bound bound);
void test_row_end(void);
/* Within a row: names what follows, gives back the former case's arrays and fills the context's scratch with NaN. Not 0
 * if the case is to be run. */
int test_case(const char *format, ...) NSCL_PRINTF(1, 2);
/* Fails the case; the row goes on. */
void test_complain(const char *format, ...) NSCL_PRINTF(1, 2);

/* Zeroed; given back at the next case, as are all arrays below. */
void *test_memory(size_t bytes);
double *test_zeros(size_t n);
double *test_copy(const double *x, size_t n);
double *test_absolute(const double *x, size_t n);
/* Values that a float (of 16 bits, where feature maps are) holds exactly: normal; a ReLU's output (half of it zero); whole
 * numbers -most..most (many equal). */
double *test_normal(size_t n);
double *test_rectified(size_t n);
double *test_levels(size_t n, int most);
float *test_floats(const double *x, size_t n);

/* Device arrays: given values, or NaN. Blocks: planar on the host, blocks of channels there. Square: (c, c) on the host,
 * (side, side) padded with zeros there. */
cl_mem test_input(const double *x, size_t n);
cl_mem test_output(size_t n);
/* The same as feature maps are kept: floats, or 16 bits each (nscl_precision_set). Blocks are such, too. */
cl_mem test_stored_input(const double *x, size_t n);
cl_mem test_stored_output(size_t n);
cl_mem test_blocks_input(const double *x, int c, int h, int w);
cl_mem test_blocks_output(int c, int h, int w);
cl_mem test_square_input(const double *x, int c);
/* nscl_conv_free, but for simulators that must not see memory given back. NULL is accepted. */
void test_conv_free(nscl_conv *conv);
/* Back again. The guard zone must be as it was, and padding must be zero. */
double *test_read(cl_mem mem, size_t n);
double *test_read_stored(cl_mem mem, size_t n);
double *test_read_blocks(cl_mem mem, int c, int h, int w);
double *test_read_square(cl_mem mem, int c);
/* Sum of a slot of NSCL_PARTIALS out of `slots`; the others must be untouched. */
double test_read_slot(cl_mem partial, int slot, int slots);

/* Holds `got` against `want`; magnitude NULL: the absolute value of `want`. */
void test_compare(const char *what, const double *got, const double *want, const double *magnitude, size_t n, double terms);

#endif
