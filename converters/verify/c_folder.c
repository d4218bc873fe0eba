/* What a folder of C is asked when it is proven:
 *     gate scores   normalised features on standard input, one window after the other -> their scores, as floats
 *     gate sizes    -> JSON of the memory that a classifier takes, with a decision every half second */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const genrekit_model *const model = &GENREKIT_MODEL;

static int scores_of_windows(void) {
    const genrekit_front_end *fe = model->front_end;
    size_t values = genrekit_frame_count(fe, (size_t)fe->window_samples) * (size_t)fe->n_mfcc;
    size_t labels = (size_t)model->n_labels;
    float *features = malloc(values * sizeof *features), *scores = malloc(labels * sizeof *scores);
    char *memory = malloc(model->arena_bytes + 64);
    genrekit_instructions instructions = genrekit_best_instructions();
    if (!features || !scores || !memory)
        return 1;
    char *arena = memory + (64 - (uintptr_t)memory % 64) % 64;
    while (fread(features, sizeof *features, values, stdin) == values) {
        model->infer(features, instructions, arena, scores);
        if (fwrite(scores, sizeof *scores, labels, stdout) != labels)
            return 1;
    }
    free(features);
    free(scores);
    free(memory);
    return 0;
}

static int sizes(void) {
    genrekit_front_end front_end = *model->front_end;
    genrekit_model without_top_db = *model;
    float hop_s = (float)front_end.hop_length / (float)model->sample_rate;
    size_t stride_frames = 0.5f < hop_s ? 1 : (size_t)lrintf(0.5f / hop_s);
    size_t state = genrekit_classifier_bytes(model, stride_frames);
    front_end.top_db = 0;
    without_top_db.front_end = &front_end;
    printf("{\"state_bytes\": %lu, \"without_top_db\": %lu}\n", (unsigned long)state,
           (unsigned long)genrekit_classifier_bytes(&without_top_db, stride_frames));
    return state == 0;
}

int main(int count, char **arguments) {
    return count == 2 && strcmp(arguments[1], "scores") == 0 ? scores_of_windows() : sizes();
}
