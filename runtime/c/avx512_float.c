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
#define TABLES(front_end) (front_end)->float_tables
#include "frames.h"
#include "levels.h"

static const transform in_float = {LANES, log_mel};
const instruction_set genrekit_avx512 = {&in_float, &genrekit_avx512_double, largest, cepstrum};
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
