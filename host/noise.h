/* Seeded noise, the same on every machine. */
#ifndef NSCL_NOISE_H
#define NSCL_NOISE_H

#include <stddef.h>
#include <stdint.h>

/* n values of N(0, deviation^2): splitmix64 and Box-Muller in double. */
void nscl_noise_normal(float *out, size_t n, double deviation, uint64_t seed);
/* n values of the uniform distribution over [low, high): splitmix64. */
void nscl_noise_uniform(float *out, size_t n, double low, double high, uint64_t seed);

#endif
