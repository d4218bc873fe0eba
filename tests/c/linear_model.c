/* A model for tests: the softmax of a linear map. It writes over all of its arena, and answers nothing right if that does
 * not begin at a multiple of 64. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "genrekit.h"

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

static size_t values = 32 * 5, arena_bytes = 1000;
static int32_t n_labels = 3;

EXPORTED void linear_shape(size_t n_values, int32_t labels, size_t arena);
EXPORTED void linear_infer(const float *features, genrekit_instructions instructions, void *arena, float *scores);

void linear_shape(size_t n_values, int32_t labels, size_t arena) {
    values = n_values, n_labels = labels, arena_bytes = arena;
}

void linear_infer(const float *features, genrekit_instructions instructions, void *arena, float *scores) {
    float most = -HUGE_VALF, sum = 0;
    for (int32_t label = 0; label < n_labels; label++) {
        scores[label] = 0;
        for (size_t i = 0; i < values; i++)
            scores[label] += 0.5f * features[i] * cosf((float)(i * (size_t)(label + 1) % 1000));
        most = scores[label] > most ? scores[label] : most;
    }
    for (int32_t label = 0; label < n_labels; label++)
        sum += scores[label] = expf(scores[label] - most);
    for (int32_t label = 0; label < n_labels; label++)
        scores[label] /= sum;
    memset(arena, 0xA5, arena_bytes);
    if ((uintptr_t)arena % 64 || instructions == GENREKIT_BEST)
        scores[0] = NAN;
}
