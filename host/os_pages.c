#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include "os_pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { LARGE = 2 << 20 }; /* x86-64's, and 64-bit Arm's most often: another's are aligned worse, no more */

/* Stands before the memory. What lies unused around both is never touched, and so takes address space alone. */
typedef struct mapping {
    void *start;
    size_t bytes;
} mapping;

void *nscl_pages_get(size_t bytes)
{
#ifdef MADV_HUGEPAGE
    /* The last one is filled to a good part, or of small pages. */
    size_t large = (bytes + bytes / 8) / LARGE * LARGE;
    if (large == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    mapping m = {NULL, bytes + bytes / 8 + LARGE + sizeof m};
    m.start = mmap(NULL, m.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m.start == MAP_FAILED)
        return NULL;
    char *pages = (char *)m.start + sizeof m;
    pages += (LARGE - (uintptr_t)pages % LARGE) % LARGE;
    ((mapping *)(void *)pages)[-1] = m;
    (void)madvise(pages, large, MADV_HUGEPAGE);
    return pages;
#else
    (void)bytes;
    return NULL;
#endif
}

void nscl_pages_free(void *pages)
{
    if (pages) {
        mapping m = ((mapping *)pages)[-1];
        (void)munmap(m.start, m.bytes);
    }
}
