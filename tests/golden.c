/* The golden files. See golden.h. */
#include "golden.h" /* with stddef.h and stdint.h, which cmocka.h wants before it */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition, ...)    \
    do {                           \
        if (!(condition))          \
            fail_msg(__VA_ARGS__); \
    } while (0)

static void golden_path(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/tests/golden/%s", getenv("NSCL_TEST_SOURCE") ? getenv("NSCL_TEST_SOURCE") : ".", name);
}

json_t *golden_read(const char *name)
{
    char path[512];
    golden_path(path, sizeof path, name);
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    REQUIRE(root, "%s, line %d: %s (NSCL_TEST_SOURCE names the source folder)", path, error.line, error.text);
    return root;
}

json_t *golden_value(const json_t *object, const char *key)
{
    json_t *value = NULL;
    for (const char *part = key; part; object = value) {
        const char *dot = strchr(part, '.');
        value = dot ? json_object_getn(object, part, (size_t)(dot - part)) : json_object_get(object, part);
        REQUIRE(value, "golden file: no \"%s\"", key);
        part = dot ? dot + 1 : NULL;
    }
    return value;
}

double golden_number(const json_t *object, const char *key)
{
    REQUIRE(json_is_number(golden_value(object, key)), "golden file: \"%s\" is not a number", key);
    return json_number_value(golden_value(object, key));
}

const char *golden_text(const json_t *object, const char *key)
{
    REQUIRE(json_is_string(golden_value(object, key)), "golden file: \"%s\" is not a text", key);
    return json_string_value(golden_value(object, key));
}

double *golden_numbers(const json_t *object, const char *key, size_t *count)
{
    const json_t *array = golden_value(object, key);
    *count = json_array_size(array);
    double *out = malloc((*count + 1) * sizeof *out);
    REQUIRE(out && *count > 0, "golden file: \"%s\" is not an array of numbers, or memory ran out", key);
    for (size_t i = 0; i < *count; i++) {
        REQUIRE(json_is_number(json_array_get(array, i)), "golden file: element %zu of \"%s\" is not a number", i, key);
        out[i] = json_number_value(json_array_get(array, i));
    }
    return out;
}

nscl_picture golden_picture(const json_t *object)
{
    nscl_picture p = {.width = (int)golden_number(object, "width"), .height = (int)golden_number(object, "height"), .channels = 3, .depth = 8};
    size_t count;
    double *rgb = golden_numbers(object, "rgb", &count);
    uint8_t *samples = p.samples = malloc(count);
    REQUIRE(samples && count == 3 * (size_t)p.width * (size_t)p.height, "golden file: picture of %d x %d", p.width, p.height);
    for (size_t i = 0; i < count; i++)
        samples[i] = (uint8_t)rgb[i];
    free(rgb);
    return p;
}

static int read_layers(const json_t *array, nscl_layer_weight *layers)
{
    size_t n = json_array_size(array);
    REQUIRE(n > 0 && n <= NSCL_MAX_LAYERS, "golden file: %zu layers", n);
    for (size_t i = 0; i < n; i++) {
        snprintf(layers[i].name, sizeof layers[i].name, "%s", golden_text(json_array_get(array, i), "name"));
        layers[i].weight = golden_number(json_array_get(array, i), "weight");
    }
    return (int)n;
}

void golden_settings(const json_t *object, nscl_settings *s)
{
    const json_t *in = golden_value(object, "settings"), *blends = golden_value(in, "style_blend_weights");
    const char *preset = golden_text(object, "preset");
    int i = 0;
    for (; i < NSCL_PRESET_COUNT && strcmp(preset, nscl_preset_name((nscl_preset)i)) != 0; i++) {
    }
    REQUIRE(i < NSCL_PRESET_COUNT, "golden file: unknown preset %s", preset);
    s->preset = (nscl_preset)i;
    s->pooling = strcmp(golden_text(object, "pooling"), "average") == 0 ? NSCL_POOL_AVERAGE : NSCL_POOL_MAX;
    s->pool_round_up = json_is_true(golden_value(object, "pool_round_up"));
    s->content_weight = golden_number(in, "content_weight");
    s->style_weight = golden_number(in, "style_weight");
    s->tv_weight = golden_number(in, "tv_weight");
    s->content_layer_count = read_layers(golden_value(in, "content_layers"), s->content_layers);
    s->style_layer_count = read_layers(golden_value(in, "style_layers"), s->style_layers);
    for (size_t k = 0; k < json_array_size(blends) && k < NSCL_MAX_STYLES; k++)
        s->style_blend_weights[k] = json_number_value(json_array_get(blends, k));
}

int golden_terms(const json_t *object, nscl_term terms[NSCL_MAX_TERMS])
{
    const char *name;
    json_t *value;
    int n = 0;
    json_object_foreach(golden_value(object, "terms"), name, value)
    {
        REQUIRE(n < NSCL_MAX_TERMS && json_is_number(value), "golden file: term %s", name);
        snprintf(terms[n].name, sizeof terms[n].name, "%s", name);
        terms[n++].value = json_number_value(value);
    }
    return n;
}

golden_case *golden_open(const char *name)
{
    golden_case *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->root = golden_read(name);
    golden_path(c->network, sizeof c->network, golden_text(c->root, "network"));
    golden_settings(c->root, &c->settings);
    c->content = golden_picture(golden_value(c->root, "content"));
    const json_t *styles = golden_value(c->root, "styles");
    for (size_t i = 0; i < json_array_size(styles) && i < NSCL_MAX_STYLES; i++)
        c->styles[c->style_count++] = golden_picture(json_array_get(styles, i));
    c->term_count = golden_terms(c->root, c->terms);
    c->loss = golden_number(c->root, "loss");
    size_t n;
    c->start = golden_numbers(c->root, "start", &c->count);
    c->gradient = golden_numbers(c->root, "gradient", &n);
    REQUIRE(n == c->count && n == 3 * (size_t)c->content.width * (size_t)c->content.height, "%s: start and gradient do not have the content's size", name);
    return c;
}

void golden_close(golden_case *c)
{
    for (int i = 0; i < c->style_count; i++)
        nscl_picture_free(&c->styles[i]);
    nscl_picture_free(&c->content);
    json_decref(c->root);
    free(c->start);
    free(c->gradient);
    free(c);
}
