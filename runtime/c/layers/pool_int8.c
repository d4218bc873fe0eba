/* Pools in int8, over the cells that are within the input. */

#include "int8.h"

/* Calls `of_cells` for every position with the cells, rows that lie `width` cells apart. */
typedef void pooling(const genrekit_geometry *g, const int8_t *x, size_t rows, size_t columns, int8_t *y);

static void pool(const genrekit_geometry *g, pooling *of_cells, const int8_t *x, int8_t *y) {
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += g->channels) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int32_t first_row = clamped(top, 0, g->height), end_row = clamped(top + g->kernel_height, 0, g->height);
            int32_t first = clamped(left, 0, g->width), end = clamped(left + g->kernel_width, 0, g->width);
            of_cells(g, x + (size_t)(first_row * g->width + first) * (size_t)g->channels, (size_t)(end_row - first_row),
                     (size_t)(end - first), y);
        }
}

static void largest(const genrekit_geometry *g, const int8_t *x, size_t rows, size_t columns, int8_t *y) {
    size_t channels = (size_t)g->channels;
    for (size_t c = 0; c < channels; c++)
        y[c] = INT8_MIN;
    for (size_t row = 0; row < rows; row++, x += (size_t)g->width * channels)
        for (size_t column = 0; column < columns; column++)
            for (size_t c = 0; c < channels; c++) {
                int8_t value = x[column * channels + c];
                y[c] = value > y[c] ? value : y[c];
            }
}

static void mean(const genrekit_geometry *g, const int8_t *x, size_t rows, size_t columns, int8_t *y) {
    size_t channels = (size_t)g->channels;
    int32_t cells = (int32_t)(rows * columns);
    for (size_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (size_t row = 0; row < rows; row++)
            for (size_t column = 0; column < columns; column++)
                sum += x[(row * (size_t)g->width + column) * channels + c];
        y[c] = (int8_t)((sum > 0 ? sum + cells / 2 : sum - cells / 2) / cells);
    }
}

void genrekit_max_pool_int8_run(const genrekit_geometry *geometry, const int8_t *x, int8_t *y) {
    pool(geometry, largest, x, y);
}

void genrekit_average_pool_int8_run(const genrekit_geometry *geometry, const int8_t *x, int8_t *y) {
    pool(geometry, mean, x, y);
}
