/* The kernels with AVX2: 8 lanes. */

#include "kernels.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define LANES 8
#include "vectors.h"

#include "product.h"
#include "gates.h"

void genrekit_product_avx2(const product *p, const float *const *at, size_t count, float *y) {
    run_product(p, at, count, y);
}

void genrekit_gates_avx2(size_t units, const float *gates, float *cell, float *y) { gates_of(units, gates, cell, y); }
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
