#define _POSIX_C_SOURCE 200809L
#include "test.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Enough for the tiniest shapes, so that it need not grow: Oclgrind believes that a buffer ends where the host's last write to
 * it did, or to one whose place it took. It is given whole writes only, and nothing back before the end. */
enum { SCRATCH = 1 << 18 };

nscl_check test_check;

static void no_memory(void *user)
{
    (void)user;
    abort();
}

static void complain(const nscl_check *check, const char *line, void *user)
{
    (void)user;
    printf("  %s, %s: %s\n", check->name, check->label, line);
}

/* Work-groups of so many items where they share a sum, or do much each. */
static void set_items(nscl_context *ctx, int items)
{
    char *at = strstr(ctx->build_options, "-DRL="), rest[sizeof ctx->build_options];
    assert_non_null(at);
    snprintf(rest, sizeof rest, "%s", at + strcspn(at, " "));
    snprintf(at, sizeof ctx->build_options - (size_t)(at - ctx->build_options), "-DRL=%d%s", items, rest);
    ctx->reduce_items = ctx->heavy_items = items;
}

int test_open(void)
{
    nscl_error error = {0};
    const char *like = getenv("NSCL_TEST_LIKE");
    const char *small = getenv("NSCL_TEST_SMALL"), *cases = getenv("NSCL_TEST_CASES");
    test_check = (nscl_check){.small = small ? atoi(small) : 0, .wanted = cases ? atoi(cases) : 0, .no_memory = no_memory, .complain = complain};
    nscl_status status = nscl_open(&test_ctx, NULL, &error);
    if (status == NSCL_NO_DEVICE) {
        printf("skipped: %s\n", error.text);
        return TEST_SKIPPED;
    }
    if (status != NSCL_OK) {
        printf("cannot open the device: %s\n", error.text);
        return 1;
    }
    if (like && strcmp(like, "gpu") == 0)
        set_items(test_ctx, 64);
    else if (test_check.small > 2)
        set_items(test_ctx, 8); /* as good as 64 for finding races, and quicker */
    for (int i = 0; i < NSCL_SCRATCHES && test_check.small > 2; i++)
        nscl_scratch(test_ctx, i, SCRATCH);
    const nscl_device_info *d = nscl_context_device(test_ctx);
    printf("device: %s [%s], driver %s; blocks of %d, %d items a sum%s\n", d->name, d->platform_name, d->driver, test_ctx->block, test_ctx->reduce_items,
           test_check.small ? ", fewer shapes" : "");
    return 0;
}

void test_no_error(void)
{
    nscl_error error = {0};
    if (nscl_context_status(test_ctx, &error) != NSCL_OK)
        fail_msg("%s", error.text);
}

int test_close(int status)
{
    nscl_check_release(&test_check);
    nscl_close(test_ctx);
    test_ctx = NULL;
    return status;
}

void test_row_seed(void)
{
    test_check.rng.state = 1;
}

void test_row_begin(const char *name, nscl_check_bound bound)
{
    nscl_check_begin(&test_check, name, bound);
    test_row_seed();
}

void test_row_end(void)
{
    const nscl_check *c = &test_check;
    if (c->skipped) {
        printf("  %s: %s\n", c->name, c->skipped);
        skip();
    }
    nscl_check_end(&test_check);
    if (!c->compared)
        printf("  %-24s %4d cases\n", c->name, c->cases);
    else if (c->bound.nmse == 0 && !c->failures)
        printf("  %-24s %4d cases, exact\n", c->name, c->cases);
    else
        printf("  %-24s %4d cases, error %.1e (at most %.1e), %5.1f %% of the bound of an element\n", c->name, c->cases, sqrt(c->worst_nmse),
               sqrt(c->bound.nmse), 100 * c->worst_share);
    fflush(stdout);
    assert_int_not_equal(c->cases, 0);
    assert_int_equal(c->failures, 0);
}

int test_is_skipped(const char *name)
{
    const char *skip = getenv("NSCL_TEST_SKIP");
    char patterns[256], *rest = patterns;
    snprintf(patterns, sizeof patterns, "%s", skip ? skip : "");
    for (const char *one; (one = strtok_r(rest, ",", &rest));)
        if (fnmatch(one, name, 0) == 0)
            return 1;
    return 0;
}
