/* What the layers in int8 share: fixed-point arithmetic as TFLite's reference kernels do it, and sums of products. They
 * round a product twice, by gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT: source,
 * tensorflow/lite/kernels/internal/common.cc without TFLITE_SINGLE_ROUNDING. Right shifts of negative numbers keep the
 * sign, as with every compiler that is in use. */
#ifndef GENREKIT_INT8_H
#define GENREKIT_INT8_H

#include "genrekit.h"

#include <stddef.h>

/* a * b / 2^31, rounded to the nearest, of two halves to the upper. */
static inline int32_t high_product(int32_t a, int32_t b) { return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31); }

/* value / 2^exponent, rounded to the nearest, of two halves away from zero; exponent 0 to 31. */
static inline int32_t rounded_shift(int32_t value, int32_t exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1);
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0));
}

/* value * multiplier * 2^(shift - 31) */
static inline int32_t scaled(int32_t value, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0;
    return rounded_shift(high_product(value * (1 << left), multiplier), left - shift);
}

static inline int32_t clamped(int32_t value, int32_t least, int32_t most) {
    return value < least ? least : value > most ? most : value;
}

/* Adds to four sums the products of `count` numbers with the weights of four units, which lie `step` apart. The numbers
 * are in int16 and have their zero taken off, which is done once for all units. */
static inline void add_products(const int16_t *x, size_t count, const int8_t *weights, size_t step, int32_t sums[4]) {
    const int8_t *third = weights + 2 * step;
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (const int16_t *end = x + count; x < end; x++, weights++, third++) {
        a += *x * weights[0];
        b += *x * weights[step];
        c += *x * third[0];
        d += *x * third[step];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* The same of one unit. */
static inline int32_t sum_of_products(const int16_t *x, size_t count, const int8_t *weights) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * weights[i];
    return sum;
}

#endif
