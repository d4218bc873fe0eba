/* LSTMs in float. */

#include "kernels.h"

#include <float.h>
#include <string.h>

static gates_kernel *step_with(genrekit_instructions instructions) {
#if X86_SETS
    if (instructions != GENREKIT_BASE)
        return instructions == GENREKIT_AVX512 ? genrekit_gates_avx512 : genrekit_gates_avx2;
#else
    (void)instructions;
#endif
    return genrekit_gates_base;
}

void genrekit_lstm_run(
    const genrekit_lstm *layer, genrekit_instructions instructions, const float *x, float *work, float *y) {
    size_t steps = (size_t)layer->steps, inputs = (size_t)layer->inputs, units = (size_t)layer->units;
    size_t columns = (4 * units + PANEL - 1) / PANEL * PANEL;
    product_kernel *kernel = product_of(instructions);
    gates_kernel *step_of = step_with(instructions);
    float *sums = work + steps * columns, *cell = sums + columns;
    memset(cell, 0, columns * sizeof *cell);
    product of_inputs = {layer->kernel, layer->bias, columns, 1, inputs, 0, 0, -FLT_MAX, FLT_MAX};
    for (size_t step = 0; step < steps; step += POSITIONS) {
        const float *at[POSITIONS];
        size_t count = steps - step < POSITIONS ? steps - step : POSITIONS;
        for (size_t i = 0; i < count; i++)
            at[i] = x + (step + i) * inputs;
        kernel(&of_inputs, at, count, work + step * columns);
    }
    step_of(units, work, cell, y);
    for (size_t step = 1; step < steps; step++) {
        product of_state = {layer->recurrent, work + step * columns, columns, 1, units, 0, 0, -FLT_MAX, FLT_MAX};
        const float *state = y + (step - 1) * units;
        kernel(&of_state, &state, 1, sums);
        step_of(units, sums, cell, y + step * units);
    }
}
