/* The list of devices, begun ahead. Programs: kept on disk and used again, rebuilt when the file is damaged, and replaced by a
 * folder's .cl files. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "image.h"
#include "os.h"
#include "picture_make.h"
#include "test.h"

static char *root;

typedef struct heard {
    int compiled, loaded;
} heard;

static void hear(nscl_log_level level, const char *line, void *user)
{
    heard *h = user;
    (void)level;
    h->compiled += strncmp(line, "compiled ", 9) == 0;
    h->loaded += strncmp(line, "loaded ", 7) == 0;
}

/* What the image_affine kernel makes of 1 with a mean of -2: 3, unless replaced; -1 on failure. */
static float affine(heard *h, const char *kernels, nscl_error *error)
{
    const float mean[3] = {-2, -2, -2}, ones[3] = {1, 1, 1};
    float got[3] = {0};
    nscl_open_options options = {.kernel_dir = kernels, .log = hear, .log_user = h};
    nscl_context *ctx = NULL;
    *h = (heard){0};
    memset(error, 0, sizeof *error);
    if (nscl_open(&ctx, &options, error) != NSCL_OK)
        return -1;
    cl_mem x = nscl_buffer_zero(ctx, nscl_vector_floats(ctx, 1, 1) * sizeof(float)), u = nscl_buffer_zero(ctx, nscl_vector_floats(ctx, 1, 1) * sizeof(float));
    nscl_buffer_write(ctx, x, ones, sizeof ones);
    nscl_image_to_variable(ctx, u, x, 1, 1, mean);
    nscl_buffer_read(ctx, got, u, sizeof got);
    nscl_buffer_free(ctx, x);
    nscl_buffer_free(ctx, u);
    nscl_status status = nscl_context_status(ctx, error);
    nscl_close(ctx);
    return status == NSCL_OK ? got[0] : -1;
}

/* The first file of the cache. */
static int cached_file(char *path, size_t size)
{
    char folder[200];
    snprintf(folder, sizeof folder, "%s/cache/nscl/programs", root);
    DIR *dir = opendir(folder);
    int found = 0;
    for (struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.') {
            snprintf(path, size, "%.200s/%.100s", folder, e->d_name);
            found = 1;
        }
    if (dir)
        closedir(dir);
    return found;
}

static void cache(void **state)
{
    (void)state;
    heard h;
    nscl_error error;
    char path[400];
    if (test_ctx->facts.quirks & NSCL_QUIRK_NO_BINARIES) {
        printf("  skipped: programs are not kept for this device\n");
        skip();
    }
    assert_true(affine(&h, NULL, &error) == 3);
    assert_int_equal(h.compiled, 1);
    assert_true(cached_file(path, sizeof path));
    assert_true(affine(&h, NULL, &error) == 3);
    assert_int_equal(h.compiled, 0);
    assert_int_equal(h.loaded, 1);
    /* An empty, a short and a senseless file are as good as none, and do not stay. */
    for (int bytes = 0; bytes <= 4000; bytes = bytes ? bytes * 4000 : 1) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        for (int i = 0; i < bytes; i++)
            fputc("senseless"[i % 9], file);
        fclose(file);
        assert_true(affine(&h, NULL, &error) == 3);
        assert_int_equal(h.compiled, 1);
        assert_true(affine(&h, NULL, &error) == 3);
        assert_int_equal(h.loaded, 1);
    }
    /* Without it. */
    setenv("NSCL_CACHE", "off", 1);
    assert_true(affine(&h, NULL, &error) == 3);
    assert_int_equal(h.compiled, 1);
    unsetenv("NSCL_CACHE");
}

static void replace(const char *folder, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/image.cl", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void folder(void **state)
{
    (void)state;
    heard h;
    nscl_error error;
    char kernels[200];
    snprintf(kernels, sizeof kernels, "%s/kernels", root);
    assert_int_equal(mkdir(kernels, 0700), 0);
    assert_true(affine(&h, kernels, &error) == 3); /* what the folder lacks is built in */
    replace(kernels,
            "#include \"common.cl\"\n"
            "kernel void image_affine(global float *restrict y, global const float *restrict x, ulong m, float scale, float4 shift, float lo, float hi)\n"
            "{\n"
            "    if (get_global_id(0) < m)\n"
            "        y[get_global_id(1) * m + get_global_id(0)] = 41;\n"
            "}\n");
    assert_true(affine(&h, kernels, &error) == 41);
    setenv("NSCL_KERNELS", kernels, 1);
    assert_true(affine(&h, NULL, &error) == 41);
    unsetenv("NSCL_KERNELS");
    assert_true(affine(&h, NULL, &error) == 3); /* not what was kept for the other source */
    replace(kernels, "kernel void image_affine(global float *y) { this is no program }\n");
    assert_true(affine(&h, kernels, &error) == -1);
    assert_int_equal(error.code, NSCL_BAD_DEVICE);
    assert_non_null(strstr(error.text, "cannot compile image.cl"));
    replace(kernels, "#include \"nothing.cl\"\n");
    assert_true(affine(&h, kernels, &error) == -1);
    assert_non_null(strstr(error.text, "'nothing.cl'"));
}

static int clean(void **state)
{
    (void)state;
    make_folder_end(root);
    return 0;
}

/* The list that a thread began is handed out once, and the next is made anew; each owner frees its own. */
static void prepared(void **state)
{
    nscl_device_facts *lists[3];
    size_t counts[3];
    (void)state;
    nscl_prepare();
    nscl_prepare();
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            nscl_prepare(); /* has no effect any more */
        assert_int_equal(nscl_devices_find(&lists[i], &counts[i], NULL), NSCL_OK);
        assert_int_equal(counts[i], counts[0]);
    }
    assert_ptr_not_equal(lists[0], lists[1]);
    for (size_t d = 0; d < counts[0]; d++)
        for (int i = 1; i < 3; i++) {
            assert_ptr_equal(lists[i][d].device, lists[0][d].device);
            assert_string_equal(lists[i][d].info.why, lists[0][d].info.why);
        }
    for (int i = 0; i < 3; i++)
        nscl_devices_free(lists[i], counts[i]);
    nscl_prepare_end();
}

int main(void)
{
    char path[300];
    root = make_folder();
    snprintf(path, sizeof path, "%s/cache", root);
    setenv("XDG_CACHE_HOME", path, 1);
    int status = test_open();
    if (status) {
        clean(NULL);
        return status;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(prepared), cmocka_unit_test(cache), cmocka_unit_test(folder)};
    return test_close(cmocka_run_group_tests_name("program", tests, NULL, clean) ? EXIT_FAILURE : EXIT_SUCCESS);
}
