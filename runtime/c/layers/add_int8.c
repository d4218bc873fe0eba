/* The sum of two arrays in int8. */

#include "int8.h"

#define INPUT_SHIFT 20 /* of the inputs, before they are brought to one scale */

void genrekit_add_int8_run(const genrekit_add_int8 *layer, const int8_t *a, const int8_t *b, int8_t *y) {
    for (int32_t i = 0; i < layer->count; i++) {
        int32_t one = scaled((a[i] - layer->zeros[0]) * (1 << INPUT_SHIFT), layer->multipliers[0], layer->shifts[0]);
        int32_t other = scaled((b[i] - layer->zeros[1]) * (1 << INPUT_SHIFT), layer->multipliers[1], layer->shifts[1]);
        int32_t sum = scaled(one + other, layer->output_multiplier, layer->output_shift) + layer->output_zero;
        y[i] = (int8_t)clamped(sum, layer->least, layer->most);
    }
}
