/* Depthwise convolutions in int8. */

#include "int8.h"

void genrekit_depthwise_int8_run(const genrekit_conv_int8 *layer, const int8_t *x, int8_t *y) {
    const genrekit_geometry *g = &layer->geometry;
    int32_t units = layer->units, each = units / g->channels;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += units) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int32_t first_row = clamped(-top, 0, g->kernel_height), first = clamped(-left, 0, g->kernel_width);
            int32_t end_row = clamped(g->height - top, 0, g->kernel_height);
            int32_t end = clamped(g->width - left, 0, g->kernel_width);
            for (int32_t unit = 0; unit < units; unit++) {
                int32_t sum = layer->bias[unit];
                for (int32_t i = first_row; i < end_row; i++) {
                    const int8_t *cell = x + ((top + i) * g->width + left + first) * g->channels + unit / each;
                    const int8_t *weight = layer->weights + (i * g->kernel_width + first) * units + unit;
                    for (int32_t j = first; j < end; j++, cell += g->channels, weight += units)
                        sum += (*cell - layer->input_zero) * *weight;
                }
                int32_t value = scaled(sum, layer->multipliers[unit], layer->shifts[unit]) + layer->output_zero;
                y[unit] = (int8_t)clamped(value, layer->least, layer->most);
            }
        }
}
