/* Means over height and width in int8. */

#include "int8.h"

void genrekit_mean_int8_run(const genrekit_mean_int8 *layer, const int8_t *x, int8_t *y) {
    for (int32_t channel = 0; channel < layer->channels; channel++) {
        int32_t sum = 0;
        for (int32_t cell = 0; cell < layer->cells; cell++)
            sum += x[cell * layer->channels + channel] - layer->input_zero;
        int32_t value = scaled(sum, layer->multiplier, layer->shift) + layer->output_zero;
        y[channel] = (int8_t)clamped(value, INT8_MIN, INT8_MAX);
    }
}
