/* Devices of different makers in one process: the same picture, settings and seed must lead to the same losses and, as far as single
 * precision goes, the same pixels; and each device to its own bytes again. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "test.h"

enum { MOST_DEVICES = 8, EVALUATIONS = 10, SIDE = 64 };

/* Both devices round to 24 bits, in sums of other orders: what differs begins at 1e-7, and an optimiser makes more of it, as of any
 * difference. Ten evaluations of L-BFGS make less than 1e-5 of it with direct convolution. Winograd's larger roundings
 * (tests/accuracy.md), which turn with the least change of a picture, are enough for the line search to take another way on one as
 * small as this: 1e-2 at the tenth evaluation, 1e-6 at the third. Adam's steps have a given length: it keeps to the bound with any.
 * A pixel changes by some tens of levels, of which 1e-4 is less than a hundredth of a level: it turns the rounding to whole levels of
 * a pixel in a hundred. Two levels: Adam's first steps go by a gradient's sign, and where that is nearly zero it may be either. */
static const double most_loss = 1e-4, most_mean = 0.05;
enum { MOST_LEVELS = 2 };

static char selectors[MOST_DEVICES][16], names[MOST_DEVICES][300];
static int devices;

typedef struct painting {
    nscl_picture picture;
    double losses[2 * EVALUATIONS];
    int count;
} painting;

static int on_progress(const nscl_progress *now, void *user)
{
    painting *p = user;
    if (p->count < 2 * EVALUATIONS)
        p->losses[p->count++] = now->loss;
    return 0;
}

static nscl_picture data_picture(const char *name)
{
    nscl_error error = {0};
    nscl_picture p;
    char *path = nscl_path_join(getenv("NSCL_TEST_SOURCE"), name);
    if (nscl_picture_read(&p, path, 0, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    free(path);
    return p;
}

/* features 0: as the device suggests. */
static painting paint(const char *selector, nscl_preset preset, unsigned features)
{
    nscl_error error = {0};
    nscl_context *ctx = NULL;
    nscl_weights *weights = NULL;
    nscl_settings settings;
    painting p = {.count = 0};
    nscl_picture content = data_picture("data/pictures/lakeside.jpg"), style = data_picture("data/styles/swirls.jpg");
    nscl_job job = {.content = &content, .styles = &style, .style_count = 1, .progress = on_progress, .user = &p};
    nscl_open_options options = {.device = selector};
    nscl_settings_init(&settings, preset);
    settings.width = settings.height = settings.size = 0;
    settings.short_side = SIDE;
    settings.iterations = EVALUATIONS;
    settings.seed = 5;
    if (nscl_open(&ctx, &options, &error) != NSCL_OK || nscl_weights_open(&weights, "builtin", &error) != NSCL_OK)
        fail_msg("device %s: %s", selector, error.text);
    if (features)
        ctx->features = features;
    if (nscl_paint(ctx, weights, &settings, &job, &p.picture, &error) != NSCL_OK)
        fail_msg("device %s: %s", selector, error.text);
    nscl_weights_free(weights);
    nscl_close(ctx);
    nscl_picture_free(&content);
    nscl_picture_free(&style);
    return p;
}

static size_t bytes_of(const nscl_picture *p)
{
    return 3 * (size_t)p->width * (size_t)p->height;
}

static void compare(const painting *a, const painting *b, const char *what)
{
    double loss = 0, mean = 0;
    int most = 0;
    size_t n = bytes_of(&a->picture);
    assert_int_equal(a->count, b->count);
    assert_int_equal(n, bytes_of(&b->picture));
    for (int i = 0; i < a->count && i < EVALUATIONS; i++)
        loss = fmax(loss, fabs(a->losses[i] - b->losses[i]) / b->losses[i]);
    for (size_t i = 0; i < n; i++) {
        int d = abs(((const uint8_t *)a->picture.samples)[i] - ((const uint8_t *)b->picture.samples)[i]);
        most = d > most ? d : most;
        mean += (double)d / (double)n;
    }
    printf("  %s: losses differ by %.1e, pixels by %d levels at most, %.4f in the mean\n", what, loss, most, mean);
    assert_true(loss <= most_loss);
    assert_true(most <= MOST_LEVELS && mean <= most_mean);
}

static void agree(void **state)
{
    static const struct {
        nscl_preset preset;
        unsigned features;
    } ways[] = {{NSCL_PRESET_GATYS, NSCL_FEATURE_BLOCKED}, {NSCL_PRESET_NEURAL_STYLE, 0}};
    (void)state;
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        painting first = paint(selectors[0], ways[k].preset, ways[k].features);
        for (int i = 1; i < devices; i++) {
            painting other = paint(selectors[i], ways[k].preset, ways[k].features);
            char what[1024];
            snprintf(what, sizeof what, "%s, %s and %s", nscl_preset_name(ways[k].preset), names[0], names[i]);
            compare(&other, &first, what);
            nscl_picture_free(&other.picture);
        }
        nscl_picture_free(&first.picture);
    }
}

static void repeat(void **state)
{
    (void)state;
    for (int i = 0; i < devices; i++) {
        painting a = paint(selectors[i], NSCL_PRESET_GATYS, 0), b = paint(selectors[i], NSCL_PRESET_GATYS, 0);
        assert_memory_equal(a.losses, b.losses, sizeof a.losses);
        assert_memory_equal(a.picture.samples, b.picture.samples, bytes_of(&a.picture));
        nscl_picture_free(&a.picture);
        nscl_picture_free(&b.picture);
    }
}

/* Usable ones, of one platform each, but no simulators. */
static void find_devices(void)
{
    nscl_device_facts *facts = NULL;
    size_t count = 0;
    int platform = -1;
    nscl_devices_find(&facts, &count, NULL);
    for (size_t i = 0; i < count && devices < MOST_DEVICES; i++) {
        const nscl_device_info *d = &facts[i].info;
        if (!d->usable || d->platform == platform || facts[i].quirks & NSCL_QUIRK_EMULATED)
            continue;
        platform = d->platform;
        snprintf(selectors[devices], sizeof selectors[devices], "%d:%d", d->platform, d->device);
        snprintf(names[devices++], sizeof names[0], "%s [%s]", d->name, d->platform_name);
    }
    nscl_devices_free(facts, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agree), cmocka_unit_test(repeat)};
    find_devices();
    if (devices < 2) {
        printf("skipped: needs devices of two platforms, and there %s %d\n", devices == 1 ? "is" : "are", devices);
        return TEST_SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS;
}
