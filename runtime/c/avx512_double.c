/* AVX-512, an FFT in double: eight lanes. */

#include "internal.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq")
#endif
#define REAL double
#define LANES 8
#include "frames.h"

const transform genrekit_avx512_double = {LANES, log_mel};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
