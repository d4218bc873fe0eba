/* LSTMs in int8, with a state in int16, as tflite-micro computes them: tensorflow/lite/micro/kernels/lstm_eval.h and .cc,
 * and tensorflow/lite/kernels/internal/reference/integer_ops/{fully_connected,logistic,tanh,mul}.h. */

#include "int8.h"

/* 2^16 times the sigmoid of i / 24, as TFLite has it: tensorflow/lite/kernels/internal/common.h. */
static const uint16_t sigmoids[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/* 2^16 times the sigmoid of value / (24 * 2^bits), with `bits` bits more, for value >= 0: between two of the table. */
static int32_t interpolated(int32_t value, int32_t bits, int32_t largest) {
    int32_t index = value >> bits;
    if (index >= 255)
        return largest * (1 << bits);
    return sigmoids[index] * (1 << bits) + (value & ((1 << bits) - 1)) * (sigmoids[index + 1] - sigmoids[index]);
}

/* Both take value / 2^12, which three times over is in units of the table, and give result / 2^15. */
static int16_t sigmoid(int32_t value) {
    int32_t tripled = 3 * value, positive = interpolated(tripled < 0 ? -tripled : tripled, 9, 0x7fff * 2);
    return (int16_t)((tripled < 0 ? (1 << 25) - positive + 511 : positive + 512) >> 10);
}

static int16_t hyperbolic_tangent(int32_t tripled) {
    int32_t positive = interpolated(tripled < 0 ? -tripled : tripled, 8, 0xffff) - (1 << 23);
    return (int16_t)((tripled < 0 ? 127 - positive : positive + 128) >> 8);
}

static int32_t in_int16(int32_t value) { return clamped(value, INT16_MIN, INT16_MAX); }

static int16_t gate_sum(const genrekit_lstm_int8 *layer, size_t gate, int32_t of_inputs, int32_t of_state) {
    of_inputs = in_int16(scaled(of_inputs, layer->kernel_multipliers[gate], layer->kernel_shifts[gate]));
    of_state = in_int16(scaled(of_state, layer->recurrent_multipliers[gate], layer->recurrent_shifts[gate]));
    return (int16_t)in_int16(of_inputs + of_state);
}

/* A gate's sums for the step's input x and the state before it, less their zeros. */
static void run_gate(
    const genrekit_lstm_int8 *layer, size_t gate, const int16_t *x, const int16_t *state, int16_t *sums) {
    size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units, unit = 0;
    const int8_t *kernel = layer->kernel + gate * units * inputs, *recurrent = layer->recurrent + gate * units * units;
    const int32_t *bias = layer->bias + gate * units;
    for (; unit + 4 <= units; unit += 4) {
        int32_t of_inputs[4] = {bias[unit], bias[unit + 1], bias[unit + 2], bias[unit + 3]}, of_state[4] = {0, 0, 0, 0};
        add_products(x, inputs, kernel + unit * inputs, inputs, of_inputs);
        add_products(state, units, recurrent + unit * units, units, of_state);
        for (size_t i = 0; i < 4; i++)
            sums[unit + i] = gate_sum(layer, gate, of_inputs[i], of_state[i]);
    }
    for (; unit < units; unit++)
        sums[unit] = gate_sum(layer, gate, bias[unit] + sum_of_products(x, inputs, kernel + unit * inputs),
                              sum_of_products(state, units, recurrent + unit * units));
}

/* What of the cell's state to give out, in int8, after a step with the sums of the gates [4]. */
static int8_t run_cell(const genrekit_lstm_int8 *layer, const int32_t sums[4], int16_t *cell) {
    int32_t input = sigmoid(sums[0]), forget = sigmoid(sums[1]), output = sigmoid(sums[3]);
    int32_t kept = in_int16(scaled(forget * *cell, 1 << 30, -14));
    int32_t added = in_int16(scaled(input * hyperbolic_tangent(3 * sums[2]), 1 << 30, -29 - layer->cell_power));
    *cell = (int16_t)in_int16(kept + added);
    if (layer->cell_most)
        *cell = (int16_t)clamped(*cell, -layer->cell_most, layer->cell_most);
    int32_t shift = 12 + layer->cell_power;
    int32_t tripled = shift >= 0 ? *cell * (3 << shift) : (*cell * 3 + (1 << (-shift - 1))) >> -shift;
    int32_t result = scaled(output * hyperbolic_tangent(tripled), layer->output_multiplier, layer->output_shift);
    return (int8_t)clamped(result + layer->output_zero, INT8_MIN, INT8_MAX);
}

void genrekit_lstm_int8_run(const genrekit_lstm_int8 *layer, const int8_t *x, int16_t *work, int8_t *y) {
    size_t inputs = (size_t)layer->inputs, units = (size_t)layer->units;
    int16_t *cell = work + 4 * units, *state = cell + units, *input = state + units;
    for (size_t unit = 0; unit < units; unit++)
        cell[unit] = state[unit] = 0;
    for (int32_t step = 0; step < layer->steps; step++, x += inputs, y += units) {
        for (size_t i = 0; i < inputs; i++)
            input[i] = (int16_t)(x[i] - layer->input_zero);
        for (size_t gate = 0; gate < 4; gate++)
            run_gate(layer, gate, input, state, work + gate * units);
        for (size_t unit = 0; unit < units; unit++) {
            int32_t sums[4] = {work[unit], work[units + unit], work[2 * units + unit], work[3 * units + unit]};
            y[unit] = run_cell(layer, sums, cell + unit);
            state[unit] = (int16_t)(y[unit] - layer->output_zero);
        }
    }
}
