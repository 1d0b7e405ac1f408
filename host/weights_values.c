/* Number formats of weight files. All conversions go through the bits of IEEE single precision, so that they do not
 * depend on the host's byte order, alignment rules or half-precision support. */
#include "weights_values.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}};

int nscl_value_type_find(const char *name, nscl_value_type *out)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(name, types[i].name) == 0) {
            *out = (nscl_value_type)i;
            return 1;
        }
    return 0;
}

const char *nscl_value_type_name(nscl_value_type type)
{
    return types[type].name;
}

size_t nscl_value_size(nscl_value_type type)
{
    return types[type].size;
}

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float half_decode(uint32_t h)
{
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent)
        return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f;
    return sign ? -tiny : tiny;
}

static uint32_t half_encode(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u)
        return sign | 0x7e00;
    if (rest >= 0x477ff000u) /* 65520 and more round to infinity */
        return sign | 0x7c00;
    if (rest >= 0x38800000u) { /* normal: round the 13 bits that go, a carry runs into the exponent as it should */
        rest -= 112u << 23;
        return sign | (rest + 0xfff + (rest >> 13 & 1)) >> 13;
    }
    /* Subnormal: adding 0.5 puts the last bit kept at 2^-24, and the addition itself rounds. */
    float shifted = from_bits(rest) + 0.5f;
    memcpy(&bits, &shifted, sizeof bits);
    return sign | (bits - 0x3f000000u);
}

static float double_decode(const unsigned char *p)
{
    uint64_t bits = 0;
    double value;
    for (int i = 8; i-- > 0;)
        bits = bits << 8 | p[i];
    memcpy(&value, &bits, sizeof value);
    /* Beyond float's range the conversion would be undefined; infinity is what the checks refuse. */
    if (value > 3.4028235e38 || value < -3.4028235e38)
        return from_bits(value > 0 ? 0x7f800000u : 0xff800000u);
    return (float)value;
}

void nscl_values_decode(float *out, const unsigned char *bytes, size_t count, nscl_value_type type)
{
    const unsigned char *p = bytes;
    switch (type) { /* around the loops, so that none asks for each value */
    case NSCL_VALUE_F32:
        for (size_t i = 0; i < count; i++, p += 4)
            out[i] = from_bits((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
        break;
    case NSCL_VALUE_F16:
        for (size_t i = 0; i < count; i++, p += 2)
            out[i] = half_decode((uint32_t)p[0] | (uint32_t)p[1] << 8);
        break;
    case NSCL_VALUE_BF16:
        for (size_t i = 0; i < count; i++, p += 2)
            out[i] = from_bits((uint32_t)p[0] << 16 | (uint32_t)p[1] << 24);
        break;
    case NSCL_VALUE_F64:
        for (size_t i = 0; i < count; i++, p += 8)
            out[i] = double_decode(p);
        break;
    }
}

void nscl_values_encode(unsigned char *out, const float *values, size_t count, nscl_value_type type)
{
    size_t size = types[type].size;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        if (type == NSCL_VALUE_F16)
            bits = half_encode(values[i]);
        else
            memcpy(&bits, &values[i], sizeof bits);
        if (type == NSCL_VALUE_BF16)
            bits = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        for (size_t b = 0; b < size; b++)
            out[i * size + b] = (unsigned char)(bits >> 8 * b & 255);
    }
}
