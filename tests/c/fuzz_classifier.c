/* Bytes -> calls of classifiers, right ones and wrong ones, of the models that c_models.py writes, each held against what
 * the header says; and the layers alone, of numbers that no front end gives. */

#define _POSIX_C_SOURCE 200112L /* posix_memalign */

#include "fuzz.h"

#define MOST_DECISIONS 12 /* of one input, for each is made a second time */
#define MOST_PUSH 4000u

extern const genrekit_model *const models[]; /* NULL behind the last */

static size_t values_of(const genrekit_model *model) {
    const genrekit_front_end *fe = model->front_end;
    return genrekit_frame_count(fe, (size_t)fe->window_samples) * (size_t)fe->n_mfcc;
}

/* ---- layers ---- */

/* Any bits at all, or features as they are. */
static void fill_features(float *features, size_t count, uint32_t kind) {
    for (size_t i = 0; i < count; i++)
        features[i] = 3 * noise();
    for (size_t i = 0; kind && i < count; i++) {
        uint32_t bits = (uint32_t)(8388608.0f * (1 + noise())) << 8 | noise_state >> 24;
        memcpy(features + i, &bits, sizeof bits);
    }
}

static float *inferred(const genrekit_model *model, const float *features, uint32_t instructions) {
    float *scores = exactly((size_t)model->n_labels * sizeof *scores);
    void *arena;
    require(posix_memalign(&arena, 64, model->arena_bytes ? model->arena_bytes : 1) == 0, "memory");
    memset(arena, 0xA5, model->arena_bytes);
    model->infer(features, (genrekit_instructions)instructions, arena, scores);
    free(arena);
    return scores;
}

static void try_layers(const genrekit_model *model, input *in) {
    size_t count = values_of(model);
    float *features = exactly(count * sizeof *features);
    uint32_t kind = below(in, 3);
    fill_features(features, count, kind);
    float *expected = inferred(model, features, GENREKIT_BASE);
    for (uint32_t set = GENREKIT_AVX2; set <= (uint32_t)genrekit_best_instructions(); set++) {
        float *scores = inferred(model, features, set);
        for (int32_t i = 0; kind == 0 && i < model->n_labels; i++)
            require(fabsf(scores[i] - expected[i]) <= 1e-4f + 1e-4f * fabsf(expected[i]), "instructions do not matter");
        free(scores);
    }
    free(features), free(expected);
}

/* ---- what cannot be used ---- */

static genrekit_classifier *made(
    const genrekit_model *model, size_t stride, uint32_t instructions, void *memory, size_t bytes,
    genrekit_status expected) {
    genrekit_classifier *classifier = NULL;
    size_t given = bytes, needed = genrekit_classifier_bytes(model, stride);
    genrekit_status status = genrekit_classifier_init(
        model, stride, GENREKIT_SILENCE_DBFS, (genrekit_instructions)instructions, memory, &given, &classifier);
    require(status == expected && given == needed, "a status, and the bytes that are needed");
    require(!classifier == (status != GENREKIT_OK), "a classifier if all is well");
    return classifier;
}

/* A model of which one thing is not usable. */
static void refuse_damaged(const genrekit_model *model, input *in) {
    genrekit_front_end fe = *model->front_end;
    genrekit_rejection rejection = {1, 0.5f, 0, 0, NULL, NULL};
    genrekit_model damaged = *model;
    char memory[64];
    damaged.front_end = &fe, damaged.rejection = &rejection;
    switch (below(in, 17)) {
    case 0: damaged.front_end = NULL; break;
    case 1: damaged.sample_rate = -(int32_t)below(in, 2); break;
    case 2: damaged.n_labels = -(int32_t)below(in, 2); break;
    case 3: damaged.n_labels = INT32_MAX; break;
    case 4: damaged.labels = NULL; break;
    case 5: damaged.mean = fe.mel_weights, damaged.std = NULL; break;
    case 6: damaged.mean = NULL, damaged.std = fe.mel_weights; break;
    case 7: damaged.infer = NULL; break;
    case 8: damaged.arena_bytes = SIZE_MAX - below(in, 300); break;
    case 9: rejection.temperature = 0; break;
    case 10: rejection.temperature = NAN; break;
    case 11: rejection.min_probability = -1; break;
    case 12: rejection.max_distance = NAN; break;
    case 13: rejection.max_distance = 1; break;
    case 14: rejection.max_distance = 1, rejection.n_centers = 1, rejection.centers = fe.dct; break;
    case 15: fe.hop_length = 0; break;
    default: fe.window_samples = INT32_MAX;
    }
    require(genrekit_classifier_bytes(&damaged, 1) == 0, "what is not usable takes no bytes");
    made(&damaged, 1, GENREKIT_BEST, memory, sizeof memory, GENREKIT_INVALID);
}

static void refuse_nothing(const genrekit_model *model) {
    genrekit_classifier *classifier;
    genrekit_prediction found;
    char memory[64];
    float none = 0;
    int16_t whole = 0;
    size_t bytes = sizeof memory;
    require(!genrekit_classifier_bytes(NULL, 1) && !genrekit_classifier_bytes(model, 0), "nothing takes no bytes");
    require(!genrekit_classifier_bytes(model, SIZE_MAX), "strides are bounded");
    made(NULL, 1, GENREKIT_BEST, memory, bytes, GENREKIT_INVALID);
    made(model, 0, GENREKIT_BEST, memory, bytes, GENREKIT_INVALID);
    made(model, SIZE_MAX, GENREKIT_BEST, memory, bytes, GENREKIT_INVALID);
    require(genrekit_classifier_init(model, 1, 0, GENREKIT_BEST, memory, NULL, &classifier) == GENREKIT_INVALID, "size");
    require(genrekit_classifier_init(model, 1, 0, GENREKIT_BEST, memory, &bytes, NULL) == GENREKIT_INVALID, "nowhere");
    genrekit_classifier_reset(NULL);
    require(!genrekit_classifier_push(NULL, &none, 1) && !genrekit_classifier_push_int16(NULL, &whole, 1), "no classifier");
    require(!genrekit_classifier_due(NULL) && !genrekit_classifier_features(NULL), "no classifier, no window");
    require(!genrekit_classifier_invalid_samples(NULL), "no classifier with samples");
    require(genrekit_classifier_decide(NULL, &found) == GENREKIT_INVALID, "no classifier decides");
    require(genrekit_classifier_flush(NULL, &found) == GENREKIT_INVALID, "no classifier ends");
}

static void refuse_levels(const genrekit_model *model, size_t stride, void *memory, size_t bytes) {
    static const float levels[] = {NAN, INFINITY, -INFINITY, 1e-30f, -200.1f};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        genrekit_classifier *classifier;
        size_t given = bytes;
        genrekit_status status =
            genrekit_classifier_init(model, stride, levels[i], GENREKIT_BEST, memory, &given, &classifier);
        require(status == GENREKIT_INVALID && !classifier, "a level of silence that is none");
    }
}

/* ---- streams ---- */

/* A classifier beside the window that it has. */
typedef struct {
    const genrekit_model *model;
    genrekit_classifier *classifier, *alone;
    size_t stride, window; /* samples */
    size_t kept, left;     /* samples that are kept; until the next decision */
    size_t decisions;
    int any; /* whether one was decided since the stream began */
    uint64_t position, invalid;
    float *samples; /* [window] the last `kept` that came */
} tracked;

static void forget(tracked *t) {
    t->left = t->window, t->position = 0, t->kept = 0, t->any = 0;
}

static void keep(tracked *t, const float *samples, size_t count) {
    for (size_t i = 0; i < count; i++)
        t->invalid += !valid(samples[i]);
    t->position += count, t->left -= count;
    if (count > t->window)
        samples += count - t->window, count = t->window;
    size_t before = t->kept + count > t->window ? t->window - count : t->kept;
    memmove(t->samples, t->samples + (t->kept - before), before * sizeof *t->samples);
    memcpy(t->samples + before, samples, count * sizeof *t->samples);
    t->kept = before + count;
}

static void push(tracked *t, size_t count, uint32_t kind, int whole) {
    float *samples = exactly(count * sizeof *samples);
    int16_t *numbers = exactly(count * sizeof *numbers);
    fill(samples, count, kind);
    for (size_t i = 0; whole && i < count; i++) {
        numbers[i] = (int16_t)(32767 * noise());
        samples[i] = (float)numbers[i] / 32768;
    }
    size_t expected = count < t->left ? count : t->left;
    size_t taken = whole ? genrekit_classifier_push_int16(t->classifier, numbers, count)
                         : genrekit_classifier_push(t->classifier, samples, count);
    require(taken == expected, "as many samples as the window still needs");
    keep(t, samples, taken);
    require(genrekit_classifier_due(t->classifier) == (t->left == 0), "due when a window is whole");
    require(genrekit_classifier_invalid_samples(t->classifier) == t->invalid, "samples that are none are counted");
    free(samples), free(numbers);
}

/* Of the window's samples about their mean, in dB. */
static double level_of(const tracked *t) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < t->kept; i++)
        mean += valid(t->samples[i]) ? (double)t->samples[i] / (double)t->kept : 0;
    for (size_t i = 0; i < t->kept; i++) {
        double apart = (valid(t->samples[i]) ? (double)t->samples[i] : 0) - mean;
        squares += apart * apart / (double)t->kept;
    }
    return 10 * log10(squares);
}

static void check(const tracked *t, const genrekit_prediction *found, float audio) {
    const genrekit_model *model = t->model;
    require(found->end == t->position, "the end of the window");
    require(found->label >= 0 && found->label < model->n_labels, "a label of the model");
    require(found->answer == found->label || found->answer == GENREKIT_SILENCE || found->answer == GENREKIT_UNKNOWN,
            "an answer");
    require(fabsf(found->audio_fraction - audio) < 1e-6f, "the fraction that is audio");
    double level = level_of(t);
    require(level < -80 || fabs(level - (double)found->level_dbfs) < 0.1, "the level");
    require(level < -55 || audio < 0.1f || found->answer != GENREKIT_SILENCE, "silence is silent");
    for (int32_t i = 0; i < model->n_labels; i++)
        require(found->scores[i] <= found->scores[found->label], "scores are numbers, none above that of the label");
}

static int same(float one, float other) { return memcmp(&one, &other, sizeof one) == 0; }

static void decide(tracked *t, int flush) {
    genrekit_prediction found, alone;
    int due = flush ? !t->any && t->position > 0 && t->left > 0 : t->left == 0;
    genrekit_status status = flush ? genrekit_classifier_flush(t->classifier, &found)
                                   : genrekit_classifier_decide(t->classifier, &found);
    require(status == (due ? GENREKIT_OK : GENREKIT_NOT_DUE), "a decision when it is due");
    if (due) {
        check(t, &found, (float)t->kept / (float)t->window);
        genrekit_classifier_reset(t->alone);
        require(genrekit_classifier_push(t->alone, t->samples, t->kept) == t->kept, "a window alone");
        status = t->kept == t->window ? genrekit_classifier_decide(t->alone, &alone)
                                       : genrekit_classifier_flush(t->alone, &alone);
        require(status == GENREKIT_OK && alone.label == found.label && alone.answer == found.answer &&
                    same(alone.level_dbfs, found.level_dbfs) && same(alone.distance, found.distance),
                "a decision is that of its window alone");
        for (int32_t i = 0; i < t->model->n_labels; i++)
            require(same(alone.scores[i], found.scores[i]), "scores are those of the window alone");
        t->decisions++;
    }
    if (flush)
        forget(t);
    else if (due)
        t->left = t->stride, t->any = 1;
}

static void try_stream(tracked *t, input *in) {
    forget(t);
    while (in->left > 0 && t->decisions < MOST_DECISIONS) {
        switch (below(in, 10)) {
        case 0: decide(t, 1); break;
        case 1: decide(t, 0); break;
        case 2: genrekit_classifier_reset(t->classifier), forget(t); break;
        case 3:
            require(genrekit_classifier_push(t->classifier, NULL, 5) == 0, "no samples");
            require(genrekit_classifier_push_int16(t->classifier, NULL, 5) == 0, "no whole samples");
            require(genrekit_classifier_decide(t->classifier, NULL) == GENREKIT_INVALID, "no prediction");
            require(genrekit_classifier_flush(t->classifier, NULL) == GENREKIT_INVALID, "no prediction at the end");
            break;
        case 4: push(t, t->left < MOST_PUSH ? t->left : MOST_PUSH, below(in, 16), 0); break;
        case 5: push(t, 1, below(in, 16), 0); break;
        case 6: push(t, below(in, MOST_PUSH), 0, 1); break;
        default: push(t, below(in, MOST_PUSH), below(in, 16), 0);
        }
        if (t->left == 0 && below(in, 8))
            decide(t, 0);
    }
}

static void try_streams(const genrekit_model *model, input *in, uint32_t instructions) {
    size_t stride = below(in, 8) ? 1 + below(in, 20) : (size_t)below(in, UINT32_MAX), offset = below(in, 70);
    size_t bytes = genrekit_classifier_bytes(model, stride), of_alone = genrekit_classifier_bytes(model, 1);
    if (bytes == 0)
        return;
    char *memory = exactly(offset + bytes), *other = exactly(of_alone);
    made(model, stride, instructions, memory + offset, bytes - 1 - below(in, (uint32_t)bytes), GENREKIT_TOO_SMALL);
    made(model, stride, instructions, NULL, 0, GENREKIT_TOO_SMALL);
    made(model, stride, instructions, NULL, bytes, GENREKIT_INVALID);
    refuse_levels(model, stride, memory + offset, bytes);
    genrekit_status expected = can_be_had(instructions) ? GENREKIT_OK : GENREKIT_INVALID;
    const genrekit_front_end *fe = model->front_end;
    tracked t = {model, NULL, NULL, stride * (size_t)fe->hop_length, (size_t)fe->window_samples, 0, 0, 0, 0, 0, 0, NULL};
    t.classifier = made(model, stride, instructions, memory + offset, bytes, expected);
    if (t.classifier) {
        t.alone = made(model, 1, instructions, other, of_alone, GENREKIT_OK);
        t.samples = exactly(t.window * sizeof *t.samples);
        try_stream(&t, in);
        free(t.samples);
    }
    free(memory), free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    noise_state = below(&in, 65536);
    uint32_t count = 0, instructions = below(&in, 16);
    while (models[count])
        count++;
    const genrekit_model *model = models[below(&in, count)];
    if (instructions > 5)
        instructions %= 4;
    switch (below(&in, 8)) {
    case 0: refuse_damaged(model, &in), refuse_nothing(model); break;
    case 1: try_layers(model, &in); break;
    default: try_streams(model, &in, instructions);
    }
    return 0;
}
