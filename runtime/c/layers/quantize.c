/* From float to int8 and back. */

#include "genrekit.h"

#include <math.h>

void genrekit_quantize_run(int32_t count, float scale, int32_t zero, const float *x, int8_t *y) {
    for (int32_t i = 0; i < count; i++) {
        float value = rintf(x[i] / scale + (float)zero);
        y[i] = (int8_t)(value > -128 ? value < 127 ? value : 127 : -128); /* of what is no number, too */
    }
}

void genrekit_dequantize_run(int32_t count, float scale, int32_t zero, const int8_t *x, float *y) {
    for (int32_t i = 0; i < count; i++)
        y[i] = scale * (float)(x[i] - zero);
}
