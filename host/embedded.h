/* Files built into the library by tools/embed.cmake; each table ends with a NULL name. A NUL that `size` does not count follows the bytes. */
#ifndef NSCL_EMBEDDED_H
#define NSCL_EMBEDDED_H

#include <stddef.h>

typedef struct nscl_embedded {
    const char *name; /* file name without folder */
    const unsigned char *bytes;
    size_t size;
} nscl_embedded;

extern const nscl_embedded nscl_kernel_files[];  /* cl/ *.cl */
extern const nscl_embedded nscl_network_files[]; /* data/network/ *.safetensors */
extern const nscl_embedded nscl_tuning_files[];  /* data/tuning/ *.txt */

#endif
