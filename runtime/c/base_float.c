/* With the instructions that the compiler may use everywhere, an FFT in float: four lanes where these have vectors of 128
 * bits. */

#include "internal.h"

#define REAL float
#if defined(__GNUC__) && !defined(GENREKIT_PLAIN_C) && \
    (defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__))
#define LANES 4
#else
#define LANES 1
#endif
#define TABLES(front_end) (front_end)->float_tables
#include "frames.h"
#include "levels.h"

static const transform in_float = {LANES, log_mel};
const instruction_set genrekit_base = {&in_float, &genrekit_base_double, largest, cepstrum};
