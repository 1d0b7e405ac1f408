/* Memory in the system's large pages (Linux: transparent huge pages). Gigabytes that a device with the host's memory works on are had
 * with a 512th of the faults, and found with fewer misses of the processor's tables of pages: 3 to 5 % of an evaluation of VGG-19, as
 * `nscl-bench --size 512` tells with /sys/kernel/mm/transparent_hugepage/enabled at madvise and at never. */
#ifndef NSCL_OS_PAGES_H
#define NSCL_OS_PAGES_H

#include <stddef.h>

/* Bytes: x86-64's, and 64-bit Arm's most often. Another's are aligned worse, and where they are larger they may count as slow. */
enum { NSCL_LARGE_PAGE = 2 << 20 };

/* For who cannot wait for large pages that are slow to come; begins as all zero. */
typedef struct nscl_page_haste {
    double wait;   /* seconds that one was found to take, where that is long; else 0 */
    double looked; /* seconds spent in finding out */
} nscl_page_haste;

/* `bytes` of zeroed memory from a large page's start on; NULL where there is none, the system has no such pages or one would not be
 * filled. Where it has them and none is free it is of small pages.
 * A virtual machine may have to wait for its host at every large page, far longer than clearing it takes (`nscl --verbose` tells), where
 * its small ones are at hand. With `haste` the large pages are touched, up to a tenth of a second in all, and where one comes slowly haste->wait is set and
 * this memory is from there on, like all that is asked for with it from then on, of small pages. NULL: of large ones, whatever they take. */
void *nscl_pages_get(size_t bytes, nscl_page_haste *haste);
/* How many bytes of it are of small pages for want of time. */
size_t nscl_pages_small(const void *pages);
/* Makes these large, with what is in them: 1, or 0 where the system does so only when it finds time (before Linux 6.1) or has no room. */
int nscl_pages_enlarge(void *pages);
/* Gives it back; NULL is accepted. */
void nscl_pages_free(void *pages);

#endif
