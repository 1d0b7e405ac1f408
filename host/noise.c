#include "noise.h"

#include <math.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in (0, 1): never 0, whose logarithm is not finite. */
static double uniform(uint64_t *state)
{
    return ((double)(splitmix(state) >> 11) + 0.5) * 0x1p-53;
}

void nscl_noise_uniform(float *out, size_t n, double low, double high, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(low + (high - low) * uniform(&state));
}

void nscl_noise_normal(float *out, size_t n, double deviation, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < n; i += 2) {
        double r = deviation * sqrt(-2 * log(uniform(&state))), a = 6.283185307179586 * uniform(&state);
        out[i] = (float)(r * cos(a));
        if (i + 1 < n)
            out[i + 1] = (float)(r * sin(a));
    }
}
