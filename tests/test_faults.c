/* Whole short runs, in each of which one call of OpenCL fails. Whatever call it is and whatever its code: the run ends with a message that
 * names the code, or with the same picture; nothing is left behind, and the device can be used again.
 *
 * NSCL_TEST_FAULTS=all meets every call; else of calls that are many some are left out. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fault_run.h"
#include "picture_make.h"

/* A longer side at which the picture, not the network, takes most of the memory. */
enum { LARGER = 160 };

typedef struct sweep {
    fault_kind kind;
    int opens; /* such calls are made where a device is opened, or for the first run on it only */
    int times; /* the fault meets so many calls in a row: over 1 where one is made again */
    int few;   /* calls that are met of so many, unless all are */
    int codes[5];
} sweep;

static const sweep sweeps[] = {
    {FAULT_CONTEXT, 1, 1, 1, {-5, -6}},
    {FAULT_QUEUE, 1, 1, 1, {-5, -36}},
    {FAULT_PROGRAM, 1, 1, 5, {-6}},
    {FAULT_BUILD, 1, 1, 2, {-11, -5}},
    {FAULT_KERNEL, 1, 1, 5, {-46, -5}},
    {FAULT_BUFFER, 0, 1, 29, {-4}},
    {FAULT_BUFFER, 0, 2, 5, {-4, -6, -61}},
    {FAULT_PART, 0, 1, 3, {-4}},
    {FAULT_ARG, 0, 1, 197, {-50}},
    {FAULT_RUN, 0, 1, 53, {-4, -5, -36, -54, -9999}},
    {FAULT_RUN, 0, 2, 53, {-4, -5}},
    {FAULT_READ, 0, 1, 1, {-5, -36}},
    {FAULT_WRITE, 0, 1, 1, {-4, -5}},
    {FAULT_FILL, 0, 1, 3, {-4, -5}},
    {FAULT_COPY, 0, 1, 1, {-5}},
    {FAULT_FINISH, 0, 1, 1, {-14, -36}},
};

static void every_call(void **state)
{
    const char *wanted = getenv("NSCL_TEST_FAULTS");
    int all = wanted && strcmp(wanted, "all") == 0, runs = 0;
    long calls[2][FAULT_KINDS];
    golden_run r;
    fault_short_run(&r, *state);
    fault_attempt tested = fault_paint(&r, NULL, 0), clean = fault_paint(&r, NULL, 0); /* the first may make more calls, for the self-test */
    nscl_picture_free(&tested.picture);
    for (int i = 0; i < FAULT_KINDS; i++)
        calls[1][i] = fault_calls((fault_kind)i);
    if (clean.status != NSCL_OK)
        fail_msg("%s", clean.error.text);
    for (int again = 0; again < 2; again++) { /* kernels are built in the first */
        fault_attempt a = fault_paint_again(&r, NULL);
        assert_int_equal(a.status, NSCL_OK);
        assert_true(fault_difference(&a.picture, &clean.picture) == 0);
        nscl_picture_free(&a.picture);
    }
    for (int i = 0; i < FAULT_KINDS; i++)
        calls[0][i] = fault_calls((fault_kind)i);
    for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps; i++) {
        const sweep *s = &sweeps[i];
        long most = calls[s->opens][s->kind];
        int met = 0, done = 0;
        for (int c = 0; c < 5 && s->codes[c]; c++)
            for (long n = all ? 1 : 1 + (c * 7) % s->few; n <= most; n += all ? 1 : s->few) {
                char fault[64], code[16];
                snprintf(fault, sizeof fault, "%s:%ld-%ld:%d", fault_kinds[s->kind], n, n + s->times - 1, s->codes[c]);
                snprintf(code, sizeof code, "(%d)", s->codes[c]);
                fault_attempt a = s->opens ? fault_paint(&r, fault, 0) : fault_paint_again(&r, fault);
                if (!fault_hits())
                    fail_msg("%s: not met", fault);
                done += fault_finished(&a, &clean.picture, fault, code);
                met++;
                nscl_picture_free(&a.picture);
            }
        printf("  %-8s %4ld calls, %d at once: %4d faults, %4d with the message, %4d with the picture all the same\n", fault_kinds[s->kind], most, s->times,
               met, met - done, done);
        fflush(stdout);
        runs += met;
    }
    printf("  %d runs\n", runs);
    nscl_picture_free(&clean.picture);
    golden_run_close(&r);
}

/* ---- Faults that last, and what takes the place of what fails ---- */

typedef struct lasting {
    const char *fault, *conv; /* NSCL_CONV; NULL: what the device suggests */
    unsigned features;        /* 0: the device's */
    const char *said;         /* part of a warning, with the picture; of the message, without one */
    int finishes;
} lasting;

static const lasting cases[] = {
    {"build/winograd_conv:1+:-11", "winograd4", 0, "instead of winograd", 1},
    {"run/winograd_conv:1+:-54", "winograd4", 0, "instead of winograd", 1},
    {"run/winograd_conv:9+:-5", "winograd6", 0, "instead of winograd", 1},
    {"run/winograd_pack:1+:-5", "winograd2", 0, "instead of winograd", 1},
    {"build/conv_direct_fwd:1+:-11", "direct", 0, "convolving by ", 1},
    {"kernel/winograd_product:1+:-46", "winograd4-batched", 0, "instead of winograd4-batched", 1},
    {"run/rows_im2col:1+:-4", "gemm", 0, "instead of gemm", 1},
    {"run/gram_fwd:1+:-5", NULL, 0, "CLBlast's products make the Gram matrices", 1},
    {"run/rows_pack:3+:-54", NULL, NSCL_FEATURE_GEMM, "our own kernels make the Gram matrices", 1},
    {"run/winograd_conv:9+:-4", "winograd4", 0, "instead of winograd", 1},
    {"build/conv_image_fwd:1+:-11", NULL, 0, "cannot compile conv_image.cl", 0},
    {"run:40+:-36", NULL, 0, "cannot run the kernel ", 0},
    {"run/lbfgs_update:1+:-54", NULL, 0, "cannot run the kernel lbfgs_update", 0},
    {"run/lbfgs_update:1+:-4", NULL, 0, "give --size ", 0},
    {"run/lbfgs_update:1+:-5", NULL, 0, "if it is memory that is short, ", 0},
};

static void lasting_faults(void **state)
{
    golden_run r;
    (void)state;
    fault_short_run(&r, "gatys.json");
    r.settings.width = r.settings.height = r.settings.short_side = 0;
    r.settings.size = LARGER;
    fault_attempt clean = fault_paint_again(&r, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const lasting *l = &cases[i];
        char features[16];
        snprintf(features, sizeof features, "%u", l->features);
        if (l->conv)
            setenv("NSCL_CONV", l->conv, 1);
        if (l->features)
            setenv("NSCL_FEATURES", features, 1);
        fault_attempt a = fault_paint(&r, l->fault, 0);
        unsetenv("NSCL_CONV");
        unsetenv("NSCL_FEATURES");
        assert_true(fault_hits() > 0);
        if (fault_finished(&a, &clean.picture, l->fault, "(") != l->finishes)
            fail_msg("%s: %s", l->fault, a.error.text);
        const char *said = l->finishes ? a.heard.warning : a.error.text;
        printf("  %s\n    %.150s\n", l->fault, said);
        if (!strstr(said, l->said))
            fail_msg("%s: does not say '%s': %s", l->fault, l->said, said);
        if (l->finishes)
            assert_int_equal(a.heard.reports, FAULT_EVALUATIONS);
        nscl_picture_free(&a.picture);
    }
    nscl_picture_free(&clean.picture);
    golden_run_close(&r);
}

/* A compiler that does not know the hint to fetch lines ahead: everything goes without it. */
static void no_fetching(void **state)
{
    golden_run r;
    char with_it[65], without_it[65];
    (void)state;
    fault_short_run(&r, "gatys.json");
    setenv("NSCL_CONV", "winograd4", 1);
    fault_attempt clean = fault_paint(&r, NULL, 0), without = fault_paint(&r, "build/conv_image_bwd:1:-11", 0);
    unsetenv("NSCL_CONV");
    assert_int_equal(fault_hits(), 1);
    assert_int_equal(without.status, NSCL_OK);
    assert_string_equal(without.heard.warning, "");
    nscl_picture_sha256(&clean.picture, with_it);
    nscl_picture_sha256(&without.picture, without_it);
    assert_string_equal(without_it, with_it);
    nscl_picture_free(&without.picture);
    nscl_picture_free(&clean.picture);
    golden_run_close(&r);
}

/* L-BFGS remembers as many steps as there is memory for: the refusals begin at the pairs of the third step. */
static void less_history(void **state)
{
    golden_run r;
    char fault[64];
    (void)state;
    fault_short_run(&r, "gatys.json");
    r.settings.lbfgs_history = 2;
    r.settings.iterations = 8;
    fault_attempt two = fault_paint_again(&r, NULL);
    long two_buffers = fault_calls(FAULT_BUFFER);
    r.settings.lbfgs_history = 8;
    snprintf(fault, sizeof fault, "buffer:%ld-%ld:-4", two_buffers, two_buffers + 1); /* the last is the result's */
    fault_attempt less = fault_paint_again(&r, fault);
    printf("  %.150s\n", less.heard.warning);
    assert_int_equal(less.status, NSCL_OK);
    assert_non_null(strstr(less.heard.warning, "L-BFGS goes on with a history of "));
    nscl_picture_free(&two.picture);
    nscl_picture_free(&less.picture);
    golden_run_close(&r);
}

/* Where memory ends, at any moment of a run, the message names a size that fits in what there was, which is not much smaller than need be. */
static void size_that_fits(void **state)
{
    static const double shares[] = {0.7, 0.6, 0.5, 0.42, 0.35}; /* of what the run takes */
    golden_run r;
    (void)state;
    fault_short_run(&r, *state);
    r.settings.width = r.settings.height = r.settings.short_side = 0;
    r.settings.size = LARGER;
    r.settings.lbfgs_history = 1; /* which is not given up */
    for (int i = 0; i < 2; i++) { /* the first may take more, for the self-test */
        fault_attempt clean = fault_paint(&r, NULL, 0);
        assert_int_equal(clean.status, NSCL_OK);
        nscl_picture_free(&clean.picture);
    }
    long need = fault_memory();
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        nscl_context *ctx = NULL;
        fault_attempt a = {0}, smaller = {0};
        char fault[64];
        int size = 0;
        r.settings.size = LARGER;
        snprintf(fault, sizeof fault, "memory:%ld:-4", (long)(shares[i] * (double)need));
        assert_true(fault_set(fault));
        assert_int_equal(nscl_open(&ctx, NULL, NULL), NSCL_OK);
        fault_paint_on(&a, &r, ctx);
        printf("  %.2f of %ld bytes: %s\n", shares[i], need, a.error.text);
        assert_int_equal(a.status, NSCL_NO_MEMORY);
        const char *told = strstr(a.error.text, "give --size ");
        assert_true(told && sscanf(told, "give --size %d", &size) == 1 && size < LARGER && size > 0.521 * LARGER * shares[i]);
        r.settings.size = size;
        fault_paint_on(&smaller, &r, ctx);
        if (smaller.status != NSCL_OK)
            fail_msg("%s, --size %d: %s", fault, size, smaller.error.text);
        nscl_picture_free(&smaller.picture);
        nscl_close(ctx);
    }
    golden_run_close(&r);
}

/* The device is lost, at its opening, in the preparations, at an evaluation: another goes on. */
static void other_device(void **state)
{
    static const struct {
        const char *fault;
        int before; /* no picture was there yet: the other device begins as the first did */
    } lost[] = {{"context:1:-5", 1}, {"queue:1:-36", 1},    {"build:1!:-11", 1}, {"kernel:3!:-5", 1}, {"buffer:30!:-4", 1}, {"run:60!:-5", 1},
                {"run:170!:-36", 0}, {"run:200!:-9999", 0}, {"run:260!:-5", 0},  {"read:3!:-36", 0},  {"finish:4!:-14", 1}};
    golden_run r;
    (void)state;
    fault_short_run(&r, "gatys.json");
    fault_attempt clean = fault_paint_again(&r, NULL);
    for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
        fault_attempt a = fault_paint(&r, lost[i].fault, 1);
        double off = a.status == NSCL_OK ? fault_difference(&a.picture, &clean.picture) : -1;
        printf("  %-16s %s, %d evaluations, loss %.6g, off by %.1f of 65535\n", lost[i].fault, nscl_status_text(a.status), a.heard.reports, a.heard.last, off);
        if (a.status != NSCL_OK)
            fail_msg("%s", a.error.text);
        assert_true(fault_hits() > 0);
        assert_true(lost[i].before ? off <= FAULT_TOLERATED && a.heard.reports == FAULT_EVALUATIONS
                                   : a.heard.reports == FAULT_EVALUATIONS + 1 && a.heard.last < a.heard.first);
        assert_non_null(strstr(a.heard.warning, lost[i].before && i < 2 ? "trying the next device" : "going on from evaluation"));
        nscl_picture_free(&a.picture);
    }
    fault_attempt none = fault_paint(&r, "run:170+:-5", 1);
    assert_int_equal(fault_finished(&none, &clean.picture, "every device", "(-5)"), 0);
    nscl_picture_free(&clean.picture);
    golden_run_close(&r);
}

/* A device that computes wrongly: what is no number is found, and the picture that comes is one. */
static void wrong_numbers(void **state)
{
    static const char *const faults[] = {"read:2:nan", "run/conv_image_fwd:3:nan", "run/conv_image_bwd:2:nan", "run/gram_sum:7:nan"};
    golden_run r;
    (void)state;
    fault_short_run(&r, "gatys.json");
    r.settings.iterations = 8;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        fault_attempt a = fault_paint_again(&r, faults[i]);
        printf("  %s: %s; %.120s\n", faults[i], nscl_status_text(a.status), a.status == NSCL_OK ? a.heard.warning : a.error.text);
        assert_int_equal(fault_hits(), 1);
        assert_true(a.status == NSCL_OK ? a.heard.warning[0] && a.picture.samples : a.status == NSCL_BAD_NUMBER && a.error.text[0]);
        nscl_picture_free(&a.picture);
    }
    golden_run_close(&r);
}

/* Wrong from the start: the self-test finds it at the first use. Other algorithms paint the same picture, then and, without a fault, ever
 * after; where there is no other, nothing is painted. */
static void wrong_at_first_use(void **state)
{
    static const char file[] = "cat '%s'/nscl/selftest/*.txt | grep -q '^wrong winograd. fp32'";
    char command[160], *folder = make_folder(), *before = getenv("XDG_CACHE_HOME") ? strdup(getenv("XDG_CACHE_HOME")) : NULL;
    golden_run r;
    (void)state;
    fault_short_run(&r, "gatys.json");
    fault_attempt clean = fault_paint_again(&r, NULL);
    setenv("XDG_CACHE_HOME", folder, 1);
    fault_attempt first = fault_paint(&r, "run/winograd_conv:1+:twice", 0);
    assert_int_equal(first.status, NSCL_OK);
    assert_true(fault_hits() > 0);
    printf("  %s\n", first.heard.warning);
    assert_non_null(strstr(first.heard.warning, "fails at convolution winograd"));
    assert_true(fault_difference(&first.picture, &clean.picture) <= FAULT_TOLERATED);
    snprintf(command, sizeof command, file, folder);
    assert_int_equal(system(command), 0);
    fault_attempt second = fault_paint(&r, NULL, 0);
    assert_int_equal(second.status, NSCL_OK);
    assert_true(!second.heard.warning[0] && fault_difference(&first.picture, &second.picture) == 0);
    make_folder_end(folder); /* nothing is known again */
    folder = make_folder();
    setenv("XDG_CACHE_HOME", folder, 1);
    fault_attempt none = fault_paint(&r, "run/gram_fwd:1+:twice", 0);
    printf("  %s\n", none.error.text);
    assert_int_equal(none.status, NSCL_BAD_DEVICE);
    assert_true(strstr(none.error.text, "fails at gram_fwd blocked") && !none.picture.samples);
    fault_attempt right = fault_paint(&r, NULL, 0);
    assert_int_equal(right.status, NSCL_OK); /* which is tested each time: it is not remembered as wrong */
    nscl_picture_free(&right.picture);
    make_folder_end(folder);
    if (before)
        setenv("XDG_CACHE_HOME", before, 1);
    else
        unsetenv("XDG_CACHE_HOME");
    free(before);
    nscl_picture_free(&clean.picture);
    nscl_picture_free(&first.picture);
    nscl_picture_free(&second.picture);
    golden_run_close(&r);
}

/* Wrong from the middle of a run on, and never without a number: the watch finds it. */
static void wrong_in_mid_run(void **state)
{
    golden_run r;
    (void)state;
    fault_short_run(&r, *state);
    r.settings.iterations = 600;
    fault_attempt a = fault_paint_again(&r, "run/conv_image_fwd:300+:twice");
    printf("  after %d evaluations: %s\n", a.heard.reports, a.error.text);
    assert_int_equal(a.status, NSCL_BAD_DEVICE);
    assert_true(a.heard.reports >= 499 && a.heard.reports <= 500 && !a.picture.samples);
    const nscl_device_info *d = nscl_context_device(test_ctx);
    assert_true(strstr(a.error.text, "at evaluation 500 ") && strstr(a.error.text, "computes relu1_1 wrongly") && strstr(a.error.text, d->name) &&
                strstr(a.error.text, d->driver));
    golden_run_close(&r);
}

int main(int argc, char **argv)
{
    setenv("NSCL_TUNE", "off", 1);
    setenv("POCL_DEVICES", "pthread basic", 1); /* two devices */
    int status = test_open();
    if (status)
        return status;
    const struct CMUnitTest tests[] = {
        {"every call, lbfgs", every_call, NULL, NULL, (void *)(uintptr_t) "gatys.json"},
        {"every call, adam", every_call, NULL, NULL, (void *)(uintptr_t) "neural_style.json"},
        {"lasting faults", lasting_faults, NULL, NULL, NULL},
        {"no fetching", no_fetching, NULL, NULL, NULL},
        {"less history", less_history, NULL, NULL, NULL},
        {"size that fits, lbfgs", size_that_fits, NULL, NULL, (void *)(uintptr_t) "gatys.json"},
        {"size that fits, adam", size_that_fits, NULL, NULL, (void *)(uintptr_t) "neural_style.json"},
        {"other device", other_device, NULL, NULL, NULL},
        {"wrong numbers", wrong_numbers, NULL, NULL, NULL},
        {"wrong at first use", wrong_at_first_use, NULL, NULL, NULL},
        {"wrong in mid-run, lbfgs", wrong_in_mid_run, NULL, NULL, (void *)(uintptr_t) "gatys.json"},
        {"wrong in mid-run, adam", wrong_in_mid_run, NULL, NULL, (void *)(uintptr_t) "neural_style.json"},
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
