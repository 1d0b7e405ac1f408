/* What holding the device's operations against the reference takes: arrays on both sides, random data, and the comparison.
 * The self-test and the tests share it, and the table of rows (check_table.c): one row an operation and way to do it.
 *
 * Every device array is followed by a guard zone of NaN: a read beyond an input poisons a result, a write beyond an
 * output is found. Outputs begin as NaN, so that a place that is not written is found too. */
#ifndef NSCL_CHECK_H
#define NSCL_CHECK_H

#include "conv.h"
#include "rng.h"

/* How far a result may be from the reference. An element may be off by (fixed + each * terms) roundings of its
 * magnitude: the sum of the absolute values of what was added up to make it; `terms` is how many. 0, 0: exact. */
typedef struct nscl_check_bound {
    double nmse;  /* sum of squared errors over the sum of squares; see NSCL_CHECK_NMSE */
    double fixed; /* roundings (2^-24 each) whatever the shape */
    double each;  /* and for each term: 1 is what plain summation guarantees */
    int widest;   /* the magnitude is the largest of the array: where a transform mixes neighbours */
} nscl_check_bound;

#define NSCL_CHECK_NMSE 1e-12 /* usual: 1e-6 relative, an order above what sums of some hundred products lose */

enum { NSCL_CHECK_ARRAYS = 256, NSCL_CHECK_CONVS = 4, NSCL_CHECK_UNTOUCHED = 0x7fc5a5a5 /* a NaN that no operation makes */ };

typedef struct nscl_check {
    nscl_context *ctx;
    rng rng;
    /* Shapes: 0 all, 1 a third of the convolutions, 2 tiny ones, 3 every fifth of their cases, for simulators. */
    int small;
    int vgg;                                                                        /* convolutions of VGG's kinds instead */
    int layer[4];                                                                   /* cin not 0: that convolution alone: cin, cout, h, w */
    int wanted;                                                                     /* cases that a row runs, spread over all it has; 0: all */
    void (*no_memory)(void *user);                                                  /* does not return */
    void (*complain)(const struct nscl_check *check, const char *line, void *user); /* told of the first failures; NULL: nobody */
    void *user;
    /* The row so far. */
    const char *name, *skipped; /* why it cannot run here; NULL */
    nscl_check_bound bound;
    int counting, total; /* cases are counted only; their number */
    int asked, cases, compared, failures;
    int means;                             /* of them so large that the mean counts */
    double worst_nmse;                     /* of these */
    double worst_error, worst_allowed;     /* relative, of the element with the worst share */
    double worst_share;                    /* of what an element may be off; over 1 fails */
    char label[160], worst[160], why[512]; /* the case at work; that of the worst share; the first complaint */
    void *memory[NSCL_CHECK_ARRAYS];
    cl_mem arrays[NSCL_CHECK_ARRAYS];
    nscl_conv *convs[NSCL_CHECK_CONVS];
    size_t memory_count, array_count, conv_count;
} nscl_check;

/* A row of the table. */
typedef struct nscl_check_row {
    const char *operation, *way; /* "conv_fwd", "winograd4"; way "" where there is but one */
    int half;                    /* on feature maps of 16-bit floats */
    void (*run)(nscl_check *check, int variant);
    int variant;
    nscl_check_bound bound;
} nscl_check_row;

enum { NSCL_CHECK_MOST_ROWS = 128 };

/* Fills `rows` (NSCL_CHECK_MOST_ROWS) and returns their number. */
int nscl_check_table(nscl_check_row *rows);

/* Runs a row's function between begin and end, in the precision it is for; check->skipped tells if it could not. */
void nscl_check_run(nscl_check *check, const nscl_check_row *row);
void nscl_check_begin(nscl_check *check, const char *name, nscl_check_bound bound);
void nscl_check_end(nscl_check *check);
/* A failure of the device, if there was one, is the present case's. */
void nscl_check_device(nscl_check *check);
/* Gives back all arrays. */
void nscl_check_release(nscl_check *check);

/* Within a row: names what follows, gives back the former case's arrays and fills the context's scratch with NaN. Not 0
 * if the case is to be run. */
int nscl_check_case(nscl_check *check, const char *format, ...) NSCL_PRINTF(2, 3);
/* Fails the case; the row goes on. */
void nscl_check_complain(nscl_check *check, const char *format, ...) NSCL_PRINTF(2, 3);

/* Zeroed; given back at the next case, as are all arrays below. */
void *nscl_check_memory(nscl_check *check, size_t bytes);
double *nscl_check_zeros(nscl_check *check, size_t n);
double *nscl_check_copy(nscl_check *check, const double *x, size_t n);
double *nscl_check_absolute(nscl_check *check, const double *x, size_t n);
/* Values that a float (of 16 bits, where feature maps are) holds exactly: normal; a ReLU's output (half of it zero); whole
 * numbers -most..most (many equal). */
double *nscl_check_normal(nscl_check *check, size_t n);
double *nscl_check_rectified(nscl_check *check, size_t n);
double *nscl_check_levels(nscl_check *check, size_t n, int most);
float *nscl_check_floats(nscl_check *check, const double *x, size_t n);

/* Device arrays: given values, or NaN. Blocks: planar on the host, blocks of channels there. Square: (c, c) on the host,
 * (side, side) padded with zeros there. */
cl_mem nscl_check_input(nscl_check *check, const double *x, size_t n);
cl_mem nscl_check_output(nscl_check *check, size_t n);
/* The same as feature maps are kept: floats, or 16 bits each (nscl_precision_set). Blocks are such, too. */
cl_mem nscl_check_stored_input(nscl_check *check, const double *x, size_t n);
cl_mem nscl_check_stored_output(nscl_check *check, size_t n);
/* The same as L-BFGS keeps its pairs: floats, or, preconditioned, bfloat16, which x is rounded to. */
cl_mem nscl_check_pair_input(nscl_check *check, double *x, size_t n, int preconditioned);
cl_mem nscl_check_pair_output(nscl_check *check, size_t n, int preconditioned);
cl_mem nscl_check_blocks_input(nscl_check *check, const double *x, int c, int h, int w);
cl_mem nscl_check_blocks_output(nscl_check *check, int c, int h, int w);
cl_mem nscl_check_square_input(nscl_check *check, const double *x, int c);
/* A layer of that algorithm; NULL where it cannot run. */
nscl_conv *nscl_check_conv(nscl_check *check, const double *kernel, const double *bias, int cin, int cout, nscl_conv_algorithm algorithm);
/* Back again. The guard zone must be as it was, and padding must be zero. */
double *nscl_check_read(nscl_check *check, cl_mem mem, size_t n);
double *nscl_check_read_stored(nscl_check *check, cl_mem mem, size_t n);
double *nscl_check_read_pair(nscl_check *check, cl_mem mem, size_t n, int preconditioned);
double *nscl_check_read_blocks(nscl_check *check, cl_mem mem, int c, int h, int w);
double *nscl_check_read_square(nscl_check *check, cl_mem mem, int c);
/* Sum of a slot of NSCL_PARTIALS out of `slots`; the others must be untouched. */
double nscl_check_read_slot(nscl_check *check, cl_mem partial, int slot, int slots);

/* Holds `got` against `want`; magnitude NULL: the absolute value of `want`. */
void nscl_check_compare(nscl_check *check, const char *what, const double *got, const double *want, const double *magnitude, size_t n, double terms);

#endif
