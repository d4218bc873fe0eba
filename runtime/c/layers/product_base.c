/* The kernels with the instructions that the compiler may use everywhere. */

#include "kernels.h"

#define REAL float
#define LANES BASE_LANES
#include "lanes.h"

#include "product.h"

void genrekit_product_base(const product *p, const float *const *at, size_t count, float *y) {
    product_of(p, at, count, y);
}
