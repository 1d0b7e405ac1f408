/* What is known to be fast on a device: rows of text, built in (data/tuning) and the user's own.
 *
 *     device-pattern  kernel  KEY=VALUE ...        # to the end of the line: a comment
 *
 * A pattern names properties, never a model: `*`, or a type (cpu, gpu, accelerator, other, any) with conditions behind
 * colons, all of which must hold: PROPERTY=N, PROPERTY>=N or PROPERTY<=N (N may end in k, M or G, of 1024), where PROPERTY is
 *     vector (native width in floats), preferred (the width the driver prefers), local and cache (bytes), memory (bytes),
 *     line (bytes of a cache line), units (compute units), group (most work-items of a group), shared (1: local memory is
 *     ordinary memory), unified (1: the host's memory), fp16, fp64, subgroups, block (channels a block the program takes);
 * for example `cpu:vector>=16:local>=256k`. Kernels:
 *     conv           IN= OUT= SIDE= say which layers (each a number or a range a..b, a.. or ..b; any where left out; SIDE is
 *                    the root of the pixels), USE= the algorithm, by its name in nscl_conv_names
 *     clblast.NAME   all parameters of CLBlast's kernel NAME in single precision (Xgemm, XgemmDirect, GemmRoutine ...)
 * Of the rows that fit, the last one counts: general rows stand before special ones, and the user's file comes after
 * what is built in. */
#ifndef NSCL_TUNING_H
#define NSCL_TUNING_H

#include "context.h"

enum { NSCL_TUNING_PAIRS = 20 }; /* CLBlast's largest kernel has 16 parameters */

typedef struct nscl_tuning_row {
    char kernel[24];
    int pairs;
    struct {
        char key[24], value[24];
    } pair[NSCL_TUNING_PAIRS];
} nscl_tuning_row;

typedef enum nscl_tuning_kind { NSCL_TUNING_NOTHING, NSCL_TUNING_OTHER_DEVICE, NSCL_TUNING_ROW, NSCL_TUNING_DAMAGED } nscl_tuning_kind;

/* One line (its end excluded). *row is filled for NSCL_TUNING_ROW; `why` says what is wrong with a damaged one, or one that
 * is refused: CLBlast before 1.6.3 computes wrongly with GEMMK=1 where MWG is not NWG. */
nscl_tuning_kind nscl_tuning_parse(nscl_tuning_row *row, const char *line, const nscl_device_facts *facts, int block, char *why, size_t why_size);

/* The value of a key, or NULL. */
const char *nscl_tuning_value(const nscl_tuning_row *row, const char *key);
/* Whether a number fits a key's range; a key that is not there fits any. */
int nscl_tuning_fits(const nscl_tuning_row *row, const char *key, double number);

typedef struct nscl_tuning {
    nscl_tuning_row *row; /* those for this device, in order */
    int rows;
    int built_in;  /* how many of them are */
    int user_file; /* the user's file for this device and driver is there, whatever it holds */
} nscl_tuning;

/* Reads the built-in rows and the user's file into ctx->tuning, and hands CLBlast its own. Damaged lines are skipped with a
 * warning that names file and line; nothing here is an error. */
void nscl_tuning_open(nscl_context *ctx);
/* NSCL_TUNE=off: only what is built in counts, and nothing is measured. */
int nscl_tuning_off(void);
void nscl_tuning_close(nscl_context *ctx);
/* Adds the rows of a text; `name` is used in warnings. */
void nscl_tuning_add(nscl_context *ctx, const char *text, const char *name);

/* Hands CLBlast the last row of each of its kernels, for the whole process; 0, with a warning, where it does not take one. */
int nscl_tuning_clblast(nscl_context *ctx);

/* The last row for a convolution of cin to cout channels on h x w pixels; NULL without one. */
const nscl_tuning_row *nscl_tuning_conv(const nscl_context *ctx, int cin, int cout, int h, int w);

/* The user's file of a kind ("tuning") for a device and its driver, in the folder of that name in the cache folder. malloc'ed; NULL
 * when there is no home. */
char *nscl_device_file(const nscl_device_facts *facts, const char *kind);
/* That of tuning. */
char *nscl_tuning_path(const nscl_device_facts *facts);
/* Writes `rows` (lines) under a head that names device and driver to `path`, whose folder is made; what was there is
 * replaced at the end, as a whole. */
nscl_status nscl_tuning_write(const nscl_device_facts *facts, const char *path, const char *rows, nscl_error *error);

#endif
