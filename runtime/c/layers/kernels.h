/* What convolutions, dense layers and LSTMs in float share: kernels that are compiled once a set of instructions. */
#ifndef GENREKIT_KERNELS_H
#define GENREKIT_KERNELS_H

#include "internal.h"

#define PANEL 16     /* units that weights and biases are padded to a multiple of */
#define POSITIONS 12 /* that a product is computed for at once, at most */

/* Weights, and the part of an input that they are multiplied by: `rows` rows of `run` numbers that lie together. */
typedef struct {
    const float *weights; /* [rows][run][units, up to a multiple of PANEL] */
    const float *bias;    /* [units, up to a multiple of PANEL] */
    size_t units, rows, run;
    size_t weights_step, x_step; /* from one row to the next */
    float least, most;           /* to which the sums are clamped */
} product;

/* bias + the sum of weights[row][i] * at[position][row][i] into y [count][units], for count positions, 1 to POSITIONS. */
typedef void product_kernel(const product *product, const float *const *at, size_t count, float *y);
product_kernel genrekit_product_base;

/* A step of an LSTM: gates [4][units] before their activation, cell and y [units]. Behind gates and cell there are PANEL
 * numbers more, whatever they are. */
typedef void gates_kernel(size_t units, const float *gates, float *cell, float *y);
gates_kernel genrekit_gates_base;

#if X86_SETS
product_kernel genrekit_product_avx2, genrekit_product_avx512;
gates_kernel genrekit_gates_avx2, genrekit_gates_avx512;
#endif

static inline product_kernel *product_of(genrekit_instructions instructions) {
#if X86_SETS
    if (instructions != GENREKIT_BASE)
        return instructions == GENREKIT_AVX512 ? genrekit_product_avx512 : genrekit_product_avx2;
#else
    (void)instructions;
#endif
    return genrekit_product_base;
}

static inline int32_t within(int32_t value, int32_t most) { return value < 0 ? 0 : value > most ? most : value; }

#endif
