/* Vectors of LANES numbers, one frame a lane: the only file that knows a compiler. A source defines LANES as 1, 2, 4, 8
 * or 16, where 1 is plain C for any compiler, and REAL, in which the FFT is computed: float or double. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLLED _Pragma("GCC unroll 16") /* so that values stay in registers where -O3 is not asked for */
#else
#define UNROLLED
#endif

#define MAGNITUDE 0x7fffffffu /* a float's bits without its sign, which are ordered as the numbers are */
#define LOUDEST 0x501502f9u   /* those of 1e10 */

#if LANES == 1

typedef REAL vec;
typedef float float_vec;
typedef uint32_t bits;
typedef int32_t integers;

static inline float_vec to_float(vec value) { return (float)value; }
static inline float lane_of(float_vec value, int lane) { (void)lane; return value; }
static inline float_vec from_bits(bits value) { float_vec result; memcpy(&result, &value, 4); return result; }
static inline bits bits_of(float_vec value) { bits result; memcpy(&result, &value, 4); return result; }
static inline float_vec from_integers(bits value) { return (float)value; }
static inline float_vec larger_of(float_vec one, float_vec other) { return one > other ? one : other; }
static inline bits all_ones_where(int holds) { return holds ? ~(bits)0 : 0; }

#else

typedef REAL vec __attribute__((vector_size(LANES * sizeof(REAL))));
typedef float float_vec __attribute__((vector_size(LANES * 4)));
typedef uint32_t bits __attribute__((vector_size(LANES * 4)));
typedef int32_t integers __attribute__((vector_size(LANES * 4)));

static inline float_vec to_float(vec value) { return __builtin_convertvector(value, float_vec); }
static inline float lane_of(float_vec value, int lane) { return value[lane]; }
static inline float_vec from_bits(bits value) { return (float_vec)value; }
static inline bits bits_of(float_vec value) { return (bits)value; }
static inline float_vec from_integers(bits value) { return __builtin_convertvector((integers)value, float_vec); }

static inline float_vec larger_of(float_vec one, float_vec other) {
    integers larger = one > other;
    return (float_vec)((larger & (integers)one) | (~larger & (integers)other));
}

static inline bits all_ones_where(integers holds) { return (bits)holds; }

#endif

static inline float_vec all_lanes(float value) {
    float_vec zero = {0};
    return value - zero;
}

/* 0 where a sample is not finite, or so large that its power may not be. Compared as integers, for a compiler may be told
 * that there are none but finite numbers. */
static inline float_vec sample_or_0(float_vec value) {
    bits kept = bits_of(value);
    return from_bits(kept & ~all_ones_where((integers)(kept & MAGNITUDE) >= (int32_t)LOUDEST));
}

/* LANES floats from any address. */
static inline float_vec load(const float *from) {
    float_vec result;
    memcpy(&result, from, sizeof result);
    return result;
}

static inline float sum_of_lanes(float_vec value) {
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += lane_of(value, lane);
    return sum;
}

/* Samples first ... first + LANES - 1 of LANES frames, one frame a lane: rows[i] has sample first + i. */
#if LANES > 2 && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE __builtin_shufflevector
#endif
#endif

#ifdef SHUFFLE

typedef float quad __attribute__((vector_size(16)));

static inline quad quad_load(const float *from) {
    quad result;
    memcpy(&result, from, sizeof result);
    return result;
}

/* Each 128 bits of a vector hold four frames; within them, four by four values are transposed in two steps. */
#if LANES == 4
#define FOUR_FRAMES(frames, row, first) quad_load(frames[row] + first)
#define LOW(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define HIGH(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#define LOW_PAIRS(a, b) SHUFFLE(a, b, 0, 1, 4, 5)
#define HIGH_PAIRS(a, b) SHUFFLE(a, b, 2, 3, 6, 7)
#elif LANES == 8
#define FOUR_FRAMES(frames, row, first) \
    SHUFFLE(quad_load(frames[row] + first), quad_load(frames[row + 4] + first), 0, 1, 2, 3, 4, 5, 6, 7)
#define LOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOW_PAIRS(a, b) SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH_PAIRS(a, b) SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define EIGHT_FRAMES(frames, row, first) \
    SHUFFLE(quad_load(frames[row] + first), quad_load(frames[row + 4] + first), 0, 1, 2, 3, 4, 5, 6, 7)
#define FOUR_FRAMES(frames, row, first) \
    SHUFFLE(EIGHT_FRAMES(frames, row, first), EIGHT_FRAMES(frames, row + 8, first), \
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define LOW(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(a, b) SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOW_PAIRS(a, b) SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGH_PAIRS(a, b) SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#endif

static inline void load_transposed(const float *const frames[LANES], size_t first, float_vec rows[LANES]) {
    UNROLLED for (size_t part = 0; part < LANES; part += 4) {
        float_vec a = FOUR_FRAMES(frames, 0, first + part), b = FOUR_FRAMES(frames, 1, first + part);
        float_vec c = FOUR_FRAMES(frames, 2, first + part), d = FOUR_FRAMES(frames, 3, first + part);
        float_vec ab_low = LOW(a, b), ab_high = HIGH(a, b), cd_low = LOW(c, d), cd_high = HIGH(c, d);
        rows[part] = LOW_PAIRS(ab_low, cd_low);
        rows[part + 1] = HIGH_PAIRS(ab_low, cd_low);
        rows[part + 2] = LOW_PAIRS(ab_high, cd_high);
        rows[part + 3] = HIGH_PAIRS(ab_high, cd_high);
    }
}

#else

static inline void load_transposed(const float *const frames[LANES], size_t first, float_vec rows[LANES]) {
    for (size_t row = 0; row < LANES; row++) {
#if LANES == 1
        rows[row] = frames[0][first];
#else
        for (int lane = 0; lane < LANES; lane++)
            rows[row][lane] = frames[lane][first + row];
#endif
    }
}

#endif

/* The same in the numbers of the FFT. */
#if LANES == 1
static inline vec to_real(float_vec value) { return value; }
#else
static inline vec to_real(float_vec value) { return __builtin_convertvector(value, vec); }
#endif
