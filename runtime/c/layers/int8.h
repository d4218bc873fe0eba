/* What the layers in int8 share: fixed-point arithmetic as TFLite's reference kernels do it, which round a product twice
 * (gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT, behind tensorflow/lite/kernels/internal/common.cc
 * without TFLITE_SINGLE_ROUNDING), and sums of products. Right shifts of negative numbers keep the sign, as with every
 * compiler that TFLite knows. */
#ifndef GENREKIT_INT8_H
#define GENREKIT_INT8_H

#include "genrekit.h"

#include <stddef.h>

/* a * b / 2^31, rounded to the nearest, of two halves to the upper. */
static inline int32_t high_product(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }

/* value / 2^exponent, rounded to the nearest, of two halves away from zero; exponent 0 to 31. */
static inline int32_t rounded_shift(int32_t value, int32_t exponent) {
    return exponent ? (int32_t)(((int64_t)value + ((int64_t)1 << (exponent - 1)) - (value < 0)) >> exponent) : value;
}

/* value * multiplier * 2^(shift - 31) */
static inline int32_t scaled(int32_t value, int32_t multiplier, int32_t shift) {
    return shift > 0 ? high_product(value * (1 << shift), multiplier) : rounded_shift(high_product(value, multiplier), -shift);
}

static inline int32_t clamped(int32_t value, int32_t least, int32_t most) {
    return value < least ? least : value > most ? most : value;
}

/* Adds to four sums (x - zero) times the `count` weights of four units, which lie `step` apart. */
static inline void add_products(
    const int8_t *x, int32_t zero, size_t count, const int8_t *weights, size_t step, int32_t sums[4]) {
    const int8_t *second = weights + step, *third = second + step, *fourth = third + step;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (size_t i = 0; i < count; i++) {
        int16_t value = (int16_t)(x[i] - zero);
        a += value * weights[i];
        b += value * second[i];
        c += value * third[i];
        d += value * fourth[i];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* The same of one unit. */
static inline int32_t sum_of_products(const int8_t *x, int32_t zero, size_t count, const int8_t *weights) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int16_t)(x[i] - zero) * weights[i];
    return sum;
}

#endif
