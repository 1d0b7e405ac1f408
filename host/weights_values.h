/* Arrays of numbers as files store them, little-endian at any address, to and from float. */
#ifndef NSCL_WEIGHTS_VALUES_H
#define NSCL_WEIGHTS_VALUES_H

#include <stddef.h>
#include <stdint.h>

typedef enum nscl_value_type { NSCL_VALUE_F32, NSCL_VALUE_F16, NSCL_VALUE_BF16, NSCL_VALUE_F64 } nscl_value_type;

/* Type of safetensors' name ("F16"); 0 if it is none of these. */
int nscl_value_type_find(const char *name, nscl_value_type *out);
const char *nscl_value_type_name(nscl_value_type type);

/* Bytes of one value. */
size_t nscl_value_size(nscl_value_type type);

void nscl_values_decode(float *out, const unsigned char *bytes, size_t count, nscl_value_type type);

/* F32, F16 or BF16, the latter two rounded to nearest even (too large becomes infinite). */
void nscl_values_encode(unsigned char *out, const float *values, size_t count, nscl_value_type type);

#endif
