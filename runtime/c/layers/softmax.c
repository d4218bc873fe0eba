/* Softmax in float. */

#include "genrekit.h"

#include <math.h>

void genrekit_softmax_run(int32_t rows, int32_t count, float beta, const float *x, float *y) {
    for (int32_t row = 0; row < rows; row++, x += count, y += count) {
        float most = x[0], sum = 0;
        for (int32_t i = 1; i < count; i++)
            if (x[i] > most)
                most = x[i];
        for (int32_t i = 0; i < count; i++)
            sum += y[i] = expf((x[i] - most) * beta);
        for (int32_t i = 0; i < count; i++)
            y[i] /= sum;
    }
}
