/* nscl-weights: looks at, checks and converts files of network weights. Everything it knows comes from the library's
 * readers, so that what it accepts is what nscl runs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "os.h"
#include "tool_options.h"
#include "weights_read.h"

enum { DONE = TOOL_DONE, FAILED = TOOL_FAILED, BAD_USAGE = TOOL_USAGE };

static const tool_option table[] = {
    {"show", "FILE", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "format, input convention and every tensor of a network"},
    {"verify", "FILE", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "one line; exit status 0 if nscl can use the file, else 1"},
    {"convert", "FILE OUT.safetensors", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "write it in nscl's own form"},
    {"half", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "convert: 16-bit numbers, half the size"},
    {"overwrite", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "convert: replace a file that is there"},
    {0},
};

static int page_row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"EXIT STATUS", NSCL_PAGE_EXIT}, {"FILES", NSCL_PAGE_FILES}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-weights",
    .title = "look at, check and convert files of network weights",
    .usage = "nscl-weights show FILE\nnscl-weights verify FILE\nnscl-weights convert FILE OUT.safetensors [--half] [--overwrite]",
    .about = "FILE is a Keras .h5, a MatConvNet .mat or a .safetensors file; builtin, or vgg19 or vgg16 of the data folder.",
    .row = page_row,
    .sections = sections,
};

static int fail_usage(const char *what, const char *object)
{
    fprintf(stderr, "nscl-weights: %s%s%s; see nscl-weights --help\n", what, *object ? " " : "", object);
    return BAD_USAGE;
}

static int fail(const nscl_error *error)
{
    fprintf(stderr, "nscl-weights: %s\n", error->text);
    return FAILED;
}

static void show_tensor(const nscl_conv_weights *c, const char *part, const float *values, size_t count)
{
    char name[32], shape[48];
    double sum = 0;
    float low = values[0], high = values[0];
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        low = fminf(low, values[i]);
        high = fmaxf(high, values[i]);
    }
    snprintf(name, sizeof name, "conv%d_%d.%s", c->block, c->number, part);
    snprintf(shape, sizeof shape, values == c->kernel ? "%d x %d x 3 x 3" : "%d", c->cout, c->cin);
    printf("%-15s %-17s %12.6g %12.6g %12.6g\n", name, shape, (double)low, sum / (double)count, (double)high);
}

static int show(const char *file)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    char input[128];
    size_t values = 0;
    if (nscl_weights_open(&w, file, &error) != NSCL_OK)
        return fail(&error);
    for (int i = 0; i < w->conv_count; i++)
        values += (size_t)w->conv[i].cout * ((size_t)w->conv[i].cin * 9 + 1);
    const nscl_conv_weights *last = &w->conv[w->conv_count - 1];
    printf("file      %s\n", file);
    printf("format    %s\n", w->format);
    printf("network   %s to conv%d_%d: %d convolutions, %zu values\n", w->arch->title, last->block, last->number, w->conv_count, values);
    printf("input     %s\n", nscl_input_describe(&w->input, input, sizeof input));
    printf("known as  %s\n", *nscl_weights_known(w) ? nscl_weights_known(w) : "(no published file)");
    printf("sha256    %s\n\n", nscl_weights_sha256(w));
    printf("%-15s %-17s %12s %12s %12s\n", "tensor", "shape", "min", "mean", "max");
    for (int i = 0; i < w->conv_count; i++) {
        const nscl_conv_weights *c = &w->conv[i];
        show_tensor(c, "weight", c->kernel, (size_t)c->cout * (size_t)c->cin * 9);
        show_tensor(c, "bias", c->bias, (size_t)c->cout);
    }
    nscl_weights_free(w);
    return DONE;
}

/* The published file of this name, if its whole hash is known. */
static const nscl_published *find_published(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (const nscl_published *p = nscl_published_files; p->network; p++)
        if (strcmp(p->file, name) == 0 && (strlen(p->md5) == 32 || strlen(p->sha256) == 64))
            return p;
    return NULL;
}

static int verify(const char *file)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    int code = DONE;
    if (nscl_weights_open(&w, file, &error) != NSCL_OK) {
        printf("bad: %s\n", error.text);
        return FAILED;
    }
    const nscl_published *p = find_published(file);
    if (p && strcmp(p->title, nscl_weights_known(w)) != 0) {
        printf("bad: '%s' can be read but is not the file published under this name at %s; fetch it again, or rename it\n", file, p->place);
        code = FAILED;
    } else
        printf("good: '%s' is %s%s%s\n", file, w->text, *nscl_weights_known(w) ? "; known as " : "", nscl_weights_known(w));
    nscl_weights_free(w);
    return code;
}

static int convert(const char *file, const char *out, int half, int overwrite)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    size_t n = strlen(out);
    int code = FAILED;
    if (n < 13 || strcmp(out + n - 12, ".safetensors") != 0)
        return fail_usage("the output's name must end in .safetensors, not", out);
    if (!overwrite && nscl_file_exists(out)) {
        fprintf(stderr, "nscl-weights: '%s' is there already; name another file, or add --overwrite\n", out);
        return FAILED;
    }
    nscl_status status = nscl_weights_open(&w, file, &error);
    if (status == NSCL_OK)
        status = nscl_weights_write(w, out, half, &error);
    nscl_weights_free(w);
    w = NULL;
    if (status == NSCL_OK)
        status = nscl_weights_open(&w, out, &error); /* what was written is what counts */
    if (status != NSCL_OK)
        code = fail(&error);
    else {
        printf("'%s': %s\n", out, w->text);
        code = DONE;
    }
    nscl_weights_free(w);
    return code;
}

int main(int argc, char **argv)
{
    const char *words[3] = {NULL, NULL, NULL};
    int count = 0, half = 0, overwrite = 0, plain = 0, code;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        int informed = plain ? 0 : tool_inform(&page, a, i + 1 < argc ? argv[i + 1] : NULL);
        if (informed)
            return informed - 1;
        if (!plain && strcmp(a, "--") == 0)
            plain = 1;
        else if (!plain && strcmp(a, "--half") == 0)
            half = 1;
        else if (!plain && strcmp(a, "--overwrite") == 0)
            overwrite = 1;
        else if (!plain && a[0] == '-')
            return fail_usage("unknown option", a);
        else if (count == 3)
            return fail_usage("too many arguments, from", a);
        else
            words[count++] = a;
    }
    if (count == 0)
        return fail_usage("name a command: show, verify or convert", "");
    int converts = strcmp(words[0], "convert") == 0;
    if (!converts && strcmp(words[0], "show") != 0 && strcmp(words[0], "verify") != 0)
        return fail_usage("no such command:", words[0]);
    if (count != (converts ? 3 : 2))
        return fail_usage(words[0], converts ? "takes FILE and OUT.safetensors" : "takes one FILE");
    if (!converts && (half || overwrite))
        return fail_usage("--half and --overwrite go with convert, not", words[0]);
    if (converts)
        code = convert(words[1], words[2], half, overwrite);
    else
        code = strcmp(words[0], "show") == 0 ? show(words[1]) : verify(words[1]);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("nscl-weights: standard output cannot be written\n", stderr);
        code = FAILED;
    }
    return code;
}
