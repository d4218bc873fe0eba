/* What the sources share. */
#ifndef GENREKIT_INTERNAL_H
#define GENREKIT_INTERNAL_H

#include "genrekit.h"

/* Whether more than one set of instructions can be compiled: compilers that take them by name, and x86 of today.
 * GENREKIT_PLAIN_C leaves out all that knows a compiler or a processor. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(GENREKIT_PLAIN_C)
#define X86_SETS 1
#define MAX_LANES 16
#else
#define X86_SETS 0
#define MAX_LANES 4
#endif
#define ALIGNMENT 64u /* of the widest vectors, and of a line of the cache */

/* Log-mel of `lanes` frames [n_fft] into rows [n_mels], of which those beyond the first `count` are not written.
 * work: 2 * n_fft vectors of lanes. */
typedef struct {
    size_t lanes; /* frames at once */
    void (*log_mel)(const genrekit_front_end *, const float *const *frames, size_t count, float *const *rows, void *work);
} transform;

/* What is compiled once a set of instructions. */
typedef struct {
    const transform *in_float, *in_double;
    /* The largest of `count` values, at least one. */
    float (*largest)(const float *values, size_t count);
    /* One frame's MFCC [n_mfcc] of its log-mel [n_mels] raised to `least`. work: n_mels floats. */
    void (*cepstrum)(const genrekit_front_end *, const float *log_mel, float least, float *work, float *features);
} instruction_set;

extern const transform genrekit_base_double;
extern const instruction_set genrekit_base;
#if X86_SETS
extern const transform genrekit_avx2_double, genrekit_avx512_double;
extern const instruction_set genrekit_avx2, genrekit_avx512;
#endif

/* The set of `instructions`, or NULL where this machine has none. */
const instruction_set *genrekit_set(genrekit_instructions instructions);

struct genrekit_mfcc {
    const genrekit_front_end *front_end;
    const instruction_set *set;
    const transform *transform;
    float *work;   /* of the transform and of set->cepstrum */
    float *padded; /* [lanes][n_fft] frames that reach beyond the window */
};

/* Whether the functions can work with it. */
int genrekit_usable(const genrekit_front_end *front_end);

/* Floats that a computer keeps, and a computer with its floats at `memory`, which is aligned; returns what lies behind. */
size_t genrekit_mfcc_floats(const genrekit_front_end *front_end);
float *genrekit_mfcc_lay(
    genrekit_mfcc *mfcc, const genrekit_front_end *front_end, const instruction_set *set, float *memory);

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

/* The log-mel of `count` frames, 1 to transform->lanes. */
void genrekit_transform(genrekit_mfcc *mfcc, const frame *frames, size_t count);

#endif
