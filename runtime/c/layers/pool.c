/* Pools in float, over the cells that are within the input. */

#include "kernels.h"

#define LANES BASE_LANES
#include "vectors.h"

/* The mean or the largest of `rows` rows of `columns` cells, in `vectors` vectors of up to `rest` channels. */
static ALWAYS_INLINE void pool_cells(
    const genrekit_geometry *g, int average, size_t rows, size_t columns, size_t vectors, size_t rest, const float *x,
    float *y) {
    float_vec results[PANEL / LANES];
    UNROLLED for (size_t v = 0; v < vectors; v++)
        results[v] = average ? all_lanes(0) : load_part(x + v * LANES, rest);
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            const float *cell = x + (row * (size_t)g->width + column) * (size_t)g->channels;
            UNROLLED for (size_t v = 0; v < vectors; v++) {
                float_vec value = load_part(cell + v * LANES, rest);
                results[v] = average ? results[v] + value : larger_of(value, results[v]);
            }
        }
    UNROLLED for (size_t v = 0; v < vectors; v++)
        store_part(y + v * LANES, average ? results[v] / (float)(rows * columns) : results[v], rest);
}

static ALWAYS_INLINE void pool(const genrekit_geometry *g, int average, const float *x, float *y) {
    size_t channels = (size_t)g->channels;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++, y += channels) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int32_t first_row = within(top, g->height), first = within(left, g->width);
            size_t rows = (size_t)(within(top + g->kernel_height, g->height) - first_row);
            size_t columns = (size_t)(within(left + g->kernel_width, g->width) - first);
            const float *cells = x + (size_t)(first_row * g->width + first) * channels;
            size_t channel = 0;
            for (; channel + PANEL <= channels; channel += PANEL)
                pool_cells(g, average, rows, columns, PANEL / LANES, LANES, cells + channel, y + channel);
            for (; channel < channels; channel += LANES)
                pool_cells(g, average, rows, columns, 1, channels - channel, cells + channel, y + channel);
        }
}

void genrekit_max_pool_run(const genrekit_geometry *geometry, const float *x, float *y) { pool(geometry, 0, x, y); }

void genrekit_average_pool_run(const genrekit_geometry *geometry, const float *x, float *y) { pool(geometry, 1, x, y); }
