#include <stdlib.h>
#include <string.h>

#include "tune_tool.h"

static const char help[] = "usage: nscl-tune [OPTION]...\n"
                           "Measures which way of convolving is fastest on a device, layer by layer, and keeps it in a file that\n"
                           "every later run on this device and driver obeys. A candidate counts only if its result is right;\n"
                           "each runs in a process of its own, so that a driver that crashes or hangs costs only that one.\n"
                           "\n"
                           "  --device SELECTOR  auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]\n"
                           "  --size N...        sides of square pictures to tune for; those between follow the nearest [256 512]\n"
                           "  --network FILE     the layers of a network file, or builtin [VGG-19's]\n"
                           "  --seconds LIMIT    no new candidate after so long, 1 to 86400 [300]\n"
                           "  --rounds N         times that each candidate is measured, 1 to 16; the best counts [2]\n"
                           "  --output FILE      write the rows there [the user's file in ~/.cache/nscl/tuning]\n"
                           "  --dry-run          print the rows, write nothing\n"
                           "  --help, --version\n"
                           "\n"
                           "The file is text: DEVICE-PATTERN KERNEL KEY=VALUE ..., the last row that fits counts. What was in it\n"
                           "before is replaced. GFLOP/s count the multiply-adds of direct convolution, whatever the algorithm.\n";

static int bad(const char *format, const char *option)
{
    fprintf(stderr, "nscl-tune: ");
    fprintf(stderr, format, option);
    fprintf(stderr, "\nnscl-tune --help lists the options.\n");
    return TUNE_USAGE + 1;
}

static int number(const char *text, int least, int most)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);
    return end == text || *end || n < least || n > most ? -1 : (int)n;
}

/* Sizes up to the next option. Returns how many words were taken, or -1. */
static int read_sizes(tune_options *o, char **words, int count)
{
    int taken = 0;
    for (; taken < count && strncmp(words[taken], "--", 2) != 0; taken++) {
        int n = number(words[taken], 16, 16384);
        if (n < 0 || o->size_count == TUNE_MOST_SIZES) {
            bad("--size '%s': takes up to 16 sides of 16 to 16384 pixels", words[taken]);
            return -1;
        }
        o->sizes[o->size_count++] = n;
    }
    if (!taken)
        bad("%s takes sizes, for example 256 512", "--size");
    return taken ? taken : -1;
}

static int read_one(tune_options *o, const char *option, const char *value)
{
    int n = 0;
    if (strcmp(option, "--device") == 0)
        o->device = value;
    else if (strcmp(option, "--network") == 0)
        o->network = value;
    else if (strcmp(option, "--output") == 0)
        o->output = value;
    else if (strcmp(option, "--seconds") == 0)
        o->seconds = n = value ? number(value, 1, 86400) : 0;
    else if (strcmp(option, "--rounds") == 0)
        o->rounds = n = value ? number(value, 1, 16) : 0;
    else
        return bad("unknown option '%s'", option);
    if (!value || !*value)
        return bad("%s takes a value", option);
    return n < 0 ? bad("%s: out of its range", option) : 0;
}

int tune_read_options(tune_options *o, int argc, char **argv)
{
    static const int usual[] = {256, 512};
    *o = (tune_options){.rounds = 2, .seconds = 300};
    for (int i = 1, ended = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--help") == 0) {
            fputs(help, stdout);
            return TUNE_DONE + 1;
        }
        if (strcmp(word, "--version") == 0) {
            printf("nscl-tune %s\n", nscl_version());
            return TUNE_DONE + 1;
        }
        if (strcmp(word, "--measure") == 0) { /* not for users: see tune_child */
            o->child = argv + i + 1;
            return 0;
        }
        if (strncmp(word, "--", 2) != 0)
            return bad("unexpected argument '%s'", word);
        if (strcmp(word, "--dry-run") == 0)
            o->dry_run = 1;
        else if (strcmp(word, "--size") == 0 || strncmp(word, "--size=", 7) == 0) {
            char *value = argv[i] + 7;
            int after = word[6] == '\0', taken = after ? read_sizes(o, argv + i + 1, argc - i - 1) : read_sizes(o, &value, 1);
            if (taken < 0)
                return TUNE_USAGE + 1;
            i += after ? taken : 0;
        } else {
            const char *equals = strchr(word, '=');
            char option[32];
            snprintf(option, sizeof option, "%.*s", (int)(equals ? equals - word : (long)strlen(word)), word);
            int next = !equals && i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0;
            if ((ended = read_one(o, option, equals ? equals + 1 : next ? argv[i + 1] : NULL)) != 0)
                return ended;
            i += next;
        }
    }
    for (size_t i = 0; !o->size_count && i < sizeof usual / sizeof *usual; i++)
        o->sizes[i] = usual[i];
    if (!o->size_count)
        o->size_count = (int)(sizeof usual / sizeof *usual);
    return 0;
}
