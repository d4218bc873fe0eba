/* A model as a firmware has it: no file, no heap, no output. */
#include "model.h"

static unsigned char memory[STATE_BYTES];
volatile int16_t microphone;
volatile int32_t answer;

int main(void) {
    genrekit_classifier *classifier;
    genrekit_prediction found;
    size_t bytes = sizeof memory;
    if (genrekit_classifier_init(
            &GENREKIT_MODEL, STRIDE_FRAMES, GENREKIT_SILENCE_DBFS, GENREKIT_BASE, memory, &bytes, &classifier))
        return 1;
    for (;;) {
        int16_t sample = microphone;
        genrekit_classifier_push_int16(classifier, &sample, 1);
        if (genrekit_classifier_decide(classifier, &found) == GENREKIT_OK)
            answer = found.answer;
    }
}
