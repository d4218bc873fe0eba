/* What a page calls of a model as WebAssembly: classifiers, and the log-mel that it draws. Memory is taken from behind
 * the module's own and never given back: a page makes what it needs once. */

#include "model.h"

#include <stddef.h>

#define BLOCK 16384
#define PAGE 65536u

#define EXPORTED(name) __attribute__((export_name(#name)))

/* What the page reads a decision from, by offset. */
typedef char prediction_as_read[offsetof(genrekit_prediction, label) == 8 && offsetof(genrekit_prediction, scores) == 28 ? 1 : -1];

typedef struct {
    genrekit_classifier *classifier;
    genrekit_prediction prediction;
    void *arena; /* of `infer` alone */
    float *features;
    float samples[BLOCK];
} page_classifier;

typedef struct {
    genrekit_front_end front_end; /* the model's, but that frame k begins at sample k * hop_length */
    genrekit_mfcc *mfcc;
    float *rows;
    float samples[BLOCK];
} page_picture;

static void *take(size_t bytes) {
    size_t before = __builtin_wasm_memory_grow(0, (bytes + PAGE - 1) / PAGE);
    return before == (size_t)-1 ? NULL : (void *)(before * PAGE);
}

/* A classifier that decides every `stride_frames` hops; NULL without memory. */
EXPORTED(open) page_classifier *open_classifier(size_t stride_frames) {
    const genrekit_model *model = &GENREKIT_MODEL;
    const genrekit_front_end *fe = model->front_end;
    size_t bytes = genrekit_classifier_bytes(model, stride_frames);
    size_t values = genrekit_frame_count(fe, (size_t)fe->window_samples) * (size_t)fe->n_mfcc;
    page_classifier *page = take(sizeof *page);
    void *memory = take(bytes), *arena = take(model->arena_bytes + 1);
    float *features = take((values + (size_t)model->n_labels) * sizeof(float));
    if (!page || !memory || !arena || !features)
        return NULL;
    page->arena = arena;
    page->features = features;
    genrekit_status made = genrekit_classifier_init(
        model, stride_frames, GENREKIT_SILENCE_DBFS, GENREKIT_BEST, memory, &bytes, &page->classifier);
    return made == GENREKIT_OK ? page : NULL;
}

/* The most samples that are handed over at once. */
EXPORTED(block) size_t block(void) { return BLOCK; }

/* Where the next samples go, at most `block` of them. */
EXPORTED(samples) float *samples_of(page_classifier *page) { return page->samples; }

/* As genrekit_classifier_push, of samples from `first` to `end` of those that were put there. */
EXPORTED(push) size_t push(page_classifier *page, size_t first, size_t end) {
    return genrekit_classifier_push(page->classifier, page->samples + first, end - first);
}

EXPORTED(due) int due(const page_classifier *page) { return genrekit_classifier_due(page->classifier); }

/* The decision on the window that is due, or that `flush` pads; NULL where there is none. */
EXPORTED(decide) const genrekit_prediction *decide(page_classifier *page) {
    return genrekit_classifier_decide(page->classifier, &page->prediction) == GENREKIT_OK ? &page->prediction : NULL;
}

EXPORTED(flush) const genrekit_prediction *flush(page_classifier *page) {
    return genrekit_classifier_flush(page->classifier, &page->prediction) == GENREKIT_OK ? &page->prediction : NULL;
}

EXPORTED(reset) void reset(page_classifier *page) { genrekit_classifier_reset(page->classifier); }

/* The layers alone, for what holds them against Keras: normalised features go where `features` says, scores lie behind. */
EXPORTED(features) float *features_of(page_classifier *page) { return page->features; }

EXPORTED(infer) const float *infer(page_classifier *page) {
    const genrekit_front_end *fe = GENREKIT_MODEL.front_end;
    size_t values = genrekit_frame_count(fe, (size_t)fe->window_samples) * (size_t)fe->n_mfcc;
    GENREKIT_MODEL.infer(page->features, GENREKIT_BASE, page->arena, page->features + values);
    return page->features + values;
}

/* What draws sound; NULL without memory. */
EXPORTED(open_picture) page_picture *open_picture(void) {
    page_picture *picture = take(sizeof *picture);
    if (!picture)
        return NULL;
    picture->front_end = *GENREKIT_MODEL.front_end;
    picture->front_end.center = 0;
    size_t bytes = genrekit_mfcc_bytes(&picture->front_end);
    size_t rows = BLOCK / (size_t)picture->front_end.hop_length + 1;
    void *memory = take(bytes);
    picture->rows = take(rows * (size_t)picture->front_end.n_mels * sizeof(float));
    if (!memory || !picture->rows)
        return NULL;
    genrekit_status made =
        genrekit_mfcc_init(&picture->front_end, GENREKIT_BEST, memory, &bytes, &picture->mfcc);
    return made == GENREKIT_OK ? picture : NULL;
}

EXPORTED(picture_samples) float *picture_samples(page_picture *picture) { return picture->samples; }

/* Log-mel [frames][n_mels] of the frames that are whole within the first `count` samples, at most `block`. */
EXPORTED(picture_rows) const float *picture_rows(page_picture *picture, size_t count) {
    size_t frames = genrekit_frame_count(&picture->front_end, count);
    genrekit_status drawn = genrekit_log_mel(picture->mfcc, picture->samples, count, 0, frames, picture->rows);
    return drawn == GENREKIT_OK ? picture->rows : NULL;
}
