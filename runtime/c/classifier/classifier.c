/* Samples -> the decisions on the windows that are due: stream, normalisation, model, answer. */

#include "answer.h"

#define BLOCK 256 /* samples that are converted at once */

struct genrekit_classifier {
    const genrekit_model *model;
    genrekit_instructions instructions; /* never GENREKIT_BEST */
    float silence_dbfs;
    uint64_t position; /* samples that came */
    genrekit_stream *stream;
    level_meter level;

    size_t frames, values; /* of a window, and its MFCC */
    void *arena;           /* aligned */
    float *features;       /* [values] raw */
    float *normalized;     /* [values] */
    float *scores;         /* [n_labels] */
};

/* ---- memory ---- */

static int usable_rejection(const genrekit_rejection *rejection) {
    if (!rejection)
        return 1;
    return rejection->temperature > 0 && rejection->min_probability >= 0 && rejection->max_distance >= 0 &&
           (rejection->max_distance == 0 || (rejection->n_centers > 0 && rejection->centers && rejection->whitening));
}

static int usable_model(const genrekit_model *model) {
    return model && genrekit_usable(model->front_end) && model->sample_rate > 0 && model->n_labels > 0 &&
           model->n_labels <= 1 << 20 && model->labels && !model->mean == !model->std && model->infer &&
           model->arena_bytes <= SIZE_MAX / 4 && usable_rejection(model->rejection);
}

static size_t up_to_alignment(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* Whether there is room for normalised features in what the front end works with between windows. */
static int fits_scratch(const genrekit_classifier *c, const genrekit_model *model) {
    return !model->mean || c->values <= genrekit_mfcc_floats(model->front_end);
}

/* The sizes that follow from the model; returns the bytes of what lies behind the arena and before the stream. */
static size_t lay_out(genrekit_classifier *c, const genrekit_model *model) {
    const genrekit_front_end *fe = model->front_end;
    c->frames = genrekit_frames(fe, (size_t)fe->window_samples);
    c->values = c->frames * (size_t)fe->n_mfcc;
    c->level.hop = (size_t)fe->hop_length;
    c->level.hops = (size_t)fe->window_samples / c->level.hop;
    size_t floats = c->values + (size_t)model->n_labels;
    if (!fits_scratch(c, model))
        floats += c->values;
    return up_to_alignment(c->level.hops * sizeof(moments) + floats * sizeof(float));
}

size_t genrekit_classifier_bytes(const genrekit_model *model, size_t stride_frames) {
    if (!usable_model(model))
        return 0;
    genrekit_classifier sizes;
    uint64_t stream = genrekit_stream_bytes(model->front_end, stride_frames);
    uint64_t bytes = ALIGNMENT + up_to_alignment(sizeof sizes) + up_to_alignment(model->arena_bytes);
    bytes += lay_out(&sizes, model) + stream;
    return stream > 0 && bytes <= SIZE_MAX / 2 ? (size_t)bytes : 0;
}

genrekit_status genrekit_classifier_init(
    const genrekit_model *model, size_t stride_frames, float silence_dbfs, genrekit_instructions instructions,
    void *memory, size_t *bytes, genrekit_classifier **classifier) {
    if (!bytes || !classifier)
        return GENREKIT_INVALID;
    *classifier = NULL;
    genrekit_status status = genrekit_memory_status(memory, bytes, genrekit_classifier_bytes(model, stride_frames));
    instructions = genrekit_resolved(instructions);
    if (status == GENREKIT_OK && (instructions == GENREKIT_BEST || !(silence_dbfs >= -200 && silence_dbfs <= 0)))
        status = GENREKIT_INVALID;
    if (status != GENREKIT_OK)
        return status;
    genrekit_classifier *c = genrekit_aligned(memory);
    size_t behind_arena = lay_out(c, model), of_stream = genrekit_stream_bytes(model->front_end, stride_frames);
    c->model = model;
    c->instructions = instructions;
    c->silence_dbfs = silence_dbfs;
    c->arena = (char *)c + up_to_alignment(sizeof *c);
    char *behind = (char *)c->arena + up_to_alignment(model->arena_bytes);
    c->level.of_hops = (moments *)(void *)behind;
    c->features = (float *)(void *)(c->level.of_hops + c->level.hops);
    c->scores = c->features + c->values;
    genrekit_stream_init(
        model->front_end, stride_frames, instructions, behind + behind_arena, &of_stream, &c->stream);
    c->normalized = fits_scratch(c, model) ? genrekit_stream_scratch(c->stream) : c->scores + model->n_labels;
    genrekit_classifier_reset(c);
    *classifier = c;
    return GENREKIT_OK;
}

/* ---- samples ---- */

void genrekit_classifier_reset(genrekit_classifier *c) {
    if (!c)
        return;
    c->position = 0;
    genrekit_stream_reset(c->stream);
    genrekit_level_reset(&c->level);
}

size_t genrekit_classifier_push(genrekit_classifier *c, const float *samples, size_t count) {
    if (!c)
        return 0;
    size_t taken = genrekit_stream_push(c->stream, samples, count);
    if (taken > 0)
        genrekit_level_push(&c->level, samples, taken);
    c->position += taken;
    return taken;
}

size_t genrekit_classifier_push_int16(genrekit_classifier *c, const int16_t *samples, size_t count) {
    float block[BLOCK];
    size_t taken = 0, part = 1, converted = 1;
    if (!c || !samples)
        return 0;
    for (; taken < count && part == converted; taken += part) {
        converted = count - taken < BLOCK ? count - taken : BLOCK;
        for (size_t i = 0; i < converted; i++)
            block[i] = (float)samples[taken + i] / 32768;
        part = genrekit_classifier_push(c, block, converted);
    }
    return taken;
}

int genrekit_classifier_due(const genrekit_classifier *c) { return c && genrekit_stream_due(c->stream); }

uint64_t genrekit_classifier_invalid_samples(const genrekit_classifier *c) {
    return c ? genrekit_stream_invalid_samples(c->stream) : 0;
}

/* ---- decisions ---- */

/* Of the window whose MFCC are there; `audio` of its samples are no padding. */
static void decide(genrekit_classifier *c, size_t audio, genrekit_prediction *prediction) {
    const genrekit_model *model = c->model;
    const genrekit_front_end *fe = model->front_end;
    size_t n_mfcc = (size_t)fe->n_mfcc;
    const float *features = c->features;
    if (model->mean) {
        genrekit_normalize(features, c->frames, n_mfcc, model->mean, model->std, c->normalized);
        features = c->normalized;
    }
    model->infer(features, c->instructions, c->arena, c->scores);
    prediction->end = c->position;
    prediction->level_dbfs = genrekit_level_dbfs(&c->level);
    prediction->distance = genrekit_distance(model->rejection, c->features, genrekit_frames(fe, audio), n_mfcc);
    prediction->audio_fraction = (float)audio / (float)fe->window_samples;
    prediction->scores = c->scores;
    genrekit_answer(model, c->silence_dbfs, prediction);
}

genrekit_status genrekit_classifier_decide(genrekit_classifier *c, genrekit_prediction *prediction) {
    if (!c || !prediction)
        return GENREKIT_INVALID;
    genrekit_status status = genrekit_stream_window(c->stream, c->features);
    if (status == GENREKIT_OK)
        decide(c, (size_t)c->model->front_end->window_samples, prediction);
    return status;
}

genrekit_status genrekit_classifier_flush(genrekit_classifier *c, genrekit_prediction *prediction) {
    if (!c || !prediction)
        return GENREKIT_INVALID;
    genrekit_status status = genrekit_stream_flush(c->stream, c->features);
    if (status == GENREKIT_OK)
        decide(c, (size_t)c->position, prediction);
    genrekit_classifier_reset(c);
    return status;
}

const float *genrekit_classifier_features(const genrekit_classifier *c) { return c ? c->features : NULL; }
