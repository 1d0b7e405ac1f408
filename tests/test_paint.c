/* Runs of nscl_paint, and the losses of the published VGG-19 on real pictures, which lie in the folder NSCL_TEST_DATA;
 * without it those tests are skipped, saying so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden_run.h"

/* A picture of the test data, cropped at its top left corner unless width is 0; 8-bit RGB. */
static nscl_picture data_picture(const char *name, int width, int height)
{
    char path[1024];
    nscl_error error = {0};
    nscl_picture p;
    snprintf(path, sizeof path, "%s/pictures/%s", getenv("NSCL_TEST_DATA"), name);
    if (nscl_picture_read(&p, path, 0, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    assert_int_equal(p.depth, 8);
    if (!width)
        return p;
    nscl_picture out = {width, height, 3, 8, malloc(3 * (size_t)width * (size_t)height), NULL};
    assert_non_null(out.samples);
    assert_true(p.width >= width && p.height >= height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy((uint8_t *)out.samples + 3 * ((size_t)y * (size_t)width + (size_t)x),
                   (uint8_t *)p.samples + (size_t)p.channels * ((size_t)y * (size_t)p.width + (size_t)x), 3);
    nscl_picture_free(&p);
    return out;
}

/* NULL, saying so, where the data are missing. */
static nscl_weights *published(void)
{
    char path[1024];
    nscl_error error = {0};
    nscl_weights *weights = NULL;
    const char *data = getenv("NSCL_TEST_DATA");
    snprintf(path, sizeof path, "%s/weights/vgg19_composite_keras_layout_notop.h5", data ? data : "");
    FILE *file = data ? fopen(path, "rb") : NULL;
    if (!file) {
        printf("  skipped: NSCL_TEST_DATA is %s, which has no published network\n", data ? data : "not set");
        return NULL;
    }
    fclose(file);
    if (nscl_weights_open(&weights, path, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return weights;
}

/* content + 10 sin(0.37 row + 0.21 column + channel), minus the mean. */
static double *waved(const nscl_picture *content, const float mean[3])
{
    size_t h = (size_t)content->height, w = (size_t)content->width;
    double *x = calloc(3 * h * w, sizeof *x);
    assert_non_null(x);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < h; i++)
            for (size_t j = 0; j < w; j++)
                x[(c * h + i) * w + j] =
                    ((const uint8_t *)content->samples)[(i * w + j) * 3 + c] + 10 * sin(0.37 * (double)i + 0.21 * (double)j + (double)c) - (double)mean[c];
    return x;
}

/* The preset's defaults are those of the formulas. */
static void same_weights(const nscl_settings *own, const nscl_settings *golden)
{
    const nscl_layer_weight *const a[] = {own->content_layers, own->style_layers}, *const b[] = {golden->content_layers, golden->style_layers};
    const int counts[] = {golden->content_layer_count, golden->style_layer_count};
    assert_int_equal(own->content_layer_count, counts[0]);
    assert_int_equal(own->style_layer_count, counts[1]);
    assert_true(own->content_weight == golden->content_weight && own->style_weight == golden->style_weight && own->tv_weight == golden->tv_weight);
    assert_int_equal(own->pool_round_up, golden->pool_round_up);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < counts[k]; i++) {
            assert_string_equal(a[k][i].name, b[k][i].name);
            assert_true(fabs(a[k][i].weight - b[k][i].weight) <= 1e-11);
        }
}

static void vgg19_terms(void **state)
{
    (void)state;
    nscl_weights *weights = published();
    if (!weights)
        skip();
    json_t *root = golden_read("vgg19_terms.json"), *object;
    size_t at;
    nscl_picture content = data_picture("content/tubingen_png.png", 160, 120);
    json_array_foreach(golden_value(root, "runs"), at, object)
    {
        const json_t *size = golden_value(object, "style_size");
        nscl_picture painting =
            data_picture("style/starry_night_crop.png", (int)json_integer_value(json_array_get(size, 0)), (int)json_integer_value(json_array_get(size, 1)));
        nscl_job job = {.content = &content, .styles = &painting, .style_count = 1};
        nscl_settings s = {0};
        nscl_term terms[NSCL_MAX_TERMS];
        nscl_run run;
        nscl_error error = {0};
        golden_settings(object, &s);
        nscl_settings_init(&s, s.preset);
        nscl_settings own = s;
        golden_settings(object, &s);
        if (json_is_true(golden_value(object, "own_settings")))
            same_weights(&own, &s);
        s.width = s.height = s.size = s.short_side = 0;
        golden_scales(&s, &content, &painting, 1);
        if (nscl_run_prepare(&run, test_ctx, weights, &s, &job, &error) != NSCL_OK)
            fail_msg("%s", error.text);
        double *x = waved(&content, run.network->mean), *g = calloc(run.problem.elements, sizeof *g), square = 0;
        golden_run_set(&run, x);
        double loss = golden_run_evaluate(&run, g), wanted = golden_number(object, "loss"), norm = golden_number(object, "gradient_norm");
        for (size_t i = 0; i < run.problem.elements; i++)
            square += g[i] * g[i];
        int count = golden_terms(object, terms);
        double off = golden_terms_off(run.terms, run.term_count, terms, count), norm_off = fabs(sqrt(square) / norm - 1);
        printf("  %-12s %-7s: terms off by %.1e, loss %.1e, norm of the gradient %.1e\n", nscl_preset_name(s.preset), s.pooling ? "average" : "max", off,
               fabs(loss / wanted - 1), norm_off);
        for (int i = 0; i < count; i++)
            printf("    %-18s %.1e\n", terms[i].name, golden_term_off(run.terms, run.term_count, &terms[i]));
        fflush(stdout);
        assert_true(off <= 1e-4);
        assert_true(fabs(loss / wanted - 1) <= 1e-4);
        assert_true(norm_off <= 1e-4);
        free(x);
        free(g);
        nscl_run_release(&run);
        nscl_picture_free(&painting);
    }
    nscl_picture_free(&content);
    json_decref(root);
    nscl_weights_free(weights);
}

/* ---- The published trace ---- */

typedef struct first_terms {
    nscl_term terms[NSCL_MAX_TERMS];
    int count;
    double loss;
} first_terms;

static int keep_first(const nscl_progress *p, void *user)
{
    first_terms *first = user;
    first->count = p->term_count;
    first->loss = p->loss;
    memcpy(first->terms, p->terms, (size_t)p->term_count * sizeof *p->terms);
    return 1;
}

/* The first line: the content picture's own losses. Fills `want` in the order of the file's columns. */
static int read_trace(nscl_term want[NSCL_MAX_TERMS], double *total)
{
    char path[1024], head[512], line[512], *at = head, *end;
    snprintf(path, sizeof path, "%s/traces/gatys_tuebingen_starry_512.tsv", getenv("NSCL_TEST_DATA"));
    FILE *file = fopen(path, "r");
    int n = 0;
    if (!file || !fgets(head, sizeof head, file) || !fgets(line, sizeof line, file))
        fail_msg("%s cannot be read", path);
    fclose(file);
    *total = strtod(strchr(line, '\t'), &end);
    at = strchr(strchr(head, '\t') + 1, '\t') + 1;
    for (char *name = strtok(at, "\t\n"); name; name = strtok(NULL, "\t\n")) {
        int content = strncmp(name, "content_", 8) == 0;
        snprintf(want[n].name, sizeof want[n].name, "%s:%.20s", content ? "content" : "style", content ? name + 8 : name);
        want[n].value = strtod(end, &end);
        n += !content; /* 0 at the content picture, where relative differences mean nothing */
    }
    return n;
}

static void trace(void **state)
{
    (void)state;
    nscl_weights *weights = published();
    if (!weights)
        skip();
    nscl_settings s;
    nscl_error error = {0};
    nscl_picture content = data_picture("content/tuebingen_neckarfront.jpg", 0, 0), painting = data_picture("style/starry_night_gatys.jpg", 0, 0), out;
    first_terms first = {.count = 0};
    nscl_job job = {.content = &content, .styles = &painting, .style_count = 1, .progress = keep_first, .user = &first};
    nscl_settings_init(&s, NSCL_PRESET_GATYS);
    s.iterations = 1;
    nscl_status status = nscl_paint(test_ctx, weights, &s, &job, &out, &error);
    if (status != NSCL_CANCELLED)
        fail_msg("%s: %s", nscl_status_text(status), error.text);
    nscl_term want[NSCL_MAX_TERMS];
    double total, off;
    int count = read_trace(want, &total), k = 0;
    for (int i = 0; i < first.count; i++) {
        if (strcmp(first.terms[i].name, "content:relu4_2") == 0)
            assert_true(first.terms[i].value < 1e-6 * first.loss);
        else
            first.terms[k++] = first.terms[i];
    }
    assert_int_equal(first.count, k + 1);
    for (int i = 0; i < k; i++)
        printf("  %s %.9g\n", first.terms[i].name, first.terms[i].value);
    off = golden_terms_off(first.terms, k, want, count);
    printf("  the first line: terms off by %.1e, loss by %.1e\n", off, fabs(first.loss / total - 1));
    assert_true(off <= 1e-4);
    assert_true(fabs(first.loss / total - 1) <= 1e-4);
    assert_int_equal(out.width, 682);
    assert_int_equal(out.height, 512);
    nscl_picture_free(&out);
    nscl_picture_free(&content);
    nscl_picture_free(&painting);
    nscl_weights_free(weights);
}

/* ---- Repeatability ---- */

static nscl_picture painted(golden_run *r, uint64_t seed)
{
    nscl_error error = {0};
    nscl_picture out;
    r->settings.seed = seed;
    if (nscl_paint(test_ctx, r->weights, &r->settings, &r->job, &out, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return out;
}

static void repeats(void **state)
{
    const char *name = *state;
    golden_run r;
    golden_run_read(&r, name);
    r.settings.init = NSCL_INIT_NOISE;
    r.settings.iterations = 12;
    r.settings.depth = 16; /* so that differences of 1/257 of a grey level show */
    nscl_picture a = painted(&r, 5), b = painted(&r, 5), c = painted(&r, 6);
    size_t bytes = (size_t)a.width * (size_t)a.height * 3 * 2;
    assert_int_equal(a.width, r.golden->content.width);
    assert_int_equal(a.height, r.golden->content.height);
    assert_memory_equal(a.samples, b.samples, bytes);
    assert_memory_not_equal(a.samples, c.samples, bytes);
    nscl_picture_free(&a);
    nscl_picture_free(&b);
    nscl_picture_free(&c);
    golden_run_close(&r);
}

int main(int argc, char **argv)
{
    int status = test_open();
    if (status)
        return status;
    const struct CMUnitTest tests[] = {
        {"repeats gatys", repeats, NULL, NULL, (void *)(uintptr_t) "gatys.json"},
        {"repeats neural-style", repeats, NULL, NULL, (void *)(uintptr_t) "neural_style.json"},
        {"vgg19 terms", vgg19_terms, NULL, NULL, NULL},
        {"trace", trace, NULL, NULL, NULL},
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
