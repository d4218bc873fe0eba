/* AVX-512, an FFT in float: sixteen lanes. */

#include "internal.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq")
#endif
#define REAL float
#define LANES 16
#include "frames.h"
#include "levels.h"

const transform genrekit_avx512_float = {LANES, log_mel};
const instruction_set genrekit_avx512 = {copy_valid, largest, cepstrum};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
