/* EXIF by itself, whatever holds it. */
#include "fuzz.h"
#include "picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int orientation = nscl_exif_orientation(data, size);
    fuzz_need(orientation >= 0 && orientation <= 8, "an orientation is 0 to 8");
    return 0;
}
