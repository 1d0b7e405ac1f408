/* Buffers, small ones and those that are made of the host's large pages: what is in them, parts, and their memory's return. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "haste.h"
#include "test.h"

/* Just below, at and above what is made of large pages, and what fills the last one to a part. */
static const size_t sizes[] = {4, 4096, 1900000, 2097088, 2097152, 2097216, 6000000, 9437184};
enum { SIZES = sizeof sizes / sizeof *sizes };

static float value(size_t i)
{
    return (float)(i * 2654435761u % 1000003);
}

static float *filled(size_t bytes)
{
    float *x = malloc(bytes);
    assert_non_null(x);
    for (size_t i = 0; i < bytes / sizeof *x; i++)
        x[i] = value(i);
    return x;
}

static void assert_holds(cl_mem mem, const float *want, size_t bytes)
{
    float *got = malloc(bytes);
    assert_non_null(got);
    memset(got, 0xff, bytes);
    nscl_buffer_read(test_ctx, got, mem, bytes);
    test_no_error();
    assert_memory_equal(got, want, bytes);
    free(got);
}

/* Copied, written, assigned and zeroed buffers hold what was put into them, also after what it came from has changed. */
static void contents(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        float *x = filled(sizes[i]), *zero = calloc(1, sizes[i]);
        assert_non_null(zero);
        cl_mem a = nscl_buffer_copy(test_ctx, x, sizes[i]), b = nscl_buffer_create(test_ctx, sizes[i]), c = nscl_buffer_zero(test_ctx, sizes[i]);
        nscl_buffer_assign(test_ctx, b, a, sizes[i]);
        assert_holds(c, zero, sizes[i]);
        nscl_buffer_write(test_ctx, c, x, sizes[i]);
        x[0] = -1;
        nscl_buffer_write(test_ctx, a, x, sizes[i]);
        assert_holds(a, x, sizes[i]);
        x[0] = value(0);
        assert_holds(b, x, sizes[i]);
        assert_holds(c, x, sizes[i]);
        nscl_buffer_free(test_ctx, a);
        nscl_buffer_free(test_ctx, b);
        nscl_buffer_free(test_ctx, c);
        free(x);
        free(zero);
    }
}

/* A part is the whole's memory, and keeps it after the whole was given back. */
static void parts(void **state)
{
    (void)state;
    for (int i = 1; i < SIZES; i++) {
        size_t at = nscl_part_alignment(test_ctx), bytes = sizes[i] / 2 / at * at;
        float *x = filled(sizes[i]);
        cl_mem whole = nscl_buffer_copy(test_ctx, x, sizes[i]), part = nscl_buffer_part(test_ctx, whole, at, bytes);
        assert_holds(part, x + at / sizeof *x, bytes);
        nscl_buffer_free(test_ctx, whole);
        assert_holds(part, x + at / sizeof *x, bytes);
        nscl_buffer_free(test_ctx, part);
        free(x);
    }
}

static size_t pages_mapped(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%zu", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    return pages;
}

/* Were it not, 3 GiB of address space would be taken at the end. */
static void given_back(void **state)
{
    enum { TIMES = 200 };
    const size_t bytes = (size_t)16 << 20;
    (void)state;
    size_t before = 0, after;
    for (int i = 0; i < TIMES; i++) {
        cl_mem mem = nscl_buffer_zero(test_ctx, bytes);
        nscl_buffer_free(test_ctx, mem);
        test_no_error(); /* waits for the device */
        if (i == TIMES / 10)
            before = pages_mapped();
    }
    after = pages_mapped();
    if (before)
        assert_true(after < before + TIMES / 2 * (bytes / (size_t)sysconf(_SC_PAGESIZE)));
    assert_int_equal(test_ctx->bytes, 0);
}

/* Zeroed, aligned, and not made for what fills no large page. */
static void large_pages(void **state)
{
    (void)state;
    assert_null(nscl_pages_get(4096, NULL));
    assert_null(nscl_pages_get(SIZE_MAX, NULL));
    for (int i = 0; i < SIZES; i++) {
        unsigned char *pages = nscl_pages_get(sizes[i], NULL);
        if (!pages)
            continue;
        assert_int_equal((uintptr_t)pages % (2 << 20), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            if (pages[k])
                fail_msg("byte %zu of %zu is %d", k, sizes[i], pages[k]);
        memset(pages, 1, sizes[i]);
        nscl_pages_free(pages);
    }
    nscl_pages_free(NULL);
}

/* Where a large page is said to be slow, small ones take its place, which keep what is in them when they become large. */
static void slow_pages(void **state)
{
    enum { BYTES = 3 * NSCL_LARGE_PAGE };
    nscl_page_haste haste = {.wait = 0.01};
    (void)state;
    unsigned char *pages = nscl_pages_get(BYTES, &haste);
    if (!pages)
        skip();
    assert_true(haste.wait == 0.01);
    assert_int_equal(nscl_pages_small(pages), BYTES);
    for (size_t k = 0; k < BYTES; k++)
        pages[k] = (unsigned char)(k % 251);
    for (int i = 0; i < 2; i++) {
        nscl_pages_enlarge(pages);
        assert_int_equal(nscl_pages_small(pages), 0);
        for (size_t k = 0; k < BYTES; k++)
            if (pages[k] != k % 251)
                fail_msg("byte %zu is %d", k, pages[k]);
    }
    nscl_pages_free(pages);

    /* No more large pages than the bytes fill, but for an eighth of the last. */
    const size_t whole[] = {40 * NSCL_LARGE_PAGE, 40 * NSCL_LARGE_PAGE + NSCL_LARGE_PAGE / 2, 41 * NSCL_LARGE_PAGE - NSCL_LARGE_PAGE / 9};
    for (int i = 0; i < 3; i++) {
        haste = (nscl_page_haste){.wait = 0.01};
        pages = nscl_pages_get(whole[i], &haste);
        assert_non_null(pages);
        assert_int_equal(nscl_pages_small(pages), (i < 2 ? 40 : 41) * NSCL_LARGE_PAGE);
        memset(pages, 1, whole[i]);
        nscl_pages_free(pages);
    }

    haste = (nscl_page_haste){0}; /* as this machine has it: all large, or small from where it waited */
    pages = nscl_pages_get(BYTES, &haste);
    assert_non_null(pages);
    assert_true(haste.looked > 0);
    assert_true(haste.wait > 0 || nscl_pages_small(pages) == 0);
    assert_true(nscl_pages_small(pages) < BYTES);
    nscl_pages_free(pages);

    haste = (nscl_page_haste){.looked = 1000}; /* was long enough */
    pages = nscl_pages_get(BYTES, &haste);
    assert_non_null(pages);
    assert_true(haste.looked == 1000 && haste.wait == 0);
    assert_int_equal(nscl_pages_small(pages), 0);
    nscl_pages_free(pages);
}

/* Buffers made in a hurry get large pages where the rest of the work is worth it, and not for less. */
static void hurry(void **state)
{
    enum { BYTES = 2 * NSCL_LARGE_PAGE };
    (void)state;
    float *x = filled(BYTES);
    nscl_haste_begin(test_ctx);
    test_ctx->haste.pages.wait = 0.01;
    cl_mem hasty = nscl_buffer_copy(test_ctx, x, BYTES);
    size_t small = nscl_haste_small(test_ctx); /* 0 where the device has its own memory */
    assert_true(small == 0 || small == BYTES);
    nscl_haste_end(test_ctx, 0.1); /* less than two pages' wait is saved */
    assert_int_equal(nscl_haste_small(test_ctx), small);
    nscl_haste_begin(test_ctx); /* what is known of the pages that are small stays known */
    assert_true(small == 0 || test_ctx->haste.pages.wait == 0.01);
    nscl_haste_end(test_ctx, 0);
    assert_int_equal(nscl_haste_small(test_ctx), small);
    cl_mem other = nscl_buffer_copy(test_ctx, x, BYTES); /* in no hurry */
    assert_int_equal(nscl_haste_small(test_ctx), small);
    nscl_haste_begin(test_ctx);
    nscl_haste_end(test_ctx, 1000);
    assert_int_equal(nscl_haste_small(test_ctx), 0);
    assert_holds(hasty, x, BYTES);
    assert_holds(other, x, BYTES);
    nscl_buffer_free(test_ctx, hasty);
    nscl_buffer_free(test_ctx, other);
    free(x);
}

/* A part of memory that lies anywhere. */
static void borrowed(void **state)
{
    (void)state;
    float *x = filled(sizes[1]);
    const nscl_device_facts *f = &test_ctx->facts;
    int lies_there = f->info.type == NSCL_DEVICE_CPU && f->unified_memory && !(f->quirks & NSCL_QUIRK_EMULATED);
    size_t before = test_ctx->bytes;
    cl_mem mem = nscl_buffer_borrow(test_ctx, x + 1, sizes[1] / 2);
    assert_true((test_ctx->bytes == before) == lies_there);
    assert_holds(mem, x + 1, sizes[1] / 2);
    nscl_buffer_free(test_ctx, mem);
    test_no_error();
    assert_int_equal(test_ctx->bytes, before);
    free(x);
}

int main(int argc, char **argv)
{
    int status = test_open();
    if (status)
        return status;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents),   cmocka_unit_test(parts), cmocka_unit_test(given_back), cmocka_unit_test(large_pages),
        cmocka_unit_test(slow_pages), cmocka_unit_test(hurry), cmocka_unit_test(borrowed),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(cmocka_run_group_tests_name("tensor", tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
