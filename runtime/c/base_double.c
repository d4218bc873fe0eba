/* With the instructions that the compiler may use everywhere, an FFT in double: two lanes where these have vectors of 128
 * bits. */

#include "internal.h"

#define REAL double
#if BASE_LANES == 4 && (defined(__SSE2__) || defined(__aarch64__) || defined(__wasm_simd128__))
#define LANES 2
#else
#define LANES 1
#endif
#include "frames.h"

const transform genrekit_base_double = {LANES, log_mel};
const genrekit_arithmetic genrekit_in_double = {
    sizeof(double),
    X86_SETS ? MAX_LANES / 2 : LANES,
    {
        &genrekit_base_double,
#if X86_SETS
        &genrekit_avx2_double, &genrekit_avx512_double,
#endif
    },
};
