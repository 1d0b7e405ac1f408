#include "weights_read.h"
nscl_status nscl_weights_read_mat(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    (void)w;
    (void)bytes;
    (void)size;
    return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a MatConvNet file, which this build cannot read; use a Keras .h5 or .safetensors file", path);
}
