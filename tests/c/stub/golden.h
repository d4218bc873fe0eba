/* As an export has it, for compilers that say what they think of main.c. */
#include <stdint.h>

#define GOLDEN_WINDOWS 1
#define GOLDEN_SAMPLES 1
#define GOLDEN_FRAMES 1
#define GOLDEN_N_MFCC 1
#define GOLDEN_LABELS 1
#define GOLDEN_FEATURES_TOLERANCE 1e-3f
#define GOLDEN_SCORES_TOLERANCE 1e-3f

static const int16_t golden_samples[1][1] = {{0}};
static const float golden_features[1][1][1] = {{{0}}};
static const float golden_scores[1][1] = {{0}};
