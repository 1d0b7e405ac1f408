/* From the words behind an option to its value. All checks of one option by itself are here; what options mean for one
 * another is options.c's. */
#ifndef NSCL_CLI_VALUES_H
#define NSCL_CLI_VALUES_H

#include "options.h"

/* The words behind an option. */
typedef struct nscl_values {
    const char *const *words;
    int count;
} nscl_values;

/* "0 < B" as a range of reals: the least number above 0, and the greatest below 1. */
#define NSCL_ABOVE_0 2.2250738585072014e-308
#define NSCL_BELOW_1 0.99999999999999989

/* 1 when the kind takes several words. */
int nscl_option_takes_many(const nscl_option *row);

/* The name of the row's choice number `index`, from 0; NULL past the last. */
const char *nscl_option_choice(const nscl_option *row, int index, int *value);

/* What values the row takes: "0 to 1", "above 0", "max, average"; "" when anything goes. Returns text. */
char *nscl_option_range(const nscl_option *row, char *text, size_t size);

/* Fails for want of the row's value. */
nscl_status nscl_option_missing(const nscl_option *row, nscl_error *error);

/* Sets the row's value. NSCL_BAD_ARGUMENT when a word is malformed or out of range, or there are too many or too few. */
nscl_status nscl_option_set(const nscl_option *row, nscl_options *options, const nscl_values *values, nscl_error *error);

#endif
