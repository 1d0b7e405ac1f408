/* The self-test on a device that computes wrongly: kernels whose F(4x4, 3x3) has a wrong sign. It must name those rows, leave the
 * algorithm out from then on, and paint as if it were not there. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "os.h"
#include "picture_make.h"
#include "style.h"
#include "test.h"
#include "tuning.h"

static char *work, *kernels;

/* The log. */
typedef struct said {
    char text[1 << 16];
} said;

static void on_line(nscl_log_level level, const char *line, void *user)
{
    said *s = user;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s%s\n", level == NSCL_LOG_WARNING ? "warning: " : "", line);
}

static nscl_context *open_with(const char *folder, said *s)
{
    nscl_context *ctx = NULL;
    nscl_error error = {0};
    nscl_open_options options = {.kernel_dir = folder, .log = on_line, .log_user = s};
    s->text[0] = '\0';
    if (nscl_open(&ctx, &options, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return ctx;
}

/* A cache folder in which nothing is known yet. */
static void new_cache(const char *name)
{
    char *path = nscl_path_join(work, name);
    setenv("XDG_CACHE_HOME", path, 1);
    free(path);
}

static void break_kernels(void)
{
    static const char right[] = "(o)[2 * (os)] = fma((floatb)4.0f, c_, a_);";
    static const char wrong[] = "(o)[2 * (os)] = fma((floatb)-4.f, c_, a_);";
    char *from = nscl_path_join(getenv("NSCL_TEST_SOURCE"), "cl/winograd_tile.cl"), *to;
    unsigned char *text = NULL;
    size_t size = 0;
    nscl_file file = {0};
    work = make_folder();
    kernels = nscl_path_join(work, "kernels");
    nscl_folder_make(kernels);
    to = nscl_path_join(kernels, "winograd_tile.cl");
    assert_int_equal(nscl_file_read(from, 1 << 20, &text, &size, NULL), NSCL_OK);
    _Static_assert(sizeof right == sizeof wrong, "in its place");
    char *at = strstr((char *)text, right);
    assert_non_null(at);
    memcpy(at, wrong, sizeof wrong - 1);
    assert_int_equal(nscl_file_create(&file, to, NULL), NSCL_OK);
    fwrite(text, 1, size, file.stream);
    assert_int_equal(nscl_file_commit(&file, NULL), NSCL_OK);
    free(text);
    free(from);
    free(to);
}

/* ---- All rows ---- */

typedef struct table {
    int rows, failed, others; /* failed: those of the broken algorithm; others: any else */
    double errors;            /* their sum */
    int stop_at;
} table;

static int on_row(const nscl_selftest_row *row, void *user)
{
    table *t = user;
    int broken = strncmp(row->operation, "conv_", 5) == 0 && strncmp(row->way, "winograd4", 9) == 0;
    t->rows++;
    if (row->verdict == NSCL_FAILED) {
        t->failed += broken;
        t->others += !broken;
        assert_non_null(row->why);
        if (!broken)
            print_error("%s %s: %s\n", row->operation, row->way, row->why);
    } else if (row->verdict == NSCL_PASSED)
        t->errors += row->error;
    return t->rows == t->stop_at;
}

static void names_what_is_wrong(void **state)
{
    said s;
    table t = {0};
    nscl_error error = {0};
    nscl_selftest_result result;
    (void)state;
    new_cache("all");
    nscl_context *ctx = open_with(kernels, &s);
    unsigned features = ctx->features;
    assert_int_equal(nscl_selftest(ctx, 7, on_row, &t, &result, &error), NSCL_BAD_DEVICE);
    assert_non_null(strstr(error.text, "winograd4"));
    assert_true(t.failed >= (features & NSCL_FEATURE_WINOGRAD4 ? 2 : 0));
    assert_int_equal(t.others, 0);
    assert_int_equal(t.failed, result.failed);
    assert_int_equal(t.rows, result.passed + result.failed + result.skipped);
    assert_int_equal(result.seed, 7);
    nscl_close(ctx);
    /* Remembered for these kernels, and for no others. */
    const nscl_conv layer = {.cin = 64, .cout = 64};
    ctx = open_with(kernels, &s);
    assert_false(nscl_conv_allowed(ctx, &layer, NSCL_CONV_WINOGRAD4));
    assert_true(nscl_conv_offered(ctx, &layer, NSCL_CONV_WINOGRAD4));
    assert_true(nscl_conv_allowed(ctx, &layer, NSCL_CONV_WINOGRAD2));
    assert_non_null(strstr(s.text, "winograd4 (fp32) is not used"));
    nscl_close(ctx);
    ctx = open_with(NULL, &s);
    assert_true(nscl_conv_allowed(ctx, &layer, NSCL_CONV_WINOGRAD4));
    nscl_close(ctx);
}

/* The first rows, some of whose errors depend on the data. */
static double errors_of(nscl_context *ctx, uint64_t seed)
{
    table t = {.stop_at = 12};
    nscl_selftest_result result;
    assert_int_equal(nscl_selftest(ctx, seed, on_row, &t, &result, NULL), NSCL_CANCELLED);
    assert_int_equal(t.rows, 12);
    assert_true(result.seed != 0);
    return t.errors;
}

static void repeats_with_a_seed(void **state)
{
    said s;
    (void)state;
    new_cache("seed");
    nscl_context *ctx = open_with(NULL, &s);
    double a = errors_of(ctx, 1), b = errors_of(ctx, 2), c = errors_of(ctx, 1), d = errors_of(ctx, 0), e = errors_of(ctx, 0);
    assert_true(a == c && a != b && d != e);
    nscl_close(ctx);
    char *folder = nscl_path_join(getenv("XDG_CACHE_HOME"), "nscl/selftest");
    assert_false(nscl_file_exists(folder)); /* a test that was stopped says nothing */
    free(folder);
}

/* ---- Painting ---- */

static nscl_picture noise(uint64_t seed)
{
    enum { W = 56, H = 48 };
    rng r = {seed};
    uint8_t *samples = malloc(3 * W * H);
    assert_non_null(samples);
    for (int i = 0; i < 3 * W * H; i++)
        samples[i] = (uint8_t)(64 + rng_below(&r, 128));
    return (nscl_picture){W, H, 3, 8, samples, NULL};
}

/* Every layer by the broken algorithm, if it may. */
static nscl_picture paint(nscl_context *ctx)
{
    nscl_error error = {0};
    nscl_weights *weights = NULL;
    nscl_settings settings;
    nscl_picture content = noise(1), style = noise(2), out;
    nscl_job job = {.content = &content, .styles = &style, .style_count = 1};
    assert_int_equal(nscl_weights_open(&weights, "builtin", &error), NSCL_OK);
    nscl_settings_init(&settings, NSCL_PRESET_GATYS);
    settings.short_side = 48;
    settings.iterations = 5;
    nscl_tuning_add(ctx, "* conv USE=winograd4\n", "the test");
    if (nscl_paint(ctx, weights, &settings, &job, &out, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    nscl_weights_free(weights);
    nscl_picture_free(&content);
    nscl_picture_free(&style);
    return out;
}

static int most_apart(const nscl_picture *a, const nscl_picture *b)
{
    int most = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (int i = 0; i < 3 * a->width * a->height; i++) {
        int d = abs(((const uint8_t *)a->samples)[i] - ((const uint8_t *)b->samples)[i]);
        most = d > most ? d : most;
    }
    return most;
}

static void paints_without_it(void **state)
{
    said s;
    (void)state;
    new_cache("paint");
    nscl_context *ctx = open_with(kernels, &s);
    nscl_picture got = paint(ctx);
    assert_non_null(strstr(s.text, "warning: "));
    assert_non_null(strstr(s.text, "fails at convolution winograd4 (fp32)"));
    nscl_close(ctx);
    /* The next run knows, and says no more than that. */
    ctx = open_with(kernels, &s);
    nscl_picture again = paint(ctx);
    assert_null(strstr(s.text, "fails at"));
    assert_null(strstr(s.text, "self-test in"));
    assert_non_null(strstr(s.text, "winograd4 (fp32) is not used"));
    nscl_close(ctx);
    /* The same with right kernels and the algorithm masked out. */
    ctx = open_with(NULL, &s);
    ctx->findings.wrong[0] |= 1u << NSCL_CONV_WINOGRAD4;
    nscl_picture want = paint(ctx);
    nscl_close(ctx);
    assert_int_equal(most_apart(&got, &again), 0);
    assert_true(most_apart(&got, &want) <= 1);
    nscl_picture_free(&got);
    nscl_picture_free(&again);
    nscl_picture_free(&want);
}

static void keeps_nothing_without_cache(void **state)
{
    said s;
    (void)state;
    new_cache("off");
    setenv("NSCL_CACHE", "off", 1);
    for (int i = 0; i < 2; i++) {
        nscl_context *ctx = open_with(kernels, &s);
        nscl_picture got = paint(ctx);
        assert_non_null(strstr(s.text, "fails at convolution winograd4 (fp32)"));
        nscl_picture_free(&got);
        nscl_close(ctx);
    }
    unsetenv("NSCL_CACHE");
    char *folder = nscl_path_join(getenv("XDG_CACHE_HOME"), "nscl/selftest");
    assert_false(nscl_file_exists(folder));
    free(folder);
}

/* ---- What is remembered ---- */

/* What a run that begins now would know. */
static nscl_findings known(nscl_context *ctx)
{
    ctx->findings = (nscl_findings){{0}, {0}};
    nscl_findings_open(ctx);
    return ctx->findings;
}

/* Of two runs with the same kernels, and of one with others. */
static void keeps_what_others_found(void **state)
{
    said s;
    (void)state;
    new_cache("kept");
    nscl_context *ctx = open_with(NULL, &s), *same = open_with(NULL, &s), *other = open_with(kernels, &s);
    nscl_findings_exclude(ctx, NSCL_CONV_WINOGRAD6);
    nscl_findings_include(other, NSCL_CONV_WINOGRAD4);
    nscl_findings_include(same, NSCL_FOUND_REST); /* does not know of the first */
    assert_int_equal(known(ctx).wrong[0], 1u << NSCL_CONV_WINOGRAD6);
    assert_int_equal(known(ctx).right[0], 1u << NSCL_FOUND_REST);
    assert_int_equal(known(other).right[0], 1u << NSCL_CONV_WINOGRAD4);
    assert_int_equal(known(other).wrong[0], 0);
    nscl_findings_include(same, NSCL_CONV_WINOGRAD6); /* the later finding counts */
    assert_int_equal(known(ctx).wrong[0], 0);
    assert_int_equal(known(ctx).right[0], 1u << NSCL_CONV_WINOGRAD6 | 1u << NSCL_FOUND_REST);
    nscl_close(other);
    nscl_close(same);
    nscl_close(ctx);
}

/* Of many kernels, as many versions of the program leave them, the ones in use stay. */
static void forgets_old_kernels(void **state)
{
    enum { VERSIONS = 40 };
    said s;
    (void)state;
    new_cache("old");
    nscl_context *ctx = open_with(NULL, &s);
    char *path = nscl_device_file(&ctx->facts, "selftest");
    const int block = ctx->block;
    nscl_findings_exclude(ctx, NSCL_CONV_WINOGRAD6);
    for (int i = 0; i < VERSIONS; i++) {
        nscl_findings_include(ctx, NSCL_CONV_WINOGRAD4);
        ctx->block = 1000 + i;
        nscl_findings_include(ctx, NSCL_CONV_DIRECT);
        assert_int_equal(known(ctx).right[0], 1u << NSCL_CONV_DIRECT);
        ctx->block = block;
        assert_int_equal(known(ctx).wrong[0], 1u << NSCL_CONV_WINOGRAD6);
    }
    uint64_t size = 0;
    assert_true(nscl_file_facts(path, &size, NULL));
    assert_in_range(size, 16 * 70, 16 * 120 + 1000);
    ctx->block = 1000;
    assert_int_equal(known(ctx).right[0], 0);
    ctx->block = block;
    free(path);
    nscl_close(ctx);
}

/* What is in a file that somebody has changed, or that was cut, is lost at most. */
static void reads_any_file(void **state)
{
    static const char *const texts[] = {
        "", "k", "kernels ", "kernels", "\nkernels \n\n", "kernels x\nright winograd4 fp32", "right winograd4 fp32\n", "\xff\nkernels"};
    said s;
    (void)state;
    new_cache("any");
    nscl_context *ctx = open_with(NULL, &s);
    char *path = nscl_device_file(&ctx->facts, "selftest");
    nscl_folder_make_for(path);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make_file(path, texts[i], strlen(texts[i]));
        assert_int_equal(known(ctx).right[0] | known(ctx).wrong[0], 0);
        nscl_findings_exclude(ctx, NSCL_CONV_GEMM);
        assert_int_equal(known(ctx).wrong[0], 1u << NSCL_CONV_GEMM);
        assert_int_equal(known(ctx).right[0], 0);
    }
    free(path);
    nscl_close(ctx);
}

enum { WRITERS = 4, TURNS = 15 };

typedef struct writer {
    nscl_context *ctx;
    int algorithm, lost;
} writer;

/* Turns its own algorithm's verdict again and again: nobody else's writing turns it back. */
static void *write_by_turns(void *user)
{
    writer *w = user;
    for (int i = 0; i < TURNS; i++) {
        nscl_findings_exclude(w->ctx, w->algorithm);
        w->lost += !(known(w->ctx).wrong[0] >> w->algorithm & 1);
        nscl_findings_include(w->ctx, w->algorithm);
        w->lost += !(known(w->ctx).right[0] >> w->algorithm & 1);
    }
    return NULL;
}

static void many_write_at_once(void **state)
{
    said s;
    writer writers[WRITERS];
    pthread_t threads[WRITERS];
    (void)state;
    new_cache("many");
    for (int i = 0; i < WRITERS; i++)
        writers[i] = (writer){.ctx = open_with(NULL, &s), .algorithm = i};
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_by_turns, &writers[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(writers[i].lost, 0);
        nscl_close(writers[i].ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),     cmocka_unit_test(repeats_with_a_seed),
        cmocka_unit_test(paints_without_it),       cmocka_unit_test(keeps_nothing_without_cache),
        cmocka_unit_test(keeps_what_others_found), cmocka_unit_test(forgets_old_kernels),
        cmocka_unit_test(reads_any_file),          cmocka_unit_test(many_write_at_once),
    };
    int status = test_open();
    if (status)
        return status;
    test_close(0);
    break_kernels();
    status = cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS;
    make_folder_end(work);
    free(kernels);
    return status;
}
