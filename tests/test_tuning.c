/* Rows of tuning: what is understood and what is not, which row counts, the user's file, and that a row really chooses. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "gemm.h"
#include "os.h"
#include "picture_make.h"
#include "test.h"
#include "tune.h"
#include "tuning.h"

static char *root;

/* A device made up for the patterns. */
static nscl_device_facts facts(void)
{
    nscl_device_facts f = {0};
    f.info.type = NSCL_DEVICE_CPU;
    f.vector_width = 16;
    f.local_memory = 256 << 10;
    f.cache = 2 << 20;
    f.compute_units = 2;
    f.local_is_global = 1;
    return f;
}

static void lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        nscl_tuning_kind kind;
    } cases[] = {
        {"", NSCL_TUNING_NOTHING},
        {" \t # conv USE=direct", NSCL_TUNING_NOTHING},
        {"* conv USE=direct", NSCL_TUNING_ROW},
        {"\t*   conv\tUSE=direct # and why\r", NSCL_TUNING_ROW},
        {"cpu conv USE=direct", NSCL_TUNING_ROW},
        {"any conv USE=direct", NSCL_TUNING_ROW},
        {"gpu conv USE=direct", NSCL_TUNING_OTHER_DEVICE},
        {"cpu:vector=16:local>=256k:cache<=2M:shared=1:block=8 conv USE=direct", NSCL_TUNING_ROW},
        {"cpu:vector=8 conv USE=direct", NSCL_TUNING_OTHER_DEVICE},
        {"cpu:local>=257k conv USE=direct", NSCL_TUNING_OTHER_DEVICE},
        {"cpu:units<=1 conv USE=direct", NSCL_TUNING_OTHER_DEVICE},
        {"* conv IN=64 OUT=1..64 SIDE=256.. USE=winograd4", NSCL_TUNING_ROW},
        {"* conv SIDE=..256 USE=winograd4", NSCL_TUNING_ROW},
        {"* clblast.Xgemm MWG=32 NWG=32 GEMMK=1", NSCL_TUNING_ROW},
        {"* clblast.Xgemm MWG=32 NWG=64 GEMMK=0", NSCL_TUNING_ROW},
        {"* clblast.Xgemm MWG=32 NWG=64 GEMMK=1", NSCL_TUNING_DAMAGED}, /* computes wrongly */
        {"* clblast.Xgemm GEMMK=1", NSCL_TUNING_DAMAGED},
        {"* clblast.Xgemm MWG=32..64", NSCL_TUNING_DAMAGED},
        {"* clblast. MWG=32", NSCL_TUNING_DAMAGED},
        {"*", NSCL_TUNING_DAMAGED},
        {"* conv", NSCL_TUNING_DAMAGED},
        {"* conv IN=64", NSCL_TUNING_DAMAGED},
        {"* conv USE=fastest", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct IN=abc", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct IN=..", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct IN=64..32", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct IN=1x..2", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct HEIGHT=3", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct USE=direct", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct word", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct =1", NSCL_TUNING_DAMAGED},
        {"* conv USE= IN=3", NSCL_TUNING_DAMAGED},
        {"* conv use=direct", NSCL_TUNING_DAMAGED},
        {"* product NR=3", NSCL_TUNING_DAMAGED},
        {"toaster conv USE=direct", NSCL_TUNING_DAMAGED},
        {"gpu:warmth=3 conv USE=direct", NSCL_TUNING_DAMAGED}, /* whatever the device */
        {"cpu: conv USE=direct", NSCL_TUNING_DAMAGED},
        {"cpu:vector>16 conv USE=direct", NSCL_TUNING_DAMAGED},
        {"cpu:vector=many conv USE=direct", NSCL_TUNING_DAMAGED},
        {"* conv USE=direct A=1 B=1 C=1 D=1 E=1 F=1 G=1 H=1 I=1 J=1 K=1 L=1 M=1 N=1 O=1 P=1 Q=1 R=1 S=1 T=1", NSCL_TUNING_DAMAGED},
    };
    nscl_device_facts f = facts();
    nscl_tuning_row row;
    char why[128], whole[900];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nscl_tuning_kind kind = nscl_tuning_parse(&row, cases[i].line, &f, 8, why, sizeof why);
        if (kind != cases[i].kind)
            fail_msg("'%s' is %d, not %d (%s)", cases[i].line, kind, cases[i].kind, why);
        assert_int_equal(kind == NSCL_TUNING_DAMAGED, why[0] != '\0');
    }
    memset(whole, 'x', sizeof whole);
    whole[sizeof whole - 1] = '\0';
    assert_int_equal(nscl_tuning_parse(&row, whole, &f, 8, why, sizeof why), NSCL_TUNING_DAMAGED);
}

static void ranges(void **state)
{
    (void)state;
    nscl_device_facts f = facts();
    nscl_tuning_row row;
    char why[128];
    assert_int_equal(nscl_tuning_parse(&row, "* conv IN=64 OUT=1..3 SIDE=1k.. USE=direct", &f, 8, why, sizeof why), NSCL_TUNING_ROW);
    assert_string_equal(nscl_tuning_value(&row, "USE"), "direct");
    assert_null(nscl_tuning_value(&row, "SID"));
    assert_true(nscl_tuning_fits(&row, "IN", 64) && !nscl_tuning_fits(&row, "IN", 63) && !nscl_tuning_fits(&row, "IN", 64.5));
    assert_true(nscl_tuning_fits(&row, "OUT", 1) && nscl_tuning_fits(&row, "OUT", 3) && !nscl_tuning_fits(&row, "OUT", 0) && !nscl_tuning_fits(&row, "OUT", 4));
    assert_true(nscl_tuning_fits(&row, "SIDE", 1024) && nscl_tuning_fits(&row, "SIDE", 1e6) && !nscl_tuning_fits(&row, "SIDE", 1023));
    assert_true(nscl_tuning_fits(&row, "ANY", 5));
}

/* ---- On the device ---- */

static char heard[4096];

static void hear(nscl_log_level level, const char *line, void *user)
{
    (void)user;
    if (level == NSCL_LOG_WARNING && strlen(heard) + strlen(line) + 2 < sizeof heard)
        strcat(strcat(heard, line), "\n");
}

static nscl_context *open_here(void)
{
    nscl_open_options options = {.log = hear};
    nscl_context *ctx = NULL;
    nscl_error error = {NSCL_OK, ""};
    heard[0] = '\0';
    if (nscl_open(&ctx, &options, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return ctx;
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static nscl_conv *layer(nscl_context *ctx, int cin, int cout)
{
    static const float kernel[512 * 512 * 9], bias[512];
    assert_true(cin <= 512 && cout <= 512);
    nscl_conv *conv = nscl_conv_create(ctx, kernel, bias, cin, cout);
    assert_non_null(conv);
    return conv;
}

static nscl_conv_algorithm planned(nscl_context *ctx, int cin, int cout, int h, int w)
{
    nscl_conv *conv = layer(ctx, cin, cout);
    nscl_conv_plan(ctx, conv, h, w);
    nscl_conv_algorithm algorithm = conv->algorithm;
    nscl_conv_free(ctx, conv);
    return algorithm;
}

static void user_file(void **state)
{
    (void)state;
    char *path = nscl_tuning_path(&test_ctx->facts), folder[200];
    nscl_error error = {NSCL_OK, ""};
    nscl_device_facts other = test_ctx->facts;
    assert_non_null(path);
    assert_non_null(strstr(path, root));
    snprintf(other.info.driver, sizeof other.info.driver, "another");
    char *another = nscl_tuning_path(&other);
    assert_string_not_equal(path, another); /* another driver, another file */
    free(another);

    nscl_context *ctx = open_here();
    int built_in = ctx->tuning->rows;
    assert_int_equal(ctx->tuning->built_in, built_in);
    assert_false(ctx->tuning->user_file);
    assert_string_equal(heard, ""); /* what is built in is sound */
    nscl_close(ctx);

    assert_int_equal(nscl_tuning_write(&test_ctx->facts, path, "* conv USE=direct\n* conv IN=64 SIDE=64.. USE=gemm\n", &error), NSCL_OK);
    ctx = open_here();
    assert_string_equal(heard, "");
    assert_true(ctx->tuning->user_file);
    assert_int_equal(ctx->tuning->rows, built_in + 2);
    const nscl_tuning_row *row = nscl_tuning_conv(ctx, 64, 64, 32, 128);
    assert_string_equal(nscl_tuning_value(row, "USE"), "gemm"); /* the later, and SIDE is the root of the pixels */
    assert_string_equal(nscl_tuning_value(nscl_tuning_conv(ctx, 64, 64, 32, 127), "USE"), "direct");
    nscl_close(ctx);

    /* Damaged lines are named, the others count. */
    put(path, "* conv USE=direct\n\n* conv USE=\n# fine\nnonsense\n* conv USE=gemm IN=3x\n* conv OUT=96 USE=winograd6");
    ctx = open_here();
    assert_int_equal(ctx->tuning->rows, built_in + 2);
    assert_non_null(strstr(heard, path));
    assert_non_null(strstr(heard, ", line 3, is skipped"));
    assert_non_null(strstr(heard, ", line 5, is skipped"));
    assert_non_null(strstr(heard, ", line 6, is skipped"));
    assert_null(strstr(heard, ", line 7, is skipped"));
    assert_string_equal(nscl_tuning_value(nscl_tuning_conv(ctx, 64, 96, 9, 9), "USE"), "winograd6");
    nscl_close(ctx);

    /* A folder in its place is said, and no error; nor can it be written then. */
    remove(path);
    assert_int_equal(mkdir(path, 0700), 0);
    ctx = open_here();
    assert_int_equal(ctx->tuning->rows, built_in);
    assert_non_null(strstr(heard, path));
    nscl_close(ctx);
    assert_int_equal(nscl_tuning_write(&test_ctx->facts, path, "", &error), NSCL_BAD_FILE);
    remove(path);
    snprintf(folder, sizeof folder, "%s/cache/nscl/tuning", root);
    assert_int_equal(remove(folder), 0); /* nothing else was left there */
    free(path);
}

static void choice(void **state)
{
    (void)state;
    nscl_context *ctx = open_here();
    unsigned before = ctx->features;
    ctx->features = NSCL_FEATURE_ALL;
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++) {
        char text[100];
        nscl_conv *conv = layer(ctx, 32, 32);
        int can = nscl_conv_allowed(ctx, conv, (nscl_conv_algorithm)i);
        nscl_conv_free(ctx, conv);
        snprintf(text, sizeof text, "* conv IN=32 OUT=32 SIDE=..40 USE=%s\n", nscl_conv_names[i]);
        nscl_tuning_add(ctx, text, "a test");
        assert_int_equal(planned(ctx, 32, 32, 24, 40) == (nscl_conv_algorithm)i, can);
    }
    /* The mask outranks rows; the layer on the picture has but one algorithm. */
    nscl_tuning_add(ctx, "* conv USE=winograd4\n", "a test");
    assert_int_equal(planned(ctx, 32, 32, 24, 40), NSCL_CONV_WINOGRAD4);
    assert_int_equal(planned(ctx, 3, 32, 24, 40), NSCL_CONV_IMAGE);
    ctx->features = NSCL_FEATURE_BLOCKED;
    assert_int_equal(planned(ctx, 32, 32, 24, 40), NSCL_CONV_DIRECT);
    ctx->features = NSCL_FEATURE_GEMM;
    assert_int_equal(planned(ctx, 32, 32, 24, 40), NSCL_CONV_GEMM);
    nscl_tuning_add(ctx, "* conv USE=direct\n", "a test");
    assert_int_equal(planned(ctx, 32, 32, 24, 40), NSCL_CONV_DIRECT);
    setenv("NSCL_FEATURES", "1", 1); /* by hand */
    assert_int_equal(planned(ctx, 32, 32, 24, 40), NSCL_CONV_GEMM);
    unsetenv("NSCL_FEATURES");
    ctx->features = before;
    nscl_close(ctx);
}

/* What is built in fits every CPU, and there chooses direct convolution for few pixels. */
static void built_in(void **state)
{
    (void)state;
    nscl_context *ctx = open_here();
    if (ctx->facts.info.type != NSCL_DEVICE_CPU) {
        nscl_close(ctx);
        skip();
    }
    assert_true(ctx->tuning->built_in > 0);
    assert_int_equal(planned(ctx, 512, 512, 8, 8), NSCL_CONV_DIRECT);
    assert_null(nscl_tuning_conv(ctx, 512, 512, 64, 64));
    nscl_close(ctx);
}

/* Parameters of a row change CLBlast's kernel, not its result. */
static void clblast(void **state)
{
    (void)state;
    enum { N = 64 };
    static float a[N * N], b[N * N], c[N * N];
    nscl_context *ctx = open_here();
    if (!(ctx->features & NSCL_FEATURE_GEMM)) {
        nscl_close(ctx);
        skip();
    }
    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(i % 7 - 3);
        b[i] = (float)(i % 5 - 2);
    }
    for (int i = nscl_tune_clblast_count(); i-- > 0;) { /* the first set's kernel is the quickest to build */
        nscl_tuning_add(ctx, nscl_tune_clblast_rows(i), "a set");
        nscl_tuning_add(ctx, "* clblast.GemmRoutine XGEMM_MIN_INDIRECT_SIZE=1\n", "a test"); /* small products too */
        assert_true(nscl_tuning_clblast(ctx));
        assert_string_equal(heard, "");
    }
    cl_mem am = nscl_buffer_copy(ctx, a, sizeof a), bm = nscl_buffer_copy(ctx, b, sizeof b), cm = nscl_buffer_create(ctx, sizeof c);
    nscl_gemm(ctx, cm, am, bm, N, N, N, 0, 0, 1.0f, 0.0f);
    nscl_buffer_read(ctx, c, cm, sizeof c);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            float sum = 0;
            for (int k = 0; k < N; k++)
                sum += a[i * N + k] * b[k * N + j];
            assert_true(c[i * N + j] == sum);
        }
    /* One parameter is not all of them: said, and nothing changes. */
    nscl_tuning_add(ctx, "* clblast.Xgemm MWG=32\n", "a test");
    assert_false(nscl_tuning_clblast(ctx));
    assert_non_null(strstr(heard, "Xgemm"));
    nscl_close(ctx);
}

/* ---- Measuring ---- */

/* Weights are read where they lie, and may be gone once their layer is, though nobody waited for what it was doing. */
static void weights_gone(void **state)
{
    (void)state;
    enum { C = 512, SIDE = 8 };
    const size_t bytes = sizeof(float) * C * C * 9, floats = nscl_block_floats(test_ctx, C, SIDE, SIDE);
    const float bias[C] = {0};
    cl_mem x = nscl_buffer_zero(test_ctx, floats * sizeof(float)), y = nscl_buffer_create(test_ctx, floats * sizeof(float));
    float *kernel = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(kernel != MAP_FAILED);
    nscl_conv *conv = nscl_conv_create(test_ctx, kernel, bias, C, C);
    if (nscl_conv_can(test_ctx, conv, NSCL_CONV_WINOGRAD4)) {
        nscl_conv_use(test_ctx, conv, NSCL_CONV_WINOGRAD4);
        nscl_conv_fwd(test_ctx, conv, y, x, SIDE, SIDE, 0);
    }
    nscl_conv_free(test_ctx, conv);
    assert_int_equal(munmap(kernel, bytes), 0);
    nscl_buffer_free(test_ctx, x);
    nscl_buffer_free(test_ctx, y);
    test_no_error();
}

static void measure(void **state)
{
    (void)state;
    nscl_tune_layer l = {16, 24, 18, 21};
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++) {
        if (test_check.small && i != NSCL_CONV_IMAGE && i != NSCL_CONV_DIRECT && i != NSCL_CONV_WINOGRAD4)
            continue; /* which compile for long where shapes are to be few */
        if (test_is_skipped(nscl_conv_names[i]))
            continue;
        nscl_tune_result r = nscl_tune_measure(test_ctx, &l, (nscl_conv_algorithm)i, 0, 0.01);
        printf("  %-12s %s forward %.2e s, backward %.2e s, error %.1e\n", nscl_conv_names[i], r.good ? "good" : r.why, r.seconds[0], r.seconds[1], r.nmse);
        assert_int_equal(r.good, i != NSCL_CONV_IMAGE);
        assert_true(!r.good || (r.seconds[0] > 0 && r.seconds[1] > 0 && r.nmse > 0 && r.nmse < 1e-9));
    }
    /* A candidate that is far behind is given up. */
    nscl_tune_result r = nscl_tune_measure(test_ctx, &l, NSCL_CONV_DIRECT, 1e-9, 0.01);
    assert_false(r.good);
    assert_non_null(strstr(r.why, "slower"));
}

/* The first use tunes once, where there are no rows and it is not switched off. */
static void first_use(void **state)
{
    (void)state;
    nscl_tune_layer layers[] = {{16, 16, 20, 20}, {16, 32, 10, 10}, {16, 16, 20, 20}};
    nscl_context *ctx = open_here();
    char *path = nscl_tuning_path(&ctx->facts);
    int built_in = ctx->tuning->built_in;
    if (built_in) {
        assert_false(nscl_tune_first(ctx, layers, 3, 5)); /* so that CPUs start at once */
        ctx->tuning->rows = ctx->tuning->built_in = 0;
    }
    setenv("NSCL_TUNE", "off", 1);
    assert_false(nscl_tune_first(ctx, layers, 3, 5));
    unsetenv("NSCL_TUNE");
    assert_true(nscl_tune_first(ctx, layers, 3, 8));
    assert_string_equal(heard, "");
    int found = ctx->tuning->rows; /* a busy machine may have had no time for all */
    assert_true(found <= 2);
    assert_true(nscl_file_exists(path));
    assert_false(nscl_tune_first(ctx, layers, 3, 8));
    nscl_conv_algorithm chosen = planned(ctx, 16, 16, 20, 20);
    nscl_close(ctx);
    ctx = open_here();
    assert_true(ctx->tuning->user_file);
    assert_int_equal(ctx->tuning->rows, built_in + found);
    assert_int_equal(planned(ctx, 16, 16, 20, 20), chosen);
    nscl_close(ctx);
    assert_int_equal(remove(path), 0);
    free(path);
}

/* What was measured answers for sizes between, and little beyond. */
static void written(void **state)
{
    (void)state;
    nscl_tune_choice choices[] = {{{64, 128, 512, 512}, NSCL_CONV_WINOGRAD4},
                                  {{64, 128, 16, 16}, NSCL_CONV_DIRECT},
                                  {{64, 128, 256, 256}, NSCL_CONV_WINOGRAD4},
                                  {{20, 16, 30, 30}, NSCL_CONV_GEMM}};
    char *text = nscl_tune_rows(choices, 4);
    assert_string_equal(text, "* conv IN=20 OUT=16 SIDE=15..60 USE=gemm\n"
                              "* conv IN=64 OUT=128 SIDE=8..64 USE=direct\n"
                              "* conv IN=64 OUT=128 SIDE=64..1024 USE=winograd4\n");
    free(text);
}

static int clean(void **state)
{
    (void)state;
    make_folder_end(root);
    return 0;
}

int main(void)
{
    root = make_folder();
    char *path = make_path(root, "cache");
    setenv("XDG_CACHE_HOME", path, 1);
    free(path);
    unsetenv("NSCL_TUNE");
    int status = test_open();
    if (status) {
        clean(NULL);
        return status;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines),     cmocka_unit_test(ranges),  cmocka_unit_test(user_file),    cmocka_unit_test(choice),
                                       cmocka_unit_test(built_in),  cmocka_unit_test(clblast), cmocka_unit_test(weights_gone), cmocka_unit_test(measure),
                                       cmocka_unit_test(first_use), cmocka_unit_test(written)};
    return test_close(cmocka_run_group_tests_name("tuning", tests, NULL, clean) ? EXIT_FAILURE : EXIT_SUCCESS);
}
