/* Memory in the system's large pages (Linux: transparent huge pages). Gigabytes that a device with the host's memory works on are had
 * with a 512th of the faults, and found with fewer misses of the processor's tables of pages. */
#ifndef NSCL_OS_PAGES_H
#define NSCL_OS_PAGES_H

#include <stddef.h>

/* `bytes` of zeroed memory from a large page's start on; NULL where there is none, the system has no such pages or one would not be
 * filled. Where it has them and none is free it is of small pages. */
void *nscl_pages_get(size_t bytes);
/* Gives it back; NULL is accepted. */
void nscl_pages_free(void *pages);

#endif
