/* The kernels with AVX-512: 16 lanes. */

#include "kernels.h"

#if X86_SETS
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq")
#endif
#define REAL float
#define LANES 16
#include "lanes.h"

#include "product.h"

void genrekit_product_avx512(const product *p, const float *const *at, size_t count, float *y) {
    product_of(p, at, count, y);
}
#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
