/* Convolutions and dense layers in float. */

#include "kernels.h"

/* The output where the kernel, whose first cell stands at (top, left), reaches beyond the input. */
static void run_clipped(
    const genrekit_geometry *g, product_kernel *kernel, product p, int32_t top, int32_t left, const float *x,
    float *y) {
    int32_t first_row = within(-top, g->kernel_height), end_row = within(g->height - top, g->kernel_height);
    int32_t first = within(-left, g->kernel_width), end = within(g->width - left, g->kernel_width);
    p.weights += (size_t)first_row * p.weights_step + (size_t)first * p.weights_step / (size_t)g->kernel_width;
    p.rows = (size_t)(end_row - first_row);
    p.run = (size_t)((end - first) * g->channels);
    const float *at = x + (ptrdiff_t)((top + first_row) * g->width + left + first) * g->channels;
    kernel(&p, &at, 1, y);
}

void genrekit_conv_run(const genrekit_conv *layer, genrekit_instructions instructions, const float *x, float *y) {
    const genrekit_geometry *g = &layer->geometry;
    product_kernel *kernel = product_of(instructions);
    size_t units = (size_t)layer->units, run = (size_t)(g->kernel_width * g->channels);
    size_t weights_step = run * ((units + PANEL - 1) / PANEL * PANEL);
    product p = {layer->weights, layer->bias, units, (size_t)g->kernel_height, run, weights_step,
                 (size_t)(g->width * g->channels), layer->least, layer->most};
    const float *at[POSITIONS];
    size_t count = 0;
    for (int32_t row = 0; row < g->out_height; row++)
        for (int32_t column = 0; column < g->out_width; column++) {
            int32_t top = row * g->stride_height - g->pad_top, left = column * g->stride_width - g->pad_left;
            int inside = top >= 0 && top + g->kernel_height <= g->height;
            inside = inside && left >= 0 && left + g->kernel_width <= g->width;
            if (count == POSITIONS || (count && !inside)) {
                kernel(&p, at, count, y);
                y += count * units;
                count = 0;
            }
            if (inside) {
                at[count++] = x + (ptrdiff_t)(top * g->width + left) * g->channels;
            } else {
                run_clipped(g, kernel, p, top, left, x, y);
                y += units;
            }
        }
    if (count)
        kernel(&p, at, count, y);
}
