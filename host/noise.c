#include "noise.h"

#include <math.h>

#include "rng.h"

/* Uniform in (0, 1): never 0, whose logarithm is not finite. */
static double uniform(rng *state)
{
    return ((double)(rng_next(state) >> 11) + 0.5) * 0x1p-53;
}

void nscl_noise_uniform(float *out, size_t n, double low, double high, uint64_t seed)
{
    rng state = {seed};
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(low + (high - low) * uniform(&state));
}

void nscl_noise_normal(float *out, size_t n, double deviation, uint64_t seed)
{
    rng state = {seed};
    for (size_t i = 0; i < n; i += 2) {
        double r = deviation * sqrt(-2 * log(uniform(&state))), a = 6.283185307179586 * uniform(&state);
        out[i] = (float)(r * cos(a));
        if (i + 1 < n)
            out[i + 1] = (float)(r * sin(a));
    }
}
