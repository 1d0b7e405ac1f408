/* nscl-tune: tries every way of convolving on every layer and keeps the best. CLBlast's parameters come first, since they decide
 * how its way fares. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "tune_tool.h"

static const double child_seconds = 60; /* of one candidate: compilers may take long */

typedef struct tune {
    tune_options options;
    const char *self;
    char device[32]; /* P:D */
    nscl_device_facts *facts;
    int allowed[NSCL_CONV_ALGORITHMS];
    nscl_tune_layer layer[TUNE_MOST_LAYERS];
    nscl_tune_choice choice[TUNE_MOST_LAYERS];
    int layers, choices, clblast;
    double end;
} tune;

static double left(const tune *t)
{
    return t->end - nscl_seconds();
}

/* ---- Layers ---- */

static void add_layer(tune *t, int cin, int cout, int side)
{
    nscl_tune_layer l = {cin, cout, side, side};
    if (cin == 3 || side < 1)
        return; /* one algorithm only */
    for (int i = 0; i < t->layers; i++)
        if (memcmp(&t->layer[i], &l, sizeof l) == 0)
            return;
    if (t->layers < TUNE_MOST_LAYERS)
        t->layer[t->layers++] = l;
}

static nscl_status find_layers(tune *t, nscl_error *error)
{
    static const int vgg[] = {64, 64, 128, 128, 256, 256, 512, 512, 512}, blocks[] = {0, 0, 1, 1, 2, 2, 3, 3, 4}; /* conv1_1 ... conv5_1 */
    nscl_weights *weights = NULL;
    if (t->options.network) {
        nscl_status status = nscl_weights_open(&weights, t->options.network, error);
        if (status != NSCL_OK)
            return status;
    }
    for (int s = 0; s < t->options.size_count; s++) {
        int side = t->options.sizes[s];
        for (int i = 1; !weights && i < 9; i++)
            add_layer(t, vgg[i - 1], vgg[i], side >> blocks[i]);
        for (int i = 0; weights && i < weights->conv_count; i++)
            add_layer(t, weights->conv[i].cin, weights->conv[i].cout, side >> (weights->conv[i].block - 1));
    }
    nscl_weights_free(weights);
    return NSCL_OK;
}

/* ---- Candidates ---- */

static void print_head(void)
{
    printf("%-26s %-22s %10s %9s %10s %9s  %s\n", "layer", "candidate", "forward", "GFLOP/s", "backward", "GFLOP/s", "error");
}

static void print_result(const nscl_tune_layer *l, const char *name, const nscl_tune_result *r, int chosen)
{
    char layer[40];
    double flop = 18e-9 * l->cin * l->cout * l->h * l->w;
    snprintf(layer, sizeof layer, "%d > %d, %d x %d", l->cin, l->cout, l->w, l->h);
    if (r->good)
        printf("%-26s %-22s %7.2f ms %9.1f %7.2f ms %9.1f  %.0e%s\n", layer, name, 1e3 * r->seconds[0], flop / r->seconds[0], 1e3 * r->seconds[1],
               flop / r->seconds[1], r->nmse, chosen ? "  chosen" : "");
    else
        printf("%-26s %-22s %s\n", layer, name, r->why);
    fflush(stdout);
}

static nscl_tune_result once(const tune *t, const nscl_tune_layer *l, int algorithm, int clblast, double behind, double seconds)
{
    tune_trial trial = {*l, (nscl_conv_algorithm)algorithm, clblast, behind, 0.15};
    double limit = seconds < child_seconds ? seconds : child_seconds;
    return tune_try(t->self, t->device, &trial, limit > 1 ? limit : 1);
}

static double total(const nscl_tune_result *r)
{
    return r->seconds[0] + r->seconds[1];
}

/* The quickest of the parameter sets on a layer in the middle of the network. */
static void choose_clblast(tune *t)
{
    const nscl_tune_layer *l = &t->layer[t->layers / 2];
    int count = nscl_tune_clblast_count(), best = -1;
    nscl_tune_result results[32] = {0};
    char name[32];
    double behind = 0, layers = 0.67 * t->options.seconds; /* time that is theirs */
    t->clblast = -1;
    for (int i = -1; i < count && i < 31 && left(t) > layers; i++) {
        nscl_tune_result *r = &results[i + 1];
        *r = once(t, l, NSCL_CONV_GEMM, i, behind, left(t) - layers);
        if (r->good && (behind <= 0 || total(r) < 0.95 * behind)) {
            behind = total(r);
            best = i;
        }
    }
    for (int i = -1; i < count && i < 31; i++) {
        snprintf(name, sizeof name, i < 0 ? "gemm, CLBlast's own" : "gemm, set %d", i + 1);
        if (results[i + 1].good || results[i + 1].why[0])
            print_result(l, name, &results[i + 1], i == best);
    }
    t->clblast = best;
}

static void choose_algorithm(tune *t, const nscl_tune_layer *l)
{
    nscl_tune_result results[NSCL_CONV_ALGORITHMS];
    double behind = 0;
    memset(results, 0, sizeof results);
    for (int round = 0; round < t->options.rounds; round++)
        for (int i = NSCL_CONV_ALGORITHMS; i-- > 0;) { /* the quickest are at the end: slow ones are given up early */
            nscl_tune_result *r = &results[i];
            if (!t->allowed[i] || left(t) <= 0 || (round > 0 && (!r->good || total(r) > 1.3 * behind)))
                continue;
            nscl_tune_result now = once(t, l, i, t->clblast, behind, left(t));
            if (!r->good)
                *r = now;
            for (int k = 0; k < 2 && now.good; k++) /* what else ran then only takes time */
                r->seconds[k] = now.seconds[k] < r->seconds[k] ? now.seconds[k] : r->seconds[k];
            if (r->good && (behind <= 0 || total(r) < behind))
                behind = total(r);
        }
    int best = nscl_tune_best(results);
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
        if (t->allowed[i])
            print_result(l, nscl_conv_names[i], &results[i], i == best);
    if (best >= 0)
        t->choice[t->choices++] = (nscl_tune_choice){*l, (nscl_conv_algorithm)best};
}

/* ---- What comes of it ---- */

static nscl_status deliver(tune *t, nscl_error *error)
{
    char *rows = nscl_tune_rows(t->choice, t->choices), *path = t->options.output ? strdup(t->options.output) : nscl_tuning_path(t->facts);
    const char *clblast = t->clblast >= 0 ? nscl_tune_clblast_rows(t->clblast) : "";
    size_t size = rows ? strlen(rows) + strlen(clblast) + 1 : 0;
    char *all = size ? malloc(size) : NULL;
    nscl_status status = NSCL_OK;
    if (!all || (!path && !t->options.dry_run))
        status = nscl_fail(error, NSCL_BAD_FILE, "no place for the rows: neither $HOME nor $XDG_CACHE_HOME is set; --output names a file");
    else {
        snprintf(all, size, "%s%s", rows, clblast);
        printf("\n%s", all);
        if (!t->options.dry_run && (status = nscl_tuning_write(t->facts, path, all, error)) == NSCL_OK)
            printf("written to %s\n", path);
    }
    free(rows);
    free(all);
    free(path);
    return status;
}

static nscl_status tune_device(tune *t, nscl_error *error)
{
    char why[256] = "";
    nscl_status status = find_layers(t, error);
    if (status != NSCL_OK)
        return status;
    if (!t->layers)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "no layer has a choice at these sizes");
    if (!tune_allowed(t->self, t->device, t->allowed, why, sizeof why))
        return nscl_fail(error, NSCL_BAD_DEVICE, "device %s cannot be used: %s", t->facts->info.name, why);
    printf("%s [%s], driver %s\n", t->facts->info.name, t->facts->info.platform_name, t->facts->info.driver);
    print_head();
    t->end = nscl_seconds() + t->options.seconds;
    if (t->allowed[NSCL_CONV_GEMM])
        choose_clblast(t);
    for (int i = 0; i < t->layers && left(t) > 0; i++)
        choose_algorithm(t, &t->layer[i]);
    if (t->choices < t->layers)
        fprintf(stderr, "nscl-tune: %d of %d layers have no result: %s\n", t->layers - t->choices, t->layers,
                left(t) > 0 ? "every candidate failed" : "the time was up (--seconds)");
    return t->choices ? deliver(t, error) : nscl_fail(error, NSCL_BAD_DEVICE, "nothing could be measured");
}

int main(int argc, char **argv)
{
    static tune t; /* large */
    nscl_error error = {NSCL_OK, ""};
    nscl_device_facts *devices = NULL;
    size_t count = 0;
    int ended = tune_read_options(&t.options, argc, argv);
    if (ended)
        return ended - 1;
    if (t.options.child)
        return tune_child(t.options.child);
    t.self = argv[0];
    t.clblast = -1;
    setenv("NSCL_TUNE", "off", 1); /* the children are to know nothing of what was measured before */
    nscl_status status = nscl_devices_find(&devices, &count, &error);
    if (status == NSCL_OK) {
        int chosen = nscl_device_choose(devices, count, t.options.device, &error);
        if (chosen < 0)
            status = NSCL_BAD_ARGUMENT; /* there are devices: another value would do */
        else {
            t.facts = &devices[chosen];
            snprintf(t.device, sizeof t.device, "%d:%d", t.facts->info.platform, t.facts->info.device);
            status = tune_device(&t, &error);
        }
    }
    nscl_devices_free(devices, count);
    if (status == NSCL_OK)
        return TOOL_DONE;
    fprintf(stderr, "nscl-tune: %s\n", error.text);
    return status == NSCL_BAD_ARGUMENT ? TOOL_USAGE : TOOL_FAILED;
}
