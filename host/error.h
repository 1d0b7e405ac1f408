/* The first error wins: nscl_fail records a message only where none is recorded yet, so that the cause is kept and its
 * consequences are not. All set-up code returns the status it gives back. */
#ifndef NSCL_ERROR_H
#define NSCL_ERROR_H

#include "nscl.h"

#if defined(__GNUC__)
#define NSCL_PRINTF(a, b) __attribute__((format(printf, a, b)))
#else
#define NSCL_PRINTF(a, b)
#endif

/* Records `code` and the message unless `error` holds one already; error may be NULL. Returns the code in force
 * (the first one). The message says what was being done to which object, and the cure; no newline at its end. */
nscl_status nscl_fail(nscl_error *error, nscl_status code, const char *format, ...) NSCL_PRINTF(3, 4);

/* Sets the error to NSCL_OK with an empty text; NULL is accepted. */
void nscl_error_clear(nscl_error *error);

/* Name and hint of an OpenCL or CLBlast status code, for example
 * "CL_MEM_OBJECT_ALLOCATION_FAILURE (-4): the device is out of memory; choose a smaller --size". Never NULL. */
const char *nscl_cl_text(int code);

#endif
