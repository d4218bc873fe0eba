/* AVX2 with FMA, an FFT in double: four lanes. */

#include "internal.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define REAL double
#define LANES 4
#include "frames.h"

const transform genrekit_avx2_double = {LANES, log_mel};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
