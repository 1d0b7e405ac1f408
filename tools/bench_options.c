#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const char help[] = "usage: nscl-bench [OPTION]...\n"
                           "Seconds an evaluation of the style-transfer loss and its gradient: VGG-19 to relu5_1, five Gram\n"
                           "matrices, content at relu4_2, squared total variation, on random pictures.\n"
                           "\n"
                           "  --size N...             sides of the square pictures [256 512]\n"
                           "  --device SELECTOR       auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]\n"
                           "  --evaluations N         timed after two that are not, 1 to 256 [7]\n"
                           "  --network FILE          a network file, or builtin [VGG-19 with random weights]\n"
                           "  --algorithm NAME        this convolution wherever it can run: direct, gemm, winograd4 ...\n"
                           "  --precision NAME        fp32, or fp16-storage for feature maps of 16 bits [fp32]\n"
                           "  --peer-python PYTHON    a Python with torch: compare with the peer, in alternating pairs\n"
                           "  --peer-script FILE      the peer [../shared/peer/torch_nst.py, from the source tree]\n"
                           "  --peer-args 'ARG...'    more arguments for it, for example '--tf32 off'\n"
                           "  --pairs N               pairs, 1 to 32 [3]\n"
                           "  --sweep FILE.svg        sizes 128 to 2048 (or those of --size): seconds and bytes a pixel,\n"
                           "                          with a plot in FILE.svg\n"
                           "  --products              time the products inside fused convolutions without their transforms\n"
                           "  --json                  one JSON object instead of tables\n"
                           "  --help, --version\n"
                           "\n"
                           "GFLOP/s count the multiply-adds of direct convolution, whatever the algorithm. 'real' is the share\n"
                           "of the multiply-add peak that the algorithm's own arithmetic reaches (Winograd F(4x4,3x3): 36/144).\n"
                           "The roofline is the convolutions' Winograd arithmetic at the measured peak, plus the traffic that\n"
                           "cannot be avoided at the measured bandwidth: each activation written once and read twice, its\n"
                           "gradient written and read once, the weights read once a direction.\n";

static int bad(const char *format, const char *option)
{
    fprintf(stderr, "nscl-bench: ");
    fprintf(stderr, format, option);
    fprintf(stderr, "\nnscl-bench --help lists the options.\n");
    return BENCH_USAGE + 1;
}

static int number(const char *text, int least, int most)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);
    return end == text || *end || n < least || n > most ? -1 : (int)n;
}

typedef struct arguments {
    int argc, at;
    char **argv;
    char option[32];
    const char *value; /* after '=', or NULL */
} arguments;

static const char *value_of(arguments *a)
{
    if (a->value)
        return a->value;
    return a->at < a->argc && strncmp(a->argv[a->at], "--", 2) != 0 ? a->argv[a->at++] : NULL;
}

static int read_sizes(bench_options *o, arguments *a)
{
    const char *text;
    while ((text = value_of(a)) != NULL) {
        int n = number(text, 16, 16384);
        if (n < 0 || o->size_count == BENCH_MOST_SIZES)
            return bad("--size '%s': takes up to 32 sides of 16 to 16384 pixels", text);
        o->sizes[o->size_count++] = n;
        if (a->value)
            break;
    }
    return o->size_count ? 0 : bad("%s takes sizes, for example 256 512", a->option);
}

static int read_one(bench_options *o, arguments *a)
{
    struct {
        const char *name, **text;
        int *count, least, most;
    } rows[] = {{"--device", &o->device, NULL, 0, 0},
                {"--network", &o->network, NULL, 0, 0},
                {"--algorithm", &o->algorithm, NULL, 0, 0},
                {"--precision", &o->precision, NULL, 0, 0},
                {"--peer-python", &o->peer_python, NULL, 0, 0},
                {"--peer-script", &o->peer_script, NULL, 0, 0},
                {"--peer-args", &o->peer_arguments, NULL, 0, 0},
                {"--sweep", &o->sweep, NULL, 0, 0},
                {"--evaluations", NULL, &o->evaluations, 1, 256},
                {"--pairs", NULL, &o->pairs, 1, BENCH_MOST_PAIRS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(a->option, rows[i].name) != 0)
            continue;
        /* The peer's arguments begin with dashes themselves. */
        const char *text = rows[i].text == &o->peer_arguments && !a->value && a->at < a->argc ? a->argv[a->at++] : value_of(a);
        if (!text || !*text)
            return bad("%s takes a value", a->option);
        if (rows[i].text)
            *rows[i].text = text;
        else if ((*rows[i].count = number(text, rows[i].least, rows[i].most)) < 0)
            return bad("%s: out of its range", a->option);
        return 0;
    }
    return bad("unknown option %s", a->option);
}

int bench_read_options(bench_options *o, int argc, char **argv)
{
    static const int sweep[] = {128, 192, 256, 384, 512, 768, 1024, 1536, 2048}, usual[] = {256, 512};
    arguments a = {argc, 1, argv, "", NULL};
    *o = (bench_options){.evaluations = 7, .pairs = 3, .peer_script = "../shared/peer/torch_nst.py"};
    while (a.at < argc) {
        const char *word = argv[a.at++], *equals = strchr(word, '=');
        int ended = 0;
        if (strncmp(word, "--", 2) != 0)
            return bad("unexpected argument '%s'", word);
        a.value = equals ? equals + 1 : NULL;
        snprintf(a.option, sizeof a.option, "%.*s", (int)(equals ? equals - word : (long)strlen(word)), word);
        if (strcmp(a.option, "--help") == 0) {
            fputs(help, stdout);
            return BENCH_DONE + 1;
        }
        if (strcmp(a.option, "--version") == 0) {
            printf("nscl-bench %s\n", nscl_version());
            return BENCH_DONE + 1;
        }
        if (strcmp(a.option, "--json") == 0)
            o->json = 1;
        else if (strcmp(a.option, "--products") == 0)
            o->products = 1;
        else if (strcmp(a.option, "--size") == 0)
            ended = read_sizes(o, &a);
        else
            ended = read_one(o, &a);
        if (ended)
            return ended;
    }
    if (o->size_count == 0) {
        o->size_count = o->sweep ? (int)(sizeof sweep / sizeof *sweep) : 2;
        memcpy(o->sizes, o->sweep ? sweep : usual, (size_t)o->size_count * sizeof *o->sizes);
    }
    return 0;
}
