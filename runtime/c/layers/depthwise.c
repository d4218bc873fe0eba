/* Depthwise convolutions in float. */

#include "genrekit.h"

#include <stddef.h>

void genrekit_depthwise_run(const genrekit_depthwise *layer, const float *x, float *y) {
    const genrekit_geometry *g = &layer->geometry;
    size_t units = (size_t)layer->units, channels = (size_t)g->channels, each = units / channels;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += units) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            for (size_t unit = 0; unit < units; unit++)
                y[unit] = layer->bias[unit];
            for (int32_t i = 0; i < g->kernel_height; i++)
                for (int32_t j = 0; j < g->kernel_width; j++) {
                    if (top + i < 0 || top + i >= g->height || left + j < 0 || left + j >= g->width)
                        continue;
                    const float *cell = x + (size_t)((top + i) * g->width + left + j) * channels;
                    const float *weights = layer->weights + (size_t)(i * g->kernel_width + j) * units;
                    if (each == 1)
                        for (size_t c = 0; c < channels; c++)
                            y[c] += weights[c] * cell[c];
                    else
                        for (size_t c = 0; c < channels; c++)
                            for (size_t unit = c * each; unit < (c + 1) * each; unit++)
                                y[unit] += weights[unit] * cell[c];
                }
            for (size_t unit = 0; unit < units; unit++)
                y[unit] = y[unit] < layer->least ? layer->least : y[unit] > layer->most ? layer->most : y[unit];
        }
}
