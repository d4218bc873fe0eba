/* AVX2 with FMA, an FFT in float: eight lanes. */

#include "internal.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define REAL float
#define LANES 8
#include "frames.h"
#include "levels.h"

const transform genrekit_avx2_float = {LANES, log_mel};
const instruction_set genrekit_avx2 = {copy_valid, largest, cepstrum};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
