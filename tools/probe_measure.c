/* Drivers crash and hang: each device is measured by a child process, which says what it is about to measure before it
 * does. What ends a child counts as failed, and the next child goes on with the figure after it. */
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "measure_child.h"
#include "probe.h"

static const double limit_seconds = 180; /* of a child: compilers may take long */

static json_t *fma_rate(nscl_context *ctx)
{
    measure_limits limits = {0};
    measure_fma(ctx, &limits, 0.4);
    return json_pack("{s:{s:f, s:i}}", "fma", "gflops", limits.gflops, "vector_width", limits.width);
}

static json_t *copy_rate(nscl_context *ctx)
{
    measure_limits limits = {0};
    measure_copy(ctx, &limits, 0.4);
    return json_pack("{s:{s:f, s:f}}", "copy", "gbytes", limits.gbytes, "buffer_mib", limits.copied_mib);
}

static json_t *gemm_rate(nscl_context *ctx)
{
    measure_rate rate;
    measure_gemm(ctx, &rate, 512, 512, 4608, 0.4);
    return json_pack("{s:{s:I, s:I, s:I, s:f}}", "gemm", "m", (json_int_t)rate.m, "n", (json_int_t)rate.n, "k", (json_int_t)rate.k, "gflops", rate.gflops[0]);
}

static json_t *conv_rate(nscl_context *ctx, const char *key, int channels, int side)
{
    measure_rate rate;
    measure_conv(ctx, &rate, channels, channels, side, 0.4);
    return json_pack("{s:{s:i, s:I, s:s, s:f, s:f}}", key, "channels", channels, "side", (json_int_t)rate.m, "algorithm", rate.how ? rate.how : "",
                     "forward_gflops", rate.gflops[0], "backward_gflops", rate.gflops[1]);
}

static json_t *conv_wide_rate(nscl_context *ctx)
{
    return conv_rate(ctx, "conv_64", 64, 256);
}

static json_t *conv_deep_rate(nscl_context *ctx)
{
    return conv_rate(ctx, "conv_256", 256, 64);
}

static const struct {
    const char *name;
    json_t *(*measure)(nscl_context *ctx);
} figures[] = {{"multiply-adds", fma_rate},
               {"copying", copy_rate},
               {"matrix product", gemm_rate},
               {"convolution of 64 channels", conv_wide_rate},
               {"convolution of 256 channels", conv_deep_rate}};
enum { FIGURES = sizeof figures / sizeof *figures };

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    printf("\n");
    fflush(stdout);
    json_decref(line);
}

int probe_measure_child(const char *device, int from)
{
    nscl_context *ctx = NULL;
    nscl_error error = {NSCL_OK, ""};
    nscl_open_options open = {.device = device};
    if (nscl_open(&ctx, &open, &error) != NSCL_OK) {
        say(json_pack("{s:i, s:s}", "at", FIGURES, "why", error.text));
        return 0;
    }
    for (int i = from < 0 ? 0 : from; i < FIGURES; i++) {
        say(json_pack("{s:i}", "at", i));
        json_t *figure = figures[i].measure(ctx);
        if (nscl_context_status(ctx, &error) == NSCL_OK)
            say(figure);
        else {
            json_decref(figure);
            say(json_pack("{s:i, s:s}", "at", i, "why", error.text));
            nscl_error_clear(&error);
        }
    }
    say(json_pack("{s:i}", "at", FIGURES));
    nscl_close(ctx);
    return 0;
}

static void add_failure(json_t *failed, int at, const char *why)
{
    json_array_append_new(failed, json_pack("{s:s, s:s}", "what", at >= 0 && at < FIGURES ? figures[at].name : "opening the device", "why", why));
}

/* Takes over what a child said. Returns the number of the figure it was at. */
static int read_lines(char *text, json_t *measured, json_t *failed, int at)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *said = json_loads(line, 0, NULL), *why = json_object_get(said, "why");
        if (json_is_integer(json_object_get(said, "at"))) {
            at = (int)json_integer_value(json_object_get(said, "at"));
            if (why)
                add_failure(failed, at, json_string_value(why));
        } else if (json_is_object(said)) /* else the driver has been talking */
            json_object_update(measured, said);
        json_decref(said);
    }
    return at;
}

json_t *probe_measure(const char *self, const nscl_device_facts *f)
{
    json_t *measured = json_object(), *failed = json_array();
    for (int at = 0; at < FIGURES;) {
        char selector[32], from[16], why[128];
        int began = at;
        snprintf(selector, sizeof selector, "%d:%d", f->info.platform, f->info.device);
        snprintf(from, sizeof from, "%d", at);
        char *argv[] = {(char *)(size_t)self, (char *)(size_t) "--measure", selector, from, NULL};
        char *text = measure_child(argv, limit_seconds, why, sizeof why);
        if (!text) {
            add_failure(failed, -1, why);
            break;
        }
        at = read_lines(text, measured, failed, began);
        free(text);
        if (at < FIGURES) { /* it ended before its time */
            add_failure(failed, at, why[0] ? why : "the process ended in the middle of it");
            at++;
        }
    }
    json_object_set_new(measured, "failed", failed);
    return measured;
}
