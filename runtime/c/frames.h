/* Frames -> log-mel, and log-mel -> MFCC. A source defines LANES and REAL and includes this file. */

#include "internal.h"
#include "lanes.h"

#include "fft.h"

#define DECIBELS_OF_2 3.0102999566f /* 10 log10(2) */
#define DECIBELS_OF_E 4.3429448190f /* 10 log10(e) */
#define POWER_FLOOR 1e-10f          /* -100 dB, below which power counts as silence */
#define SQRT_HALF 0x3f3504f3u       /* sqrt(1 / 2) and 1, as the bits of a float */
#define ONE 0x3f800000u

/* 10 log10(power), of normal and positive values: the exponent, and a polynomial for log(1 + f) / f of the fraction
 * f = m - 1, sqrt(1 / 2) <= m < sqrt(2); its relative error is 3e-8 (a weighted least-squares fit, iterated until the
 * largest errors were alike). */
static ALWAYS_INLINE float_vec decibels(float_vec power) {
    bits value = bits_of(power);
    bits exponent = (value + (ONE - SQRT_HALF)) >> 23; /* with the bias of 127 */
    float_vec f = from_bits(value - (exponent << 23) + ONE) - 1.0f;
    float_vec p = 8.734588325e-02f * f - 1.430741549e-01f;
    p = p * f + 1.491801590e-01f;
    p = p * f - 1.657052487e-01f;
    p = p * f + 1.996206939e-01f;
    p = p * f - 2.500175536e-01f;
    p = p * f + 3.333395123e-01f;
    p = p * f - 4.999999106e-01f;
    p = p * f * f + f;
    return (from_integers(exponent) - 127.0f) * DECIBELS_OF_2 + p * DECIBELS_OF_E;
}

/* values [n_fft]: the frames times the window, so that even samples are real parts and odd ones imaginary. */
static void load_windowed(const genrekit_front_end *fe, const float *const *frames, vec *values) {
    const REAL *window = fe->window;
    size_t n_fft = (size_t)fe->n_fft, first = 0;
    for (; first + LANES <= n_fft; first += LANES) {
        float_vec rows[LANES];
        load_transposed(frames, first, rows);
        UNROLLED for (size_t row = 0; row < LANES; row++)
            values[first + row] = to_real(rows[row]) * window[first + row];
    }
#if LANES > 1
    for (; first < n_fft; first++)
        for (int lane = 0; lane < LANES; lane++)
            values[first][lane] = frames[lane][first] * window[first];
#endif
}

/* Four times the power of the half + 1 bins, from the FFT of the packed frame: with C the conjugate of Z[half - k] and
 * w = exp(-2 pi i / n_fft), 2 X[k] = (Z[k] + C) - i w^k (Z[k] - C), and 2 X[half - k] has the modulus of
 * (Z[k] + C) + i w^k (Z[k] - C). */
static void unpack_power(const genrekit_front_end *fe, const vec *values, float_vec *power) {
    size_t half = (size_t)fe->n_fft / 2;
    const REAL *unpack = fe->unpack;
    vec sum = (values[0] + values[1]) * 2, difference = (values[0] - values[1]) * 2;
    power[0] = to_float(sum * sum);
    power[half] = to_float(difference * difference);
    for (size_t k = 1; k <= half - k; k++) {
        const vec *one = values + 2 * (size_t)fe->positions[k];
        const vec *other = values + 2 * (size_t)fe->positions[half - k];
        const REAL *w = unpack + 2 * (k - 1);
        vec even_re = one[0] + other[0], even_im = one[1] - other[1];
        vec odd_re = one[1] + other[1], odd_im = other[0] - one[0];
        vec turned_re = odd_re * w[0] - odd_im * w[1], turned_im = odd_im * w[0] + odd_re * w[1];
        vec re = even_re + turned_re, im = even_im + turned_im;
        power[k] = to_float(re * re + im * im);
        re = even_re - turned_re, im = even_im - turned_im;
        power[half - k] = to_float(re * re + im * im);
    }
}

static void log_mel(
    const genrekit_front_end *fe, const float *const *frames, size_t count, float *const *rows, void *work) {
    vec *values = work;
    float_vec *power = (float_vec *)(void *)(values + fe->n_fft);
    load_windowed(fe, frames, values);
    fft(values, (size_t)fe->n_fft / 2, fe->radices, fe->n_passes, fe->twiddles);
    unpack_power(fe, values, power);
    const float *weights = fe->mel_weights;
    for (int32_t band = 0; band < fe->n_mels; band++) {
        const float_vec *bins = power + fe->mel_first[band];
        float_vec sum = all_lanes(0), other = all_lanes(0);
        int32_t bin = 0;
        for (; bin + 1 < fe->mel_counts[band]; bin += 2) {
            sum += bins[bin] * weights[bin];
            other += bins[bin + 1] * weights[bin + 1];
        }
        if (bin < fe->mel_counts[band])
            sum += bins[bin] * weights[bin];
        weights += fe->mel_counts[band];
        float_vec level = decibels(larger_of((sum + other) * 0.25f, all_lanes(POWER_FLOOR)));
        for (size_t lane = 0; lane < count; lane++)
            rows[lane][band] = lane_of(level, (int)lane);
    }
}
