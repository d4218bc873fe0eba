/* Convolutions and dense layers in int8. */

#include "int8.h"

static int8_t output_of(const genrekit_conv_int8 *layer, size_t unit, int32_t sum) {
    int32_t value = scaled(sum, layer->multipliers[unit], layer->shifts[unit]) + layer->output_zero;
    return (int8_t)clamped(value, layer->least, layer->most);
}

/* The output at one position. The kernel's rows that are within the input are `rows` runs of `run` numbers. */
static void run_position(
    const genrekit_conv_int8 *layer, const int8_t *x, const int8_t *weights, size_t rows, size_t run, int8_t *y) {
    const genrekit_geometry *g = &layer->geometry;
    size_t units = (size_t)layer->units, unit = 0;
    size_t x_step = (size_t)(g->width * g->channels), row_step = (size_t)(g->kernel_width * g->channels);
    size_t unit_step = (size_t)g->kernel_height * row_step;
    for (; unit + 4 <= units; unit += 4) {
        int32_t sums[4] = {layer->bias[unit], layer->bias[unit + 1], layer->bias[unit + 2], layer->bias[unit + 3]};
        for (size_t row = 0; row < rows; row++)
            add_products(x + row * x_step, layer->input_zero, run, weights + unit * unit_step + row * row_step, unit_step, sums);
        for (size_t i = 0; i < 4; i++)
            y[unit + i] = output_of(layer, unit + i, sums[i]);
    }
    for (; unit < units; unit++) {
        int32_t sum = layer->bias[unit];
        for (size_t row = 0; row < rows; row++)
            sum += sum_of_products(x + row * x_step, layer->input_zero, run, weights + unit * unit_step + row * row_step);
        y[unit] = output_of(layer, unit, sum);
    }
}

void genrekit_conv_int8_run(const genrekit_conv_int8 *layer, const int8_t *x, int8_t *y) {
    const genrekit_geometry *g = &layer->geometry;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += layer->units) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int32_t first_row = clamped(-top, 0, g->kernel_height), end_row = clamped(g->height - top, 0, g->kernel_height);
            int32_t first = clamped(-left, 0, g->kernel_width), end = clamped(g->width - left, 0, g->kernel_width);
            run_position(layer, x + (ptrdiff_t)((top + first_row) * g->width + left + first) * g->channels,
                         layer->weights + (first_row * g->kernel_width + first) * g->channels, (size_t)(end_row - first_row),
                         (size_t)((end - first) * g->channels), y);
        }
}
