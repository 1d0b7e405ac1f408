/* Input conventions: the two of the field, how a file's values tell them apart, and their form as text in the metadata
 * of our own files. Numbers go through jansson, which writes and reads them alike in every locale. */
#include "weights_read.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

nscl_input_convention nscl_input_caffe(int bgr)
{
    nscl_input_convention c = {bgr, 1, {123.68f, 116.779f, 103.939f}, {1, 1, 1}};
    if (bgr) {
        c.mean[0] = 103.939f;
        c.mean[2] = 123.68f;
    }
    return c;
}

nscl_input_convention nscl_input_torchvision(void)
{
    nscl_input_convention c = {0, 1.0f / 255.0f, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    return c;
}

int nscl_input_valid(const nscl_input_convention *input)
{
    int good = isfinite(input->scale) && input->scale > 0;
    for (int i = 0; i < 3; i++)
        good = good && isfinite(input->mean[i]) && isfinite(input->deviation[i]) && input->deviation[i] > 0;
    return good;
}

char *nscl_input_describe(const nscl_input_convention *input, char *text, size_t size)
{
    const float *m = input->mean, *d = input->deviation;
    const char *range = input->scale > 0.5f ? "0..255" : "0..1";
    int n = snprintf(text, size, "%s %s minus %.6g %.6g %.6g", input->bgr ? "BGR" : "RGB", range, (double)m[0], (double)m[1], (double)m[2]);
    if (n > 0 && (size_t)n < size && (d[0] != 1 || d[1] != 1 || d[2] != 1))
        snprintf(text + n, size - (size_t)n, " over %.6g %.6g %.6g", (double)d[0], (double)d[1], (double)d[2]);
    return text;
}

int nscl_input_is_caffe(const struct nscl_weights *w, int by_name)
{
    /* conv1_1's biases in the published Caffe VGG-19 and VGG-16; their kernels' root mean square is 0.19, that of
     * torchvision's 0.27, so that only a network rescaled from 0..255 to 0..1 shows in the kernels alone */
    static const float known[2][6] = {{0.7301776f, 0.0649363f, 0.0342885f, 0.8260386f, 0.2578029f, 0.5486768f},
                                      {0.7342984f, 0.0934037f, 0.0677567f, 0.8862966f, 0.2599454f, 0.6642669f}};
    const nscl_conv_weights *c = NULL;
    double sum = 0;
    for (int i = 0; i < w->conv_count; i++)
        if (w->conv[i].block == 1 && w->conv[i].number == 1)
            c = &w->conv[i];
    if (!c)
        return by_name;
    size_t count = (size_t)c->cout * (size_t)c->cin * 9;
    for (size_t i = 0; i < count; i++)
        sum += (double)c->kernel[i] * (double)c->kernel[i];
    if (sum > 4.0 * (double)count)
        return 0;
    int same[2] = {c->cout >= 6, c->cout >= 6};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 6 && same[k]; i++)
            same[k] = fabsf(c->bias[i] - known[k][i]) < 0.02f; /* fine-tuning and half precision move them less */
    return by_name || same[0] || same[1];
}

static int parse_numbers(const char *text, size_t length, float *out, size_t count)
{
    char array[160];
    int good = 0;
    if (length + 3 > sizeof array)
        return 0;
    snprintf(array, sizeof array, "[%.*s]", (int)length, text);
    json_t *values = json_loads(array, 0, NULL);
    if (json_array_size(values) == count) {
        good = 1;
        for (size_t i = 0; i < count; i++) {
            const json_t *v = json_array_get(values, i);
            good = good && json_is_number(v) && fabs(json_number_value(v)) < 1e30;
            if (good)
                out[i] = (float)json_number_value(v);
        }
    }
    json_decref(values);
    return good;
}

nscl_status nscl_input_parse(nscl_input_convention *input, const char *text, const char *path, nscl_error *error)
{
    for (const char *p = text + strspn(text, " "); *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        int good;
        if (n == 3 && (strncmp(p, "rgb", 3) == 0 || strncmp(p, "bgr", 3) == 0)) {
            input->bgr = p[0] == 'b';
            good = 1;
        } else if (strncmp(p, "scale=", 6) == 0)
            good = parse_numbers(p + 6, n - 6, &input->scale, 1);
        else if (strncmp(p, "mean=", 5) == 0)
            good = parse_numbers(p + 5, n - 5, input->mean, 3);
        else if (strncmp(p, "deviation=", 10) == 0)
            good = parse_numbers(p + 10, n - 10, input->deviation, 3);
        else
            good = 0;
        if (!good)
            return nscl_fail(error, NSCL_BAD_FILE,
                             "'%s': metadata nscl.input: cannot understand '%.*s'; it reads like 'rgb scale=1 mean=123.68,116.779,103.939"
                             " deviation=1,1,1'",
                             path, n > 64 ? 64 : (int)n, p);
        p += n;
    }
    if (!nscl_input_valid(input))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': metadata nscl.input: scale and deviations must be positive", path);
    return NSCL_OK;
}

/* "name=1.5,2.0,3.0" */
static size_t format_numbers(char *text, size_t size, const char *name, const float *values, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        char number[40] = "";
        float back = 0;
        json_t *v = json_real((double)values[i]);
        for (size_t digits = 6, same = 0; digits <= 9 && !same; digits++) { /* the fewest that read back the same */
            size_t n = json_dumpb(v, number, sizeof number - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
            number[n < sizeof number ? n : 0] = '\0';
            same = parse_numbers(number, strlen(number), &back, 1) && back == values[i];
        }
        json_decref(v);
        int written = snprintf(text + used, size - used, "%s%s", i ? "," : name, number);
        used += written > 0 && (size_t)written < size - used ? (size_t)written : 0;
    }
    return used;
}

char *nscl_input_format(const nscl_input_convention *input, char *text, size_t size)
{
    size_t used = 0;
    int n = snprintf(text, size, "%s", input->bgr ? "bgr" : "rgb");
    used += n > 0 && (size_t)n < size ? (size_t)n : 0;
    used += format_numbers(text + used, size - used, " scale=", &input->scale, 1);
    used += format_numbers(text + used, size - used, " mean=", input->mean, 3);
    format_numbers(text + used, size - used, " deviation=", input->deviation, 3);
    return text;
}
