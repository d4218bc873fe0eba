/* The sum of two arrays in float. */

#include "genrekit.h"

void genrekit_add_run(int32_t count, float least, float most, const float *a, const float *b, float *y) {
    for (int32_t i = 0; i < count; i++) {
        float sum = a[i] + b[i];
        y[i] = sum < least ? least : sum > most ? most : sum;
    }
}
