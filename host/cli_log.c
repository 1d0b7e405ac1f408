#include "cli_log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "cli_describe.h"

static nscl_status fail(nscl_cli_log *log, nscl_error *error)
{
    log->broken = 1;
    return nscl_cli_fail(error, NSCL_BAD_FILE, "--log: cannot write '%s': %s", log->path, strerror(errno));
}

static nscl_status write_line(nscl_cli_log *log, const json_t *object, size_t digits, nscl_error *error)
{
    if (!object || json_dumpf(object, log->stream, JSON_COMPACT | JSON_REAL_PRECISION(digits)) != 0 || fputc('\n', log->stream) == EOF ||
        fflush(log->stream) != 0)
        return fail(log, error);
    return NSCL_OK;
}

nscl_status nscl_cli_log_open(nscl_cli_log *log, const char *path, int overwrite, const json_t *run, nscl_error *error)
{
    memset(log, 0, sizeof *log);
    log->path = path;
    if (!path)
        return NSCL_OK;
    log->stream = fopen(path, overwrite ? "w" : "wx");
    struct stat info;
    if (!log->stream && errno == EEXIST && !(stat(path, &info) == 0 && S_ISREG(info.st_mode)))
        log->stream = fopen(path, "w"); /* a pipe or a device, which holds nothing that could be lost */
    if (!log->stream)
        return fail(log, error);
    return write_line(log, run, 15, error); /* settings as they were given: 0.1, not 0.10000000000000001 */
}

/* JSON has no word for what is not a number. */
static json_t *number(double value)
{
    json_t *json = json_real(value);
    return json ? json : json_null();
}

nscl_status nscl_cli_log_write(nscl_cli_log *log, const nscl_progress *now, nscl_error *error)
{
    if (!log->stream || log->broken)
        return NSCL_OK;
    json_t *object = json_object(), *terms = json_object();
    json_object_set_new(object, "evaluation", json_integer(now->evaluation));
    json_object_set_new(object, "loss", number(now->loss));
    for (int i = 0; i < now->term_count; i++)
        json_object_set_new(terms, now->terms[i].name, number(now->terms[i].value));
    json_object_set_new(object, "terms", terms);
    json_object_set_new(object, "seconds", number(now->seconds));
    if (now->note)
        json_object_set_new(object, "note", nscl_json_text(now->note));
    nscl_status status = write_line(log, object, 17, error);
    json_decref(object);
    return status;
}

nscl_status nscl_cli_log_close(nscl_cli_log *log, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    if (log->stream && fclose(log->stream) != 0 && !log->broken)
        status = fail(log, error);
    log->stream = NULL;
    return status;
}
