#include "cli_selftest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "cli_devices.h"

static const char *const verdicts[] = {"pass", "fail", "skipped"};

static const char *precision_name(nscl_precision precision)
{
    return precision == NSCL_PRECISION_FP32 ? "fp32" : "fp16-storage";
}

static int print_row(const nscl_selftest_row *row, void *user)
{
    (void)user;
    printf("%-20s %-18s %-12s ", row->operation, row->way, precision_name(row->precision));
    if (row->verdict == NSCL_SKIPPED)
        printf("skipped: %s\n", row->why);
    else {
        printf("%5d  %7.1e  ", row->cases, row->error);
        if (row->bound > 0)
            printf("%7.1e  %5.1f %%", row->bound, 100 * row->share);
        else
            printf("%7s  %7s", "exact", "");
        printf("  %s  %s\n", verdicts[row->verdict], row->shape);
        if (row->verdict == NSCL_FAILED)
            printf("    %s\n", row->why);
    }
    fflush(stdout);
    return 0;
}

static int add_row(const nscl_selftest_row *row, void *user)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "operation", row->operation, "algorithm", row->way, "precision", precision_name(row->precision),
                               "verdict", verdicts[row->verdict]);
    if (row->verdict != NSCL_SKIPPED)
        json_object_update_new(object, json_pack("{s:i, s:s, s:f, s:f, s:f}", "cases", row->cases, "shape", row->shape, "error", row->error, "bound",
                                                 row->bound, "share", row->share));
    if (row->why)
        json_object_set_new(object, "why", json_string(row->why));
    json_array_append_new(user, object);
    return 0;
}

static void print_json(const char *command, const nscl_device_info *d, const nscl_selftest_result *r, json_t *rows)
{
    json_t *all = json_pack("{s:s, s:s, s:{s:i, s:s, s:s, s:s}, s:I, s:O, s:i, s:i, s:i, s:f, s:s}", "program", command, "version", nscl_version(), "device",
                            "index", d->index, "name", d->name, "platform", d->platform_name, "driver", d->driver, "seed", (json_int_t)r->seed, "rows", rows,
                            "passed", r->passed, "failed", r->failed, "skipped", r->skipped, "seconds", r->seconds, "verdict", verdicts[r->failed > 0]);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    printf("\n");
    json_decref(all);
}

/* The status of a command whose device could not be opened: wrong usage where another would do. */
static int no_device(nscl_status status)
{
    return (status == NSCL_NO_DEVICE || status == NSCL_BAD_ARGUMENT) && nscl_cli_devices_count(0) ? NSCL_EXIT_USAGE : NSCL_EXIT_FAILED;
}

int nscl_cli_selftest(const char *command, const nscl_open_options *open, uint64_t seed, int json)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_context *context = NULL;
    nscl_selftest_result r = {0, 0, 0, 0, 0};
    nscl_status status = nscl_open(&context, open, &error);
    if (status != NSCL_OK) {
        fprintf(stderr, "%s: %s\n", command, error.text);
        return no_device(status);
    }
    const nscl_device_info *d = nscl_context_device(context);
    json_t *rows = json ? json_array() : NULL;
    if (!json) {
        printf("%s [%s], driver %s\n\n", d->name, d->platform_name, d->driver);
        printf("%-20s %-18s %-12s %5s  %7s  %7s  %7s  %4s  %s\n", "operation", "algorithm", "precision", "cases", "error", "at most", "element", "",
               "worst case");
    }
    status = nscl_selftest(context, seed, json ? add_row : print_row, rows, &r, &error);
    if (json)
        print_json(command, d, &r, rows);
    else if (status == NSCL_OK || status == NSCL_BAD_DEVICE)
        printf("\n%d passed, %d failed, %d skipped in %.1f s on %s, driver %s: %s (seed %llu)\n", r.passed, r.failed, r.skipped, r.seconds, d->name, d->driver,
               r.failed ? "this device computes wrongly what failed" : "all is right", (unsigned long long)r.seed);
    if (status != NSCL_OK)
        fprintf(stderr, "%s: %s\n", command, error.text);
    json_decref(rows);
    nscl_close(context);
    return status == NSCL_OK ? NSCL_EXIT_DONE : NSCL_EXIT_FAILED;
}
