/* Softmax in int8, in fixed point: a number of q integer bits is an int32 that stands for value / 2^(31 - q). Source of
 * the steps and constants: gemmlowp's fixedpoint/fixedpoint.h, exp_on_negative_values and
 * one_over_one_plus_x_for_x_in_0_1, and tensorflow/lite/kernels/internal/reference/softmax.h. */

#include "int8.h"

#define SUM_BITS 12           /* integer bits of the sum */
#define ONE_QUARTER (1 << 24) /* with 5 integer bits */

/* exp(x) with no integer bits, for x <= 0 with 5 of them: a Taylor series about -1/8 of what is beyond the last quarter,
 * and a factor for each bit of the quarters. */
static int32_t exponential(int32_t x) {
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    if (x == 0)
        return INT32_MAX;
    int32_t last = (x & (ONE_QUARTER - 1)) - ONE_QUARTER; /* in [-1/4, 0) */
    int32_t t = last * 32 + (1 << 28);
    int32_t square = high_product(t, t), cube = high_product(square, t), fourth = high_product(square, square);
    int32_t rest = rounded_shift(high_product(rounded_shift(fourth, 2) + cube, 715827883) + square, 1);
    int32_t result = 1895147668 + high_product(1895147668, t + rest);
    int32_t quarters = last - x;
    for (int32_t bit = 0; bit < 7; bit++)
        if (quarters & (ONE_QUARTER << bit))
            result = high_product(result, factors[bit]);
    return result;
}

/* 1 / (1 + x), for x in [0, 1), both with no integer bits: Newton's steps from a line, with 2 integer bits. */
static int32_t reciprocal(int32_t x) {
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t result = 1515870810 + high_product(half, -1010580540);
    for (int step = 0; step < 3; step++)
        result += 4 * high_product(result, (1 << 29) - high_product(half, result));
    return result > INT32_MAX / 2 ? INT32_MAX : result * 2;
}

static int32_t exponential_of(const genrekit_softmax_int8 *layer, int32_t difference) {
    return exponential(scaled(difference, layer->multiplier, layer->shift));
}

static void run_row(const genrekit_softmax_int8 *layer, const int8_t *x, int8_t *y) {
    int32_t most = x[0], sum = 0, leading_zeros = 0;
    for (int32_t i = 1; i < layer->count; i++)
        most = x[i] > most ? x[i] : most;
    for (int32_t i = 0; i < layer->count; i++)
        if (x[i] - most >= layer->least_difference)
            sum += rounded_shift(exponential_of(layer, x[i] - most), SUM_BITS);
    while (!((uint32_t)sum << leading_zeros >> 31))
        leading_zeros++;
    int32_t scale = reciprocal((int32_t)(((uint32_t)sum << leading_zeros) - 0x80000000u));
    int32_t exponent = SUM_BITS - leading_zeros + 31 - 8;
    for (int32_t i = 0; i < layer->count; i++) {
        y[i] = INT8_MIN;
        if (x[i] - most >= layer->least_difference) {
            int32_t value = rounded_shift(high_product(scale, exponential_of(layer, x[i] - most)), exponent);
            y[i] = (int8_t)clamped(value + INT8_MIN, INT8_MIN, INT8_MAX);
        }
    }
}

void genrekit_softmax_int8_run(const genrekit_softmax_int8 *layer, const int8_t *x, int8_t *y) {
    for (int32_t row = 0; row < layer->rows; row++)
        run_row(layer, x + row * layer->count, y + row * layer->count);
}
