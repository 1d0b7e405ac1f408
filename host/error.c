#include "error.h"

#include <stdarg.h>
#include <stdio.h>

nscl_status nscl_fail(nscl_error *error, nscl_status code, const char *format, ...)
{
    if (!error)
        return code;
    if (error->code != NSCL_OK)
        return error->code;
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return code;
}

void nscl_error_clear(nscl_error *error)
{
    if (error) {
        error->code = NSCL_OK;
        error->text[0] = '\0';
    }
}

const char *nscl_status_text(nscl_status code)
{
    switch (code) {
    case NSCL_OK: return "ok";
    case NSCL_BAD_ARGUMENT: return "bad argument";
    case NSCL_BAD_FILE: return "bad file";
    case NSCL_NO_DEVICE: return "no device";
    case NSCL_NO_MEMORY: return "out of memory";
    case NSCL_BAD_DEVICE: return "device failure";
    case NSCL_BAD_NUMBER: return "loss not finite";
    case NSCL_CANCELLED: return "cancelled";
    }
    return "unknown status";
}

const char *nscl_version(void)
{
    return NSCL_VERSION;
}
