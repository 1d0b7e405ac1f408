/* Writes a network as safetensors of our own: the header names the architecture and the input convention, so that
 * nothing has to be guessed on reading. Data follow in the order of the layers, in F32 or F16. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "weights_read.h"
#include "weights_values.h"

static int add_tensor(json_t *header, const nscl_conv_weights *c, int is_kernel, nscl_value_type type, json_int_t *at)
{
    char name[32];
    json_int_t begin = *at, count = is_kernel ? (json_int_t)c->cout * c->cin * 9 : c->cout;
    *at += count * (json_int_t)nscl_value_size(type);
    snprintf(name, sizeof name, "conv%d_%d.%s", c->block, c->number, is_kernel ? "weight" : "bias");
    json_t *shape = is_kernel ? json_pack("[iiii]", c->cout, c->cin, 3, 3) : json_pack("[i]", c->cout);
    json_t *entry = json_pack("{s:s, s:o, s:[II]}", "dtype", nscl_value_type_name(type), "shape", shape, "data_offsets", begin, *at);
    return json_object_set_new(header, name, entry) == 0;
}

/* The header as text, padded so that the data are aligned to 8 bytes; NULL when out of memory. */
static char *make_header(const struct nscl_weights *w, nscl_value_type type, size_t *length)
{
    char input[160], *text = NULL, *padded = NULL;
    json_int_t at = 0;
    json_t *header =
        json_pack("{s:{s:s, s:s}}", "__metadata__", "nscl.network", w->arch->name, "nscl.input", nscl_input_format(&w->input, input, sizeof input));
    int good = header != NULL;
    for (int i = 0; i < w->conv_count && good; i++)
        good = add_tensor(header, &w->conv[i], 1, type, &at) && add_tensor(header, &w->conv[i], 0, type, &at);
    if (good)
        text = json_dumps(header, JSON_COMPACT);
    if (text) {
        size_t n = strlen(text);
        *length = (n + 7) / 8 * 8;
        padded = malloc(*length + 1);
        if (padded) {
            memset(padded, ' ', *length);
            memcpy(padded, text, n);
            padded[*length] = '\0';
        }
    }
    free(text);
    json_decref(header);
    return padded;
}

static int write_values(FILE *stream, const float *values, size_t count, nscl_value_type type)
{
    unsigned char buffer[16384];
    size_t size = nscl_value_size(type), step = sizeof buffer / size;
    for (size_t i = 0; i < count; i += step) {
        size_t n = count - i < step ? count - i : step;
        nscl_values_encode(buffer, values + i, n, type);
        if (fwrite(buffer, size, n, stream) != n)
            return 0;
    }
    return 1;
}

static int fits_half(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(values[i]) < 65520.0f))
            return 0;
    return 1;
}

nscl_status nscl_weights_write(const struct nscl_weights *w, const char *path, int half, nscl_error *error)
{
    nscl_value_type type = half ? NSCL_VALUE_F16 : NSCL_VALUE_F32;
    nscl_file file = {0};
    size_t length = 0;
    unsigned char bytes[8];
    nscl_status status;
    if (w->conv_count < 1 || !w->arch)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot write '%s': the network has no layers; open one first", path);
    for (int i = 0; i < w->conv_count && half; i++)
        if (!fits_half(w->conv[i].kernel, (size_t)w->conv[i].cout * (size_t)w->conv[i].cin * 9) || !fits_half(w->conv[i].bias, (size_t)w->conv[i].cout))
            return nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot write '%s': conv%d_%d has values too large for half precision; write without --half", path,
                             w->conv[i].block, w->conv[i].number);
    char *header = make_header(w, type, &length);
    if (!header)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the header of '%s'", path);
    status = nscl_file_create(&file, path, error);
    if (status != NSCL_OK)
        goto done;
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i & 255);
    int good = fwrite(bytes, 1, 8, file.stream) == 8 && fwrite(header, 1, length, file.stream) == length;
    for (int i = 0; i < w->conv_count && good; i++) {
        const nscl_conv_weights *c = &w->conv[i];
        good = write_values(file.stream, c->kernel, (size_t)c->cout * (size_t)c->cin * 9, type) && write_values(file.stream, c->bias, (size_t)c->cout, type);
    }
    status = nscl_file_commit(&file, error); /* reports what went wrong in the stream, if anything did */
    if (status == NSCL_OK && !good)
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': the disk took only a part of it", path);
done:
    nscl_file_abandon(&file);
    free(header);
    return status;
}
