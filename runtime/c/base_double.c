/* With the instructions that the compiler may use everywhere, an FFT in double: two lanes where these have vectors of 128
 * bits. */

#include "internal.h"

#define REAL double
#if defined(__GNUC__) && !defined(GENREKIT_PLAIN_C) && \
    (defined(__SSE2__) || defined(__aarch64__) || defined(__wasm_simd128__))
#define LANES 2
#else
#define LANES 1
#endif
#define TABLES(front_end) (front_end)->double_tables
#include "frames.h"

const transform genrekit_base_double = {LANES, log_mel};
