/* What every target is held to, and what they all check. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);

/* No parser has a reason to ask for more at once: targets allow a million pixels, and VGG's largest kernel has 9 MiB. */
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=64:hard_rss_limit_mb=768:quarantine_size_mb=16:allocator_may_return_null=0:malloc_context_size=8";
}

/* Theirs, and lost only with damaged files. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\nleak:libmatio\n";
}
#endif

void fuzz_need(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz: not so: %s\n", what);
    abort();
}

void fuzz_check(nscl_status status, const nscl_error *error, const char *name)
{
    fuzz_need(status == NSCL_OK || status == NSCL_BAD_FILE || status == NSCL_NO_MEMORY, "the status is a file's");
    fuzz_need(status == error->code, "the error has the status");
    fuzz_need(status == NSCL_OK || strstr(error->text, name) != NULL, "the message names the file");
}
