/* Products with weights, for a source that defines LANES, and REAL as float, and has lanes.h behind it. */

#if defined(__GNUC__) && !defined(__clang__)
#define UNROLLED _Pragma("GCC unroll 16") /* so that sums stay in registers where -O3 is not asked for */
#else
#define UNROLLED
#endif
#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

#define PANEL_VECTORS (PANEL / LANES)
/* Sums that the registers hold beside what they are computed of: of several positions for a panel, and of one. */
#if LANES == 1
#define BLOCK 1
#define WIDE PANEL_VECTORS
#else
#define BLOCK (3 * LANES / 4)
#define WIDE (LANES == 16 ? 16 : 8)
#endif
#define MOST_SUMS 16

static ALWAYS_INLINE float_vec smaller_of(float_vec one, float_vec other) { return -larger_of(-one, -other); }

/* As many of the lanes as there is room for. */
static ALWAYS_INLINE void store(float *to, float_vec value, size_t room) {
    if (room >= LANES)
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &value, room * sizeof *to);
}

/* Units from `unit` on, `vectors` vectors of them, of the first `count` of `positions` positions. */
static ALWAYS_INLINE void sums_of(
    const product *p, const float *const *at, size_t positions, size_t vectors, size_t unit, size_t count, float *y) {
    size_t columns = (p->units + PANEL - 1) / PANEL * PANEL;
    float_vec sums[MOST_SUMS];
    UNROLLED for (size_t i = 0; i < positions; i++)
        UNROLLED for (size_t v = 0; v < vectors; v++)
            sums[i * vectors + v] = load(p->bias + unit + v * LANES);
    for (size_t row = 0; row < p->rows; row++) {
        const float *weights = p->weights + row * p->weights_step + unit;
        size_t first = row * p->x_step, end = first + p->run;
        for (size_t k = first; k < end; k++) {
            UNROLLED for (size_t i = 0; i < positions; i++)
                UNROLLED for (size_t v = 0; v < vectors; v++)
                    sums[i * vectors + v] += load(weights + v * LANES) * at[i][k];
            weights += columns;
        }
    }
    UNROLLED for (size_t v = 0; v < vectors; v++) {
        size_t first = unit + v * LANES;
        if (first >= p->units)
            break;
        size_t rest = p->units - first;
        UNROLLED for (size_t i = 0; i < positions; i++) {
            float_vec sum = larger_of(smaller_of(sums[i * vectors + v], all_lanes(p->most)), all_lanes(p->least));
            if (i < count)
                store(y + i * p->units + first, sum, rest);
        }
    }
}

static void run_product(const product *p, const float *const *at, size_t count, float *y) {
    size_t unit = 0;
    if (count == 1) {
        for (; unit + WIDE * LANES <= p->units; unit += WIDE * LANES)
            sums_of(p, at, 1, WIDE, unit, 1, y);
        for (; unit < p->units; unit += PANEL)
            sums_of(p, at, 1, PANEL_VECTORS, unit, 1, y);
        return;
    }
    for (size_t position = 0; position < count; position += BLOCK) {
        const float *block[BLOCK]; /* filled up with the last */
        for (size_t i = 0; i < BLOCK; i++)
            block[i] = at[position + i < count ? position + i : count - 1];
        for (unit = 0; unit < p->units; unit += PANEL)
            sums_of(p, block, BLOCK, PANEL_VECTORS, unit, count - position, y + position * p->units);
    }
}
