/* The kernels with the instructions that the compiler may use everywhere. */

#include "kernels.h"

#define LANES BASE_LANES
#include "vectors.h"

#include "product.h"
#include "gates.h"

void genrekit_product_base(const product *p, const float *const *at, size_t count, float *y) {
    run_product(p, at, count, y);
}

void genrekit_gates_base(size_t units, const float *gates, float *cell, float *y) { gates_of(units, gates, cell, y); }
