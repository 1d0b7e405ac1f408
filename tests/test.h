/* What the tests of device work share: the device, and the arrays and comparisons of host/check.h on it.
 *
 * NSCL_DEVICE in the environment selects the device as it does for the program; without such a device a test program
 * says so and ends with TEST_SKIPPED. NSCL_TEST_SMALL is nscl_check's `small`: 1 for slow compilers, 2 for slow devices, 3 for
 * simulators. NSCL_TEST_CASES is its `wanted`. NSCL_TEST_LIKE=gpu runs the kernels as a GPU gets them: work-groups of many
 * items that share sums. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "check.h"
#include "kernel.h"
#include "ops.h"
#include "reference.h"

#define TEST_SKIPPED 77 /* exit status that CTest knows as "skipped" */

extern nscl_check test_check;
#define test_ctx (test_check.ctx)

/* Opens the device: 0, or the status to exit with (saying why). */
int test_open(void);
/* Closes it and passes the status on. */
int test_close(int status);

/* Whether NSCL_TEST_SKIP leaves the test of that name out: patterns (with *) with a comma between them. */
int test_is_skipped(const char *name);

/* Fails the test where the device has failed; waits for it. */
void test_no_error(void);

/* The same random data for every row, whichever run before. */
void test_row_seed(void);
/* A row of a test's own; test_row_end prints the worst errors and fails the test if any case failed. */
void test_row_begin(const char *name, nscl_check_bound bound);
void test_row_end(void);

#endif
