/* The gates of an LSTM, for a source with vectors.h. */

#define LOG2_E 1.44269504f
#define LN2_HIGH 0.693145752f /* ln(2) to 17 bits, and the rest */
#define LN2_LOW 1.42860677e-6f
#define TO_INTEGER 12582912.0f /* 1.5 * 2^23, beside which a float has no fraction left */
#define ONE_AS_BITS 0x3f800000u

/* exp(x) for -87 <= x <= 87: 2^n, and a polynomial for (exp(r) - 1 - r) / r^2 of the rest, |r| <= ln(2) / 2; its relative
 * error is 1e-7 (a weighted least-squares fit, iterated until the largest errors were alike). */
static ALWAYS_INLINE float_vec exponential(float_vec x) {
    float_vec shifted = x * LOG2_E + TO_INTEGER, n = shifted - TO_INTEGER;
    float_vec r = x - n * LN2_HIGH - n * LN2_LOW;
    float_vec p = 8.312511258e-03f * r + 4.189015925e-02f;
    p = p * r + 1.666711420e-01f;
    p = p * r + 4.999923110e-01f;
    return (p * r * r + r + 1.0f) * from_bits((bits_of(shifted) << 23) + ONE_AS_BITS);
}

static ALWAYS_INLINE float_vec sigmoid(float_vec x) {
    return 1.0f / (1.0f + exponential(larger_of(smaller_of(-x, all_lanes(87)), all_lanes(-87))));
}

static ALWAYS_INLINE float_vec hyperbolic_tangent(float_vec x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }

static void gates_of(size_t units, const float *gates, float *cell, float *y) {
    for (size_t unit = 0; unit < units; unit += LANES) {
        float_vec input = sigmoid(load(gates + unit)), forget = sigmoid(load(gates + units + unit));
        float_vec candidate = hyperbolic_tangent(load(gates + 2 * units + unit));
        float_vec output = sigmoid(load(gates + 3 * units + unit));
        float_vec state = forget * load(cell + unit) + input * candidate;
        memcpy(cell + unit, &state, sizeof state);
        output *= hyperbolic_tangent(state);
        store_part(y + unit, output, units - unit);
    }
}
