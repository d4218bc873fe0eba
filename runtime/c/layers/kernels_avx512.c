/* The kernels with AVX-512: 16 lanes. */

#include "kernels.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq")
#endif
#define LANES 16
#include "vectors.h"

#include "product.h"
#include "gates.h"

void genrekit_product_avx512(const product *p, const float *const *at, size_t count, float *y) {
    run_product(p, at, count, y);
}

void genrekit_gates_avx512(size_t units, const float *gates, float *cell, float *y) { gates_of(units, gates, cell, y); }
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
