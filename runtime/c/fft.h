/* A complex FFT of several frames at once, one a lane: decimation in frequency with passes of radix 2, 3, 4 and 5
 * (J. W. Cooley and J. W. Tukey 1965; W. M. Gentleman and G. Sande 1966), in place, so that its values end up in the
 * order of genrekit_front_end.positions. Included once a set of instructions, behind lanes.h.
 *
 * values [half][2]: real and imaginary parts in turns. */

#define SIN_60 0.86602540378443864676 /* of 2 pi / 3 less a right angle, and so on */
#define COS_72 0.30901699437494742410
#define COS_144 -0.80901699437494742410
#define SIN_72 0.95105651629515357212
#define SIN_144 0.58778525229247312917

typedef struct {
    vec re, im;
} complex_vec;

static ALWAYS_INLINE complex_vec add(complex_vec a, complex_vec b) {
    complex_vec sum = {a.re + b.re, a.im + b.im};
    return sum;
}

static ALWAYS_INLINE complex_vec subtract(complex_vec a, complex_vec b) {
    complex_vec difference = {a.re - b.re, a.im - b.im};
    return difference;
}

/* a - i b and a + i b */
static ALWAYS_INLINE complex_vec add_turned_back(complex_vec a, complex_vec b) {
    complex_vec sum = {a.re + b.im, a.im - b.re};
    return sum;
}

static ALWAYS_INLINE complex_vec add_turned(complex_vec a, complex_vec b) {
    complex_vec sum = {a.re - b.im, a.im + b.re};
    return sum;
}

/* a + scale * b */
static ALWAYS_INLINE complex_vec add_scaled(complex_vec a, REAL scale, complex_vec b) {
    complex_vec sum = {a.re + scale * b.re, a.im + scale * b.im};
    return sum;
}

static ALWAYS_INLINE complex_vec scaled(REAL scale, complex_vec a) {
    complex_vec product = {scale * a.re, scale * a.im};
    return product;
}

/* The DFT of `radix` values, in place. */
static ALWAYS_INLINE void butterfly(complex_vec *x, int radix) {
    if (radix == 2) {
        complex_vec difference = subtract(x[0], x[1]);
        x[0] = add(x[0], x[1]);
        x[1] = difference;
    } else if (radix == 3) {
        complex_vec sum = add(x[1], x[2]), turned = scaled((REAL)SIN_60, subtract(x[1], x[2]));
        complex_vec middle = add_scaled(x[0], (REAL)-0.5, sum);
        x[0] = add(x[0], sum);
        x[1] = add_turned_back(middle, turned);
        x[2] = add_turned(middle, turned);
    } else if (radix == 4) {
        complex_vec even = add(x[0], x[2]), even_difference = subtract(x[0], x[2]);
        complex_vec odd = add(x[1], x[3]), odd_difference = subtract(x[1], x[3]);
        x[0] = add(even, odd);
        x[1] = add_turned_back(even_difference, odd_difference);
        x[2] = subtract(even, odd);
        x[3] = add_turned(even_difference, odd_difference);
    } else {
        complex_vec near = add(x[1], x[4]), near_difference = subtract(x[1], x[4]);
        complex_vec far = add(x[2], x[3]), far_difference = subtract(x[2], x[3]);
        complex_vec first = add_scaled(add_scaled(x[0], (REAL)COS_72, near), (REAL)COS_144, far);
        complex_vec second = add_scaled(add_scaled(x[0], (REAL)COS_144, near), (REAL)COS_72, far);
        complex_vec first_turned = add_scaled(scaled((REAL)SIN_72, near_difference), (REAL)SIN_144, far_difference);
        complex_vec second_turned = add_scaled(scaled((REAL)SIN_144, near_difference), (REAL)-SIN_72, far_difference);
        x[0] = add(x[0], add(near, far));
        x[1] = add_turned_back(first, first_turned);
        x[2] = add_turned_back(second, second_turned);
        x[3] = add_turned(second, second_turned);
        x[4] = add_turned(first, first_turned);
    }
}

/* One pass over `count` blocks of `block` values; twiddles as in genrekit_front_end, or NULL in the last pass. */
static ALWAYS_INLINE void pass(vec *values, size_t count, size_t block, int radix, const REAL *twiddles) {
    size_t step = block / (size_t)radix;
    for (vec *first = values; first < values + 2 * count * block; first += 2 * block)
        for (size_t j = 0; j < step; j++) {
            complex_vec x[5];
            UNROLLED for (int q = 0; q < radix; q++) {
                const vec *from = first + 2 * (j + (size_t)q * step);
                x[q].re = from[0], x[q].im = from[1];
            }
            butterfly(x, radix);
            first[2 * j] = x[0].re, first[2 * j + 1] = x[0].im;
            UNROLLED for (int q = 1; q < radix; q++) {
                vec *to = first + 2 * (j + (size_t)q * step);
                if (twiddles) {
                    const REAL *twiddle = twiddles + 2 * (j * (size_t)(radix - 1) + (size_t)q - 1);
                    to[0] = x[q].re * twiddle[0] - x[q].im * twiddle[1];
                    to[1] = x[q].im * twiddle[0] + x[q].re * twiddle[1];
                } else
                    to[0] = x[q].re, to[1] = x[q].im;
            }
        }
}

/* As `pass`, with a radix that the compiler knows. */
static void pass_of_radix(vec *values, size_t count, size_t block, int radix, const REAL *twiddles) {
    if (block == (size_t)radix)
        switch (radix) {
        case 2: pass(values, count, 2, 2, NULL); break;
        case 3: pass(values, count, 3, 3, NULL); break;
        case 4: pass(values, count, 4, 4, NULL); break;
        default: pass(values, count, 5, 5, NULL);
        }
    else
        switch (radix) {
        case 2: pass(values, count, block, 2, twiddles); break;
        case 3: pass(values, count, block, 3, twiddles); break;
        case 4: pass(values, count, block, 4, twiddles); break;
        default: pass(values, count, block, 5, twiddles);
        }
}

/* The passes behind the first are made for one block of it after the other: those of 16 kB stay in the nearest cache. */
static void fft(vec *values, size_t half, const int32_t *radices, int32_t n_passes, const REAL *twiddles) {
    if (n_passes == 0)
        return;
    pass_of_radix(values, 1, half, radices[0], twiddles);
    size_t first_block = half / (size_t)radices[0];
    if (n_passes > 1)
        twiddles += 2 * first_block * (size_t)(radices[0] - 1);
    for (vec *first = values; first < values + 2 * half; first += 2 * first_block) {
        const REAL *of_pass = twiddles;
        size_t block = first_block, count = 1;
        for (int32_t p = 1; p < n_passes; p++) {
            pass_of_radix(first, count, block, radices[p], of_pass);
            size_t step = block / (size_t)radices[p];
            if (p + 1 < n_passes)
                of_pass += 2 * step * (size_t)(radices[p] - 1);
            count *= (size_t)radices[p];
            block = step;
        }
    }
}
