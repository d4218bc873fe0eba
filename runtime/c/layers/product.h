/* Products with weights, for a source with vectors.h. */

#define PANEL_VECTORS (PANEL / LANES)
/* Sums that the registers hold beside what they are computed of: of BLOCK positions for BROAD vectors, or of one position
 * for WIDE. */
#if LANES == 16
#define BLOCK 12
#define BROAD 2
#define WIDE 16
#elif LANES == 1
#define BLOCK 1
#define BROAD PANEL_VECTORS
#define WIDE PANEL_VECTORS
#else
#define BLOCK (3 * LANES / 4)
#define BROAD PANEL_VECTORS
#define WIDE 8
#endif
#define MOST_SUMS (BLOCK * BROAD > WIDE ? BLOCK * BROAD : WIDE)

/* Units from `unit` on, `vectors` vectors of them, of the first `count` of `positions` positions. */
static ALWAYS_INLINE void sums_of(
    const product *p, const float *const *at, size_t positions, size_t vectors, size_t unit, size_t count, float *y) {
    size_t units = p->units, columns = (units + PANEL - 1) / PANEL * PANEL;
    float_vec sums[MOST_SUMS], least = all_lanes(p->least), most = all_lanes(p->most);
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
    y += unit;
    UNROLLED for (size_t i = 0; i < positions; i++) {
        if (i == count)
            break;
        UNROLLED for (size_t v = 0; v < vectors; v++) {
            float_vec sum = larger_of(smaller_of(sums[i * vectors + v], most), least);
            if (unit + v * LANES < units)
                store_part(y + v * LANES, sum, units - unit - v * LANES);
        }
        y += units;
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
        for (unit = 0; unit + BROAD * LANES <= p->units; unit += BROAD * LANES)
            sums_of(p, block, BLOCK, BROAD, unit, count - position, y + position * p->units);
        for (; unit < p->units; unit += PANEL)
            sums_of(p, block, BLOCK, PANEL_VECTORS, unit, count - position, y + position * p->units);
    }
}
