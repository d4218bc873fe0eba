/* What the sources share. */
#ifndef GENREKIT_INTERNAL_H
#define GENREKIT_INTERNAL_H

#include "genrekit.h"

/* GK_LANES=1 leaves out all that knows a compiler or a processor. */
#if defined(__GNUC__) && !(defined(GK_LANES) && GK_LANES == 1)
#define VECTORS 1
#else
#define VECTORS 0
#endif

/* Frames at once with the instructions that the compiler may use everywhere, and an FFT in float. */
#if VECTORS && (defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__))
#define BASE_LANES 4
#else
#define BASE_LANES 1
#endif

/* Whether more than one set of instructions can be compiled: compilers that take them by name, and x86 of today. */
#if VECTORS && defined(__x86_64__)
#define X86_SETS 1
#define MAX_LANES 16
#else
#define X86_SETS 0
#define MAX_LANES BASE_LANES
#endif
#define N_SETS (1 + 2 * X86_SETS)
#define ALIGNMENT 64u /* of the widest vectors, and of a line of the cache */

/* Log-mel of `lanes` frames [n_fft] into rows [n_mels], of which those beyond the first `count` are not written.
 * work: n_fft vectors of lanes, and n_fft / 2 + 1 of floats. */
typedef struct {
    size_t lanes; /* frames at once */
    void (*log_mel)(const genrekit_front_end *, const float *const *frames, size_t count, float *const *rows, void *work);
} transform;

/* Arrays [N_SETS] stand in the order of genrekit_instructions, from GENREKIT_BASE on. */
struct genrekit_arithmetic {
    size_t real_bytes;
    size_t most_lanes; /* of all transforms */
    const transform *transforms[N_SETS];
};

/* What is in float whatever the arithmetic of the FFT. */
typedef struct {
    /* Copy `count` samples, with 0 for those that are not below 1e10; returns how many these are. */
    uint32_t (*copy_valid)(float *to, const float *from, size_t count);
    /* The largest of `count` values, at least one. */
    float (*largest)(const float *values, size_t count);
    /* One frame's MFCC [n_mfcc] of its log-mel [n_mels] raised to `least`. work: n_mels floats. */
    void (*cepstrum)(const genrekit_front_end *, const float *log_mel, float least, float *work, float *features);
} instruction_set;

extern const transform genrekit_base_float, genrekit_base_double;
extern const instruction_set genrekit_base;
#if X86_SETS
extern const transform genrekit_avx2_float, genrekit_avx2_double, genrekit_avx512_float, genrekit_avx512_double;
extern const instruction_set genrekit_avx2, genrekit_avx512;
#endif

/* What `instructions` stand for; GENREKIT_BEST where this machine does not have them. */
genrekit_instructions genrekit_resolved(genrekit_instructions instructions);

struct genrekit_mfcc {
    const genrekit_front_end *front_end;
    const instruction_set *set;
    const transform *transform;
    float *work;   /* of the transform and of set->cepstrum */
    float *padded; /* [lanes][n_fft] frames that reach beyond the window */
};

/* Whether the functions can work with it. */
int genrekit_usable(const genrekit_front_end *front_end);

/* Floats that a computer keeps, and a computer with its floats at `memory`, which is aligned; returns what lies behind.
 * instructions: resolved. */
size_t genrekit_mfcc_floats(const genrekit_front_end *front_end);
float *genrekit_mfcc_lay(
    genrekit_mfcc *mfcc, const genrekit_front_end *front_end, genrekit_instructions instructions, float *memory);

/* What an init returns of the memory that it is given; *bytes is set to `needed`, which is 0 where nothing can be made. */
genrekit_status genrekit_memory_status(void *memory, size_t *bytes, size_t needed);

/* The next address that is a multiple of ALIGNMENT. */
void *genrekit_aligned(void *memory);

/* As genrekit_frame_count, of a front end that is known to be usable. */
size_t genrekit_frames(const genrekit_front_end *front_end, size_t count);

/* Where a frame starts in its window, which may be before it, in samples. */
ptrdiff_t genrekit_frame_start(const genrekit_front_end *front_end, size_t frame);

/* A frame: `before` zeros, `count` samples of the window, and zeros up to n_fft. */
typedef struct {
    const float *samples;
    size_t before, count;
    float *row; /* [n_mels] where its log-mel goes */
} frame;

/* Memory that is free while no function of the stream runs: genrekit_mfcc_floats floats. */
float *genrekit_stream_scratch(genrekit_stream *stream);

/* The log-mel of `count` frames, 1 to transform->lanes. */
void genrekit_transform(genrekit_mfcc *mfcc, const frame *frames, size_t count);

#endif
