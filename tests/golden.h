/* The golden files of tests/golden (see its README.md): expected losses, gradients and traces in double.
 *
 *     golden_case *c = golden_open("gatys.json");
 *     ... c->terms, c->gradient, golden_numbers(c->root, "lbfgs_wolfe.losses", &n) ...
 *     golden_close(c);
 *
 * Whatever cannot be read fails the running test with a message that names file and key, so nothing here returns NULL. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <jansson.h>

#include "nscl.h"

typedef struct golden_case {
    json_t *root;           /* the whole file, for keys without a field; see golden_value */
    nscl_settings settings; /* preset, pooling, layers, weights and blend weights; zero otherwise */
    char network[512];      /* path of the weight file */
    nscl_picture content;   /* 8-bit RGB */
    int style_count;
    nscl_picture styles[NSCL_MAX_STYLES];
    int term_count;
    nscl_term terms[NSCL_MAX_TERMS]; /* at the start */
    double loss;
    size_t count;     /* 3 * height * width of the content */
    double *start;    /* (3, H, W) RGB, 0..255 minus 123.68 116.779 103.939 */
    double *gradient; /* d loss / d start */
} golden_case;

/* Reads a file that holds one case. */
golden_case *golden_open(const char *name);
void golden_close(golden_case *c);

/* For the other files. The root of tests/golden/<name>; json_decref it. */
json_t *golden_read(const char *name);
/* The value at "key" or "outer.key" of an object: present, and of the type asked for. Numbers are malloc'ed; text and
 * values belong to the object. */
json_t *golden_value(const json_t *object, const char *key);
double golden_number(const json_t *object, const char *key);
const char *golden_text(const json_t *object, const char *key);
double *golden_numbers(const json_t *object, const char *key, size_t *count);
/* A picture with width, height and rgb; nscl_picture_free it. */
nscl_picture golden_picture(const json_t *object);
/* preset, pooling, pool_round_up and settings of a case or of a run of vgg19_terms.json, into settings. */
void golden_settings(const json_t *object, nscl_settings *settings);
/* The terms of the same. Returns how many. */
int golden_terms(const json_t *object, nscl_term terms[NSCL_MAX_TERMS]);

#endif
