#include "options.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_recorded.h"

static const nscl_choice poolings[] = {{"max", NSCL_POOL_MAX}, {"average", NSCL_POOL_AVERAGE}, {"avg", NSCL_POOL_AVERAGE}, {NULL, 0}};
static const nscl_choice roundings[] = {{"down", 0}, {"up", 1}, {NULL, 0}};
static const nscl_choice filters[] = {{"nearest", NSCL_FILTER_NEAREST}, {"bilinear", NSCL_FILTER_BILINEAR}, {"bicubic", NSCL_FILTER_BICUBIC},
                                      {"lanczos", NSCL_FILTER_LANCZOS}, {"tf-bilinear", NSCL_FILTER_TF_BILINEAR}, {NULL, 0}};
static const nscl_choice tvs[] = {{"l2", NSCL_TV_L2}, {"l1", NSCL_TV_L1}, {"power", NSCL_TV_POWER}, {NULL, 0}};
static const nscl_choice optimizers[] = {{"lbfgs", NSCL_LBFGS}, {"adam", NSCL_ADAM}, {NULL, 0}};
static const nscl_choice searches[] = {{"wolfe", NSCL_WOLFE}, {"none", NSCL_FIXED_STEP}, {NULL, 0}};
static const nscl_choice inits[] = {{"content", NSCL_INIT_CONTENT}, {"noise", NSCL_INIT_NOISE}, {"gray", NSCL_INIT_GRAY},
                                    {"style", NSCL_INIT_STYLE}, {NULL, 0}};
static const nscl_choice precisions[] = {{"fp32", NSCL_PRECISION_FP32}, {"fp16-storage", NSCL_PRECISION_FP16_STORAGE}, {NULL, 0}};
static const nscl_choice adam_forms[] = {{"tensorflow", NSCL_ADAM_TENSORFLOW}, {"pytorch", NSCL_ADAM_PYTORCH}, {NULL, 0}};
static const nscl_choice switches[] = {{"off", 0}, {"on", 1}, {NULL, 0}};
static const nscl_choice depths[] = {{"8", 8}, {"16", 16}, {NULL, 0}};
static const nscl_choice forms[] = {{"man", NSCL_PAGE_MAN}, {"bash", NSCL_PAGE_BASH}, {"zsh", NSCL_PAGE_ZSH}, {"fish", NSCL_PAGE_FISH}, {NULL, 0}};
/* Some of the words that a text may be, for completion. */
static const nscl_choice networks[] = {{"builtin", 0}, {"vgg19", 0}, {"vgg16", 0}, {NULL, 0}};
static const nscl_choice devices[] = {{"auto", 0}, {"cpu", 0}, {"gpu", 0}, {NULL, 0}};

#define AT(member) offsetof(nscl_options, member)
#define SET(member) offsetof(nscl_options, settings.member)
#define HEADING(text) {NULL, NULL, NSCL_OPTION_HEADING, 0, 0, 0, 0, 0, NULL, text}
#define FLAG(name, flags, at, help) {name, NULL, NSCL_OPTION_FLAG, flags, at, 0, 0, 0, NULL, help}
#define TEXT(name, what, flags, at, help) {name, what, NSCL_OPTION_TEXT, flags, at, 0, 0, 0, NULL, help}
#define WORDS(name, what, flags, at, choices, help) {name, what, NSCL_OPTION_TEXT, flags, at, 0, 0, 0, choices, help}
#define FILES(name, what, flags, at, count, help) {name, what, NSCL_OPTION_FILES, flags, at, count, 0, 0, NULL, help}
#define INTEGER(name, flags, at, low, high, help) {name, "N", NSCL_OPTION_INTEGER, flags, at, 0, low, high, NULL, help}
#define LONG(name, flags, at, low, help) {name, "N", NSCL_OPTION_LONG, flags, at, 0, low, HUGE_VAL, NULL, help}
#define REAL(name, flags, at, low, high, help) {name, "X", NSCL_OPTION_REAL, flags, at, 0, low, high, NULL, help}
#define CHOICE(name, flags, at, choices, help) {name, "WORD", NSCL_OPTION_CHOICE, flags, at, 0, 0, 0, choices, help}
#define PRESET(name, flags, at, help) {name, "NAME", NSCL_OPTION_PRESET, flags, at, 0, 0, 0, NULL, help}
#define REALS(name, flags, at, count, low, high, help) {name, "X...", NSCL_OPTION_REALS, flags, at, count, low, high, NULL, help}
#define LAYERS(name, flags, at, count, help) {name, "LAYER...", NSCL_OPTION_LAYERS, flags, at, count, 0, 0, NULL, help}
#define WEIGHTS(name, flags, at, count, help) {name, "X...", NSCL_OPTION_WEIGHTS, flags, at, count, 0, HUGE_VAL, NULL, help}
#define NEEDED (NSCL_OPTION_REQUIRED | NSCL_OPTION_RECORDED)
#define REC NSCL_OPTION_RECORDED

/* Values are set in this order, whatever theirs on the command line: counts before lists of that length, and the preset
 * before all that it decides. */
static const nscl_option rows[] = {
    HEADING("Pictures"),
    TEXT("content", "FILE", NEEDED, AT(content), "the photograph, PNG or JPEG"),
    FILES("styles", "FILE...", NEEDED, AT(styles), AT(style_count), "one or more paintings"),
    TEXT("output", "FILE", NSCL_OPTION_REQUIRED, AT(output), "where the picture goes, .png or .jpg"),
    FLAG("overwrite", 0, AT(overwrite), "replace files that are there"),
    INTEGER("quality", REC, AT(quality), 1, 100, "of a JPEG"),
    LONG("max-pixels", 0, AT(max_pixels), 1, "refuse to read larger pictures"),

    TEXT("from", "FILE", 0, AT(from), "take every setting that is not given from this picture of nscl's, whose bytes come again"),

    HEADING("Method"),
    PRESET("preset", REC, SET(preset), "method to follow; all other options change it, wherever they stand"),
    WORDS("network", "NAME|FILE", REC, AT(network), networks,
          "builtin, vgg19, vgg16 or a file of weights; when not given the preset's, where installed, else builtin"),
    CHOICE("pooling", REC, SET(pooling), poolings, "within the network"),
    CHOICE("pool-rounding", REC, SET(pool_round_up), roundings, "where a size is odd"),

    HEADING("Size of the result (one of --width and --height, --size, --short-side; 0: not set; all 0: the content's size)"),
    INTEGER("width", REC, SET(width), 0, 65535, "alone keeps the aspect; with --height stretches"),
    INTEGER("height", REC, SET(height), 0, 65535, "alone keeps the aspect; with --width stretches"),
    INTEGER("size", REC, SET(size), 0, 65535, "longer side"),
    INTEGER("short-side", REC, SET(short_side), 0, 65535, "shorter side"),
    CHOICE("filter", REC, SET(filter), filters, "for resizing"),
    CHOICE("depth", REC, SET(depth), depths, "bits of each sample of the result"),

    HEADING("What counts (lists take values with spaces or commas between)"),
    REAL("content-weight", REC, SET(content_weight), 0, HUGE_VAL, "of the photograph"),
    LAYERS("content-layers", REC, SET(content_layers), SET(content_layer_count), "layers that hold the photograph's shapes"),
    WEIGHTS("content-layer-weights", REC, SET(content_layers), SET(content_layer_count), "one for each of these layers"),
    REAL("content-weight-blend", 0, AT(content_blend), 0, 1, "instead of these: layers relu4_2 * X + relu5_2 * (1 - X)"),
    REAL("style-weight", REC, SET(style_weight), 0, HUGE_VAL, "of the paintings"),
    REALS("style-blend-weights", REC, SET(style_blend_weights), AT(style_count), 0, HUGE_VAL, "share of each painting, to sum 1 (equal when not given)"),
    REALS("style-scales", REC, SET(style_scales), AT(style_count), NSCL_ABOVE_0, HUGE_VAL, "size of each painting beside the result (1 when not given)"),
    LAYERS("style-layers", REC, SET(style_layers), SET(style_layer_count), "layers that hold the paintings' manner"),
    WEIGHTS("style-layer-weights", REC, SET(style_layers), SET(style_layer_count), "one for each of these layers"),
    REAL("style-layer-weight-exp", 0, AT(style_exp), NSCL_ABOVE_0, HUGE_VAL, "instead: weight of each layer over that of the one before"),
    REAL("tv-weight", REC, SET(tv_weight), 0, HUGE_VAL, "of smoothness (total variation)"),
    CHOICE("tv", REC, SET(tv), tvs, "form of the total variation"),
    FLAG("preserve-colors", REC, SET(preserve_colors), "brightness of the result, colours of the photograph"),

    HEADING("Start"),
    CHOICE("init", REC, SET(init), inits, "picture to start from"),
    TEXT("initial", "FILE", REC, AT(initial), "start from this picture instead"),
    REAL("initial-noiseblend", REC, SET(initial_noiseblend), 0, 1, "share of noise in the start (preset neural-style: 1 when not given)"),
    LONG("seed", REC, SET(seed), 0, "of the noise"),

    HEADING("Optimiser"),
    INTEGER("iterations", REC, SET(iterations), 1, 10000000, "L-BFGS: evaluations of the loss; Adam: steps"),
    INTEGER("round-iterations", REC, SET(round_iterations), 0, 10000000, "after so many a line, and L-BFGS begins anew; 0: no rounds"),
    CHOICE("optimizer", REC, SET(optimizer), optimizers, "what changes the picture"),
    REAL("precondition", REC, SET(precondition), 0, 4, "L-BFGS: weight of coarse structure to the next finer in its first guess; 0 is none"),
    INTEGER("lbfgs-history", REC, SET(lbfgs_history), 1, 1000, "steps that L-BFGS remembers"),
    CHOICE("line-search", REC, SET(line_search), searches, "of L-BFGS"),
    REAL("learning-rate", REC, SET(learning_rate), NSCL_ABOVE_0, HUGE_VAL, "of Adam, and of L-BFGS without line search"),
    REAL("beta1", REC, SET(beta1), 0, NSCL_BELOW_1, "Adam: decay of the mean"),
    REAL("beta2", REC, SET(beta2), 0, NSCL_BELOW_1, "Adam: decay of the mean square"),
    REAL("eps", REC, SET(eps), NSCL_ABOVE_0, HUGE_VAL, "Adam: added to the root"),
    CHOICE("adam-form", REC, SET(adam_form), adam_forms, "Adam: whose eps, TensorFlow's beside the root or PyTorch's beside the corrected root"),
    CHOICE("clip", REC, SET(clip), switches, "Adam: keep the picture within black and white after each step"),
    REAL("ema", REC, SET(ema), 0, NSCL_BELOW_1, "Adam: the result is the moving average of its pictures with this decay; 0: the last"),

    HEADING("Progress"),
    INTEGER("print-iterations", 0, AT(print_iterations), 1, INT_MAX, "a line of figures every N; when not given, every 10 where there is no terminal"),
    TEXT("checkpoint-output", "PATTERN", 0, AT(checkpoint_output), "pictures on the way: a name with %s, %d or %04d for the number, or none"),
    INTEGER("checkpoint-iterations", REC, SET(checkpoint_iterations), 1, INT_MAX, "how often, else each round; preset neural-style keeps the best of these"),
    TEXT("save-state", "FILE", 0, AT(save_state), "keep here what a run that is killed goes on from"),
    INTEGER("state-every", 0, AT(state_every), 1, INT_MAX, "evaluations from one such saving to the next"),
    TEXT("resume", "FILE", 0, AT(resume), "go on from there, with its settings and pictures; only --iterations may differ"),
    TEXT("log", "FILE", 0, AT(log), "settings and every loss, as lines of JSON"),
    FLAG("quiet", 0, AT(quiet), "errors only"),
    FLAG("verbose", 0, AT(verbose), "what the library does, and the terms of the loss"),

    HEADING("Device and help"),
    WORDS("device", "WHICH", 0, AT(device), devices, "auto, number, P:D, part of its name, cpu or gpu; $NSCL_DEVICE, else auto, when not given"),
    LONG("max-memory", 0, AT(max_memory), 0, "MiB of the device's memory that may be taken; 0: all but a sixteenth"),
    CHOICE("precision", REC, SET(precision), precisions, "fp16-storage: feature maps in 16 bits, for half their memory"),
    FLAG("fallback", 0, AT(fallback), "where the device fails, go on from the last good picture on the next best one"),
    INTEGER("patience", 0, AT(patience), 0, INT_MAX,
            "seconds without a sign from the device, and 50 times its slowest evaluation, after which it hangs and the command ends; 0: never"),
    FLAG("list-devices", 0, AT(list_devices), "list the devices and end"),
    FLAG("selftest", 0, AT(selftest), "check what the device computes, algorithm by algorithm, and end; see nscl-selftest"),
    CHOICE("generate", 0, AT(generate), forms, "print the manual page or a shell's completion, and end"),
    FLAG("version", 0, AT(version), "show the version and end"),
    FLAG("help", 0, AT(help), "show this and end"),
};

enum {ROWS = sizeof rows / sizeof rows[0]};

/* Of an option given twice the last counts. */
typedef struct given {
    nscl_values values;
    const char *attached; /* the value of --name=value, which `values` then points to */
    enum {NOT_GIVEN, GIVEN, RECORDED} yes; /* recorded: by the run that --from or --resume names */
} given;

const nscl_option *nscl_option_row(int index)
{
    return index >= 0 && index < ROWS ? &rows[index] : NULL;
}

void nscl_options_init(nscl_options *options, nscl_preset preset)
{
    memset(options, 0, sizeof *options);
    options->quality = 95;
    options->content_blend = options->style_exp = -1;
    options->max_pixels = NSCL_MAX_PIXELS_DEFAULT;
    options->state_every = 50;
    options->patience = 120;
    nscl_settings_init(&options->settings, preset);
}

static int find_row(const char *name, size_t length)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].name && strlen(rows[i].name) == length && !memcmp(rows[i].name, name, length))
            return i;
    return -1;
}

/* Least number of letters to put in, take out or change; names past 63 letters are cut. */
static int distance(const char *a, size_t na, const char *b)
{
    int row[64];
    size_t nb = strlen(b);
    na = na > 63 ? 63 : na;
    nb = nb > 63 ? 63 : nb;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]), put_in = row[j - 1] + 1, take_out = row[j] + 1;
            diagonal = row[j];
            row[j] = change < put_in ? change : put_in;
            row[j] = row[j] < take_out ? row[j] : take_out;
        }
    }
    return row[nb];
}

static const char *nearest_name(const char *name, size_t length)
{
    const char *best = "help";
    int least = INT_MAX;
    for (int i = 0; i < ROWS; i++) {
        int d = rows[i].name ? distance(name, length, rows[i].name) : INT_MAX;
        if (d < least) {
            least = d;
            best = rows[i].name;
        }
    }
    return best;
}

/* Finds the options in argv and the words behind each. */
static nscl_status scan(given *table, int argc, char *const *argv, nscl_error *error)
{
    for (int i = 1; i < argc;) {
        const char *word = argv[i++];
        if (strncmp(word, "--", 2) != 0)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "'%s' belongs to no option; pictures are given with --content, --styles and --output", word);
        const char *name = word + 2, *equals = strchr(name, '=');
        size_t length = equals ? (size_t)(equals - name) : strlen(name);
        int r = find_row(name, length);
        if (r < 0)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%.*s is not an option; the nearest is --%s", (int)(length < 200 ? length : 200), name,
                                 nearest_name(name, length));
        given *g = &table[r];
        memset(g, 0, sizeof *g);
        g->yes = GIVEN;
        if (rows[r].kind == NSCL_OPTION_FLAG && equals)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s takes no value; leave '%s' out", rows[r].name, equals);
        if (rows[r].kind == NSCL_OPTION_FLAG)
            continue;
        if (equals) {
            g->attached = equals + 1;
            g->values = (nscl_values){&g->attached, 1};
            continue;
        }
        int first = i, most = nscl_option_takes_many(&rows[r]) ? argc : first + 1;
        while (i < argc && i < most && strncmp(argv[i], "--", 2) != 0)
            i++;
        if (i == first)
            return nscl_option_missing(&rows[r], error);
        g->values = (nscl_values){(const char *const *)&argv[first], i - first};
    }
    return NSCL_OK;
}

static int was_given(const given *table, const char *name)
{
    return table[find_row(name, strlen(name))].yes;
}

static const char *const contradictions[][2] = {
    {"width", "size"}, {"width", "short-side"}, {"height", "size"}, {"height", "short-side"}, {"size", "short-side"},
    {"content-weight-blend", "content-layers"}, {"content-weight-blend", "content-layer-weights"},
    {"style-layer-weight-exp", "style-layer-weights"}, {"initial", "init"}, {"quiet", "verbose"},
};

/* Lists whose length the first decides. */
static const char *const follow[][2] = {
    {"content-layers", "content-layer-weights"}, {"style-layers", "style-layer-weights"}, {"styles", "style-scales"}, {"styles", "style-blend-weights"},
};

static int is_given(const given *table, const char *name)
{
    return table[find_row(name, strlen(name))].yes == GIVEN;
}

/* Drops what was recorded of `name` when `other` is given. */
static void give_way(given *table, const char *name, const char *other)
{
    given *g = &table[find_row(name, strlen(name))];
    if (g->yes == RECORDED && is_given(table, other))
        g->yes = NOT_GIVEN;
}

/* Adds the recorded settings where none are given, and those that a given one leaves their meaning. */
static void add_recorded(given *table, nscl_recorded *recorded)
{
    int preset = is_given(table, "preset");
    for (int i = 0; i < ROWS; i++)
        if (rows[i].name && !table[i].yes && !(preset && rows[i].at >= AT(settings)) && nscl_recorded_values(recorded, &rows[i], &table[i].values))
            table[i].yes = RECORDED;
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++) {
        give_way(table, contradictions[i][0], contradictions[i][1]);
        give_way(table, contradictions[i][1], contradictions[i][0]);
    }
    for (size_t i = 0; i < sizeof follow / sizeof follow[0]; i++)
        give_way(table, follow[i][1], follow[i][0]);
}

static nscl_status check_given(const given *table, nscl_error *error)
{
    for (int i = 0; i < ROWS; i++)
        if ((rows[i].flags & NSCL_OPTION_REQUIRED) && !table[i].yes)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s is missing; give --%s %s: %s", rows[i].name, rows[i].name, rows[i].argument, rows[i].help);
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++)
        if (is_given(table, contradictions[i][0]) && is_given(table, contradictions[i][1]))
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s and --%s contradict each other; give one of them", contradictions[i][0], contradictions[i][1]);
    return NSCL_OK;
}

/* What options decide for each other once each has its value. */
static void settle(nscl_options *options, const given *table)
{
    nscl_settings *s = &options->settings;
    if (was_given(table, "width") || was_given(table, "height") || was_given(table, "size") || was_given(table, "short-side")) {
        s->width = was_given(table, "width") ? s->width : 0; /* a preset's size gives way to one that is asked for */
        s->height = was_given(table, "height") ? s->height : 0;
        s->size = was_given(table, "size") ? s->size : 0;
        s->short_side = was_given(table, "short-side") ? s->short_side : 0;
    }
    if (options->content_blend >= 0)
        nscl_settings_content_blend(s, options->content_blend);
    if (options->style_exp > 0)
        nscl_settings_style_exp(s, options->style_exp);
    /* Below 0 the preset decides, and neural-style starts from noise; a start that is named is taken as it is. */
    if (s->initial_noiseblend < 0 && (options->initial || is_given(table, "init")))
        s->initial_noiseblend = 0;
}

/* Notes the options that were given for nothing. */
static void find_idle(nscl_options *options, const given *table)
{
    const nscl_settings *s = &options->settings;
    int adam = s->optimizer == NSCL_ADAM, searching = !adam && s->line_search == NSCL_WOLFE;
    int noise = s->initial_noiseblend > 0 || (s->initial_noiseblend < 0 && s->preset == NSCL_PRESET_NEURAL_STYLE) ||
                (s->init == NSCL_INIT_NOISE && !options->initial);
    const struct {
        const char *name;
        int idle;
        const char *why;
    } checks[] = {
        {"beta1", !adam, "the optimiser is L-BFGS"},
        {"beta2", !adam, "the optimiser is L-BFGS"},
        {"eps", !adam, "the optimiser is L-BFGS"},
        {"adam-form", !adam, "the optimiser is L-BFGS"},
        {"clip", !adam, "the optimiser is L-BFGS"},
        {"ema", !adam, "the optimiser is L-BFGS"},
        {"learning-rate", searching, "L-BFGS searches along the line; see --line-search"},
        {"lbfgs-history", adam, "the optimiser is Adam"},
        {"precondition", adam, "the optimiser is Adam"},
        {"line-search", adam, "the optimiser is Adam"},
        {"seed", !noise, "the start has no noise"},
        {"tv", s->tv_weight <= 0, "--tv-weight is 0"},
        {"quality", !nscl_cli_is_jpeg(options->output), "the output is no JPEG"},
        {"depth", s->depth == 16 && nscl_cli_is_jpeg(options->output), "a JPEG has 8 bits; choose .png"},
        {"state-every", !options->save_state, "there is no --save-state"},
        {"checkpoint-iterations", !options->checkpoint_output && s->preset <= NSCL_PRESET_GATYS, "there is no --checkpoint-output"},
    };
    _Static_assert(sizeof checks / sizeof checks[0] <= NSCL_MAX_IDLE, "options->idle holds every row");
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].idle && is_given(table, checks[i].name))
            options->idle[options->idle_count++] = (nscl_idle){checks[i].name, checks[i].why};
}

nscl_status nscl_options_parse(nscl_options *options, int argc, char *const *argv, nscl_error *error)
{
    given table[ROWS];
    memset(table, 0, sizeof table);
    nscl_options_init(options, NSCL_PRESET_GATYS);
    nscl_status status = scan(table, argc, argv, error);
    int informing = was_given(table, "help") || was_given(table, "version") || was_given(table, "list-devices") || was_given(table, "selftest") ||
                    was_given(table, "generate");
    int from = find_row("from", 4), resume = find_row("resume", 6), source = table[from].yes ? from : resume;
    if (status == NSCL_OK && !informing && table[source].yes) {
        options->recorded = calloc(1, sizeof *options->recorded);
        status = options->recorded ? nscl_recorded_read(options->recorded, table[source].values.words[0], source == resume, error)
                                   : nscl_cli_fail(error, NSCL_NO_MEMORY, "no memory");
        if (status == NSCL_OK)
            add_recorded(table, options->recorded);
    }
    if (status == NSCL_OK && !informing)
        status = check_given(table, error);
    for (int i = 0; i < ROWS && status == NSCL_OK; i++) {
        int wanted = !informing || rows[i].kind == NSCL_OPTION_FLAG || rows[i].at == AT(device) || rows[i].at == AT(generate);
        if (table[i].yes && rows[i].name && wanted)
            status = nscl_option_set(&rows[i], options, &table[i].values, error);
    }
    if (status != NSCL_OK || informing)
        return status;
    settle(options, table);
    find_idle(options, table);
    return NSCL_OK;
}

void nscl_options_free(nscl_options *options)
{
    if (options->recorded)
        nscl_recorded_free(options->recorded);
    free(options->recorded);
    options->recorded = NULL;
}
