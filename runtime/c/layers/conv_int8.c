/* Convolutions and dense layers in int8. */

#include "int8.h"

static int8_t output_of(const genrekit_conv_int8 *layer, size_t unit, int32_t sum) {
    int32_t value = scaled(sum, layer->multipliers[unit], layer->shifts[unit]) + layer->output_zero;
    return (int8_t)clamped(value, layer->least, layer->most);
}

/* What is under the kernel whose first cell stands at (top, left), into values [kernel_height][kernel_width][channels];
 * returns how many these are. */
static size_t gather(const genrekit_conv_int8 *layer, int32_t top, int32_t left, const int8_t *x, int16_t *values) {
    const genrekit_geometry *g = &layer->geometry;
    int16_t *value = values;
    for (int32_t row = top; row < top + g->kernel_height; row++)
        for (int32_t column = left; column < left + g->kernel_width; column++)
            if (row < 0 || row >= g->height || column < 0 || column >= g->width) {
                for (int32_t channel = 0; channel < g->channels; channel++)
                    *value++ = 0;
            } else {
                const int8_t *cell = x + (row * g->width + column) * g->channels, *end = cell + g->channels;
                while (cell < end)
                    *value++ = (int16_t)(*cell++ - layer->input_zero);
            }
    return (size_t)(value - values);
}

void genrekit_conv_int8_run(const genrekit_conv_int8 *layer, const int8_t *x, int16_t *work, int8_t *y) {
    const genrekit_geometry *g = &layer->geometry;
    size_t units = (size_t)layer->units;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += units) {
            const int8_t *weights = layer->weights;
            const int32_t *bias = layer->bias;
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            size_t count = gather(layer, top, left, x, work), unit = 0;
            for (; unit + 4 <= units; unit += 4, weights += 4 * count) {
                int32_t sums[4] = {bias[unit], bias[unit + 1], bias[unit + 2], bias[unit + 3]};
                add_products(work, count, weights, count, sums);
                for (size_t i = 0; i < 4; i++)
                    y[unit + i] = output_of(layer, unit + i, sums[i]);
            }
            for (; unit < units; unit++, weights += count)
                y[unit] = output_of(layer, unit, bias[unit] + sum_of_products(work, count, weights));
        }
}
