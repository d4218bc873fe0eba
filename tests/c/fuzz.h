/* What harnesses for libFuzzer share: bytes -> numbers and samples, memory, and promises.
 *
 * With libFuzzer: clang -fsanitize=fuzzer,address,undefined. Else compiled with -DSTANDALONE: `fuzz SEED COUNT` makes
 * COUNT inputs of its own. All memory is exactly as large as the header asks, so that a sanitizer sees what reaches
 * beyond it; a broken promise ends in abort(). */

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "genrekit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *promise) {
    if (!holds) {
        fprintf(stderr, "broken: %s\n", promise);
        abort();
    }
}

static void *exactly(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    require(memory != NULL, "memory");
    memset(memory, 0xA5, bytes);
    return memory;
}

/* ---- what the bytes say ---- */

typedef struct {
    const uint8_t *bytes;
    size_t left;
} input;

/* A number below `bound`; 0 when the bytes are used up. */
static uint32_t below(input *in, uint32_t bound) {
    uint32_t value = 0;
    for (uint32_t most = bound - 1; most > 0 && in->left > 0; most >>= 8, in->left--)
        value = value << 8 | *in->bytes++;
    return value % bound;
}

static uint32_t noise_state;

static float noise(void) {
    noise_state = noise_state * 1664525u + 1013904223u;
    return (float)(noise_state >> 8) / 8388608.0f - 1.0f;
}

static void fill(float *samples, size_t count, uint32_t kind) {
    static const float odd[] = {0.0f, 1e-40f, FLT_MAX, -FLT_MAX};
    for (size_t i = 0; i < count; i++)
        samples[i] = kind < 8 ? noise() : kind < 12 ? odd[kind - 8] : noise() * (kind == 13 ? 1e30f : 1e-5f);
    if (count > 0 && kind == 14)
        samples[count / 2] = NAN;
    if (count > 0 && kind == 15)
        samples[count / 2] = INFINITY;
}

/* Whether a sample is one; others count as silence. */
static int valid(float sample) { return fabsf(sample) < 1e10f; }

static int can_be_had(uint32_t instructions) {
    return instructions <= (uint32_t)genrekit_best_instructions() || instructions <= GENREKIT_BASE;
}

#ifdef STANDALONE
int main(int argc, char **argv) {
    uint8_t bytes[600];
    unsigned long state = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    for (unsigned long i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof bytes; k++) {
            state = (state * 1103515245u + 12345u) & 0x7fffffffu;
            bytes[k] = (uint8_t)(state >> 16);
        }
        LLVMFuzzerTestOneInput(bytes, (size_t)(state >> 8) % sizeof bytes);
    }
    printf("%lu inputs\n", count);
    return 0;
}
#endif
