/* Pools in float, over the cells that are within the input. */

#include "genrekit.h"

#include <stddef.h>

static int32_t larger(int32_t one, int32_t other) { return one > other ? one : other; }
static int32_t smaller(int32_t one, int32_t other) { return one < other ? one : other; }

/* The kernel's first cell is taken over as it is, the others are added, or the largest kept. */
static void pool(const genrekit_geometry *g, int average, const float *restrict x, float *restrict y) {
    size_t channels = (size_t)g->channels;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += channels) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int32_t first_row = larger(top, 0), end_row = smaller(top + g->kernel_height, g->height);
            int32_t first = larger(left, 0), end = smaller(left + g->kernel_width, g->width);
            for (int32_t i = first_row; i < end_row; i++)
                for (int32_t j = first; j < end; j++) {
                    const float *cell = x + (size_t)(i * g->width + j) * channels;
                    if (i == first_row && j == first)
                        for (size_t c = 0; c < channels; c++)
                            y[c] = cell[c];
                    else if (average)
                        for (size_t c = 0; c < channels; c++)
                            y[c] += cell[c];
                    else
                        for (size_t c = 0; c < channels; c++)
                            y[c] = cell[c] > y[c] ? cell[c] : y[c];
                }
            float cells = (float)((end_row - first_row) * (end - first));
            if (average)
                for (size_t c = 0; c < channels; c++)
                    y[c] /= cells;
        }
}

void genrekit_max_pool_run(const genrekit_geometry *geometry, const float *x, float *y) { pool(geometry, 0, x, y); }

void genrekit_average_pool_run(const genrekit_geometry *geometry, const float *x, float *y) { pool(geometry, 1, x, y); }
