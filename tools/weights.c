/* nscl-weights: looks at, checks, converts and fetches files of network weights. Everything it knows comes from the library's
 * readers, so that what it accepts is what nscl runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "tool_options.h"
#include "weights_read.h"
#include "weights_tool.h"

/* What the command line says. */
typedef struct arguments {
    const char *words[3];
    int count, half;
    int informed; /* the status of --help and its like, plus one; 0: not asked */
    weights_fetch_options fetch;
} arguments;

static const tool_option table[] = {
    {"show", "FILE", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "format, input convention and every tensor of a network"},
    {"verify", "FILE", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "one line; exit status 0 if nscl can use the file, else 1"},
    {"convert", "FILE OUT.safetensors", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL, "write it in nscl's own form"},
    {"fetch", "vgg19|vgg16", TOOL_COMMAND, 0, 0, 0, 0, 0, NULL,
     "download a published file (80 MB) to where --network finds it, and check its hash; what a cut connection leaves is gone on with"},
    {"half", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "convert: 16-bit numbers, half the size"},
    {"overwrite", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "convert, fetch: replace a file that is there"},
    {"from", "URL", TOOL_TEXT, 0, 0, 0, 0, 0, NULL, "fetch: another address of it, or of any file whose hash is given"},
    {"sha256", "HEX", TOOL_TEXT, 0, 0, 0, 0, 0, NULL, "fetch: the hash of the file at --from"},
    {"timeout", "SECONDS", TOOL_NUMBER, 0, 0, 0, 0, 0, NULL, "fetch: give up after so long with hardly any data [30]"},
    {0},
};

static int page_row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"FILES", NSCL_PAGE_FILES}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-weights",
    .title = "fetch, look at, check and convert files of network weights",
    .usage = "nscl-weights show FILE\n"
             "nscl-weights verify FILE\n"
             "nscl-weights convert FILE OUT.safetensors [--half] [--overwrite]\n"
             "nscl-weights fetch vgg19|vgg16 [--from URL [--sha256 HEX]] [--timeout SECONDS] [--overwrite]",
    .about = "FILE is a Keras .h5, a MatConvNet .mat, a PyTorch .pth (state_dict) or a .safetensors file; builtin, or vgg19 or vgg16 of the data "
             "folder: $XDG_DATA_HOME/nscl, or ~/.local/share/nscl.",
    .row = page_row,
    .notes = "Exit codes: 0 done, 1 failure, 2 bad usage, 3 the network or the server failed (run fetch again to go on).",
    .sections = sections,
};

static int fail_usage(const char *what, const char *object)
{
    fprintf(stderr, "nscl-weights: %s%s%s; see nscl-weights --help\n", what, *object ? " " : "", object);
    return WEIGHTS_USAGE;
}

static int fail(const nscl_error *error)
{
    fprintf(stderr, "nscl-weights: %s\n", error->text);
    return WEIGHTS_FAILED;
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
    return WEIGHTS_DONE;
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
    int code = WEIGHTS_DONE;
    if (nscl_weights_open(&w, file, &error) != NSCL_OK) {
        printf("bad: %s\n", error.text);
        return WEIGHTS_FAILED;
    }
    const nscl_published *p = find_published(file);
    if (p && strcmp(p->title, nscl_weights_known(w)) != 0) {
        printf("bad: '%s' can be read but is not the file published under this name at %s; fetch it again, or rename it\n", file, p->place);
        code = WEIGHTS_FAILED;
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
    int code = WEIGHTS_FAILED;
    if (n < 13 || strcmp(out + n - 12, ".safetensors") != 0)
        return fail_usage("the output's name must end in .safetensors, not", out);
    if (!overwrite && nscl_file_exists(out)) {
        fprintf(stderr, "nscl-weights: '%s' is there already; name another file, or add --overwrite\n", out);
        return WEIGHTS_FAILED;
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
        code = WEIGHTS_DONE;
    }
    nscl_weights_free(w);
    return code;
}

/* The value of an option that takes one. NULL, after saying so, if it is missing. */
static const char *take_value(int argc, char **argv, int *i)
{
    if (*i + 1 < argc)
        return argv[++*i];
    fail_usage("a value is missing after", argv[*i]);
    return NULL;
}

static int take_seconds(const char *text, int *out)
{
    char *end;
    long seconds = strtol(text, &end, 10);
    if (end == text || *end || seconds < 1 || seconds > 3600)
        return fail_usage("--timeout takes 1 to 3600 seconds, not", text);
    *out = (int)seconds;
    return WEIGHTS_DONE;
}

/* The status to end with, or WEIGHTS_DONE to go on. */
static int read_arguments(arguments *a, int argc, char **argv)
{
    int plain = 0;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value;
        if (plain || word[0] != '-') {
            if (a->count == 3)
                return fail_usage("too many arguments, from", word);
            a->words[a->count++] = word;
        } else if (strcmp(word, "--") == 0)
            plain = 1;
        else if ((a->informed = tool_inform(&page, word, i + 1 < argc ? argv[i + 1] : NULL)) != 0)
            return a->informed - 1;
        else if (strcmp(word, "--half") == 0)
            a->half = 1;
        else if (strcmp(word, "--overwrite") == 0)
            a->fetch.overwrite = 1;
        else if (strcmp(word, "--from") == 0 || strcmp(word, "--sha256") == 0 || strcmp(word, "--timeout") == 0) {
            if (!(value = take_value(argc, argv, &i)))
                return WEIGHTS_USAGE;
            if (word[2] == 'f')
                a->fetch.from = value;
            else if (word[2] == 's')
                a->fetch.sha256 = value;
            else if (take_seconds(value, &a->fetch.stall) != WEIGHTS_DONE)
                return WEIGHTS_USAGE;
        } else
            return fail_usage("unknown option", word);
    }
    return WEIGHTS_DONE;
}

static int run(arguments *a)
{
    const char *command = a->words[0];
    if (a->count == 0)
        return fail_usage("name a command: show, verify, convert or fetch", "");
    int converts = strcmp(command, "convert") == 0, fetches = strcmp(command, "fetch") == 0;
    if (!converts && !fetches && strcmp(command, "show") != 0 && strcmp(command, "verify") != 0)
        return fail_usage("no such command:", command);
    if (a->count != (converts ? 3 : 2))
        return fail_usage(command, converts ? "takes FILE and OUT.safetensors" : fetches ? "takes vgg19 or vgg16" : "takes one FILE");
    if (a->half && !converts)
        return fail_usage("--half goes with convert, not", command);
    if (a->fetch.overwrite && !converts && !fetches)
        return fail_usage("--overwrite goes with convert and fetch, not", command);
    if ((a->fetch.from || a->fetch.sha256 || a->fetch.stall) && !fetches)
        return fail_usage("--from, --sha256 and --timeout go with fetch, not", command);
    if (converts)
        return convert(a->words[1], a->words[2], a->half, a->fetch.overwrite);
    if (!fetches)
        return strcmp(command, "show") == 0 ? show(a->words[1]) : verify(a->words[1]);
    a->fetch.network = a->words[1];
    if (!a->fetch.stall)
        a->fetch.stall = WEIGHTS_STALL;
    return weights_fetch(&a->fetch);
}

int main(int argc, char **argv)
{
    arguments a = {0};
    int code = read_arguments(&a, argc, argv);
    if (code != WEIGHTS_DONE)
        return code;
    if (!a.informed)
        code = run(&a);
    return nscl_page_printed("nscl-weights") ? code : WEIGHTS_FAILED;
}
