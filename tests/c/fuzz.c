/* Bytes -> a front end and calls of genrekit.h, right ones and wrong ones, each held against what the header says. */

#include <limits.h>

#include "fuzz.h"

#define MOST_HALF 256u
#define MOST_SAMPLES 60000u /* of one stream, kept to compare with */
#define MOST_WINDOWS 10     /* of one input, for each is computed a second time */

/* ---- a front end with its tables ---- */

typedef struct {
    genrekit_front_end front_end;
    void *tables[11];
    size_t n_tables;
} owned;

static void *table(owned *o, size_t bytes) { return o->tables[o->n_tables++] = exactly(bytes); }

static const float *floats(owned *o, size_t count) {
    float *values = table(o, count * sizeof *values);
    fill(values, count, 0);
    return values;
}

static const void *reals(owned *o, int in_float, size_t count) {
    if (in_float)
        return floats(o, count);
    double *values = table(o, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (double)noise();
    return values;
}

static size_t twiddle_count(const genrekit_front_end *fe) {
    size_t count = 0, block = (size_t)fe->n_fft / 2;
    for (int32_t p = 0; p + 1 < fe->n_passes; p++) {
        block /= (size_t)fe->radices[p];
        count += 2 * block * (size_t)(fe->radices[p] - 1);
    }
    return count;
}

static void make_fft(owned *o, input *in) {
    genrekit_front_end *fe = &o->front_end;
    int32_t radices[16], half = 1;
    for (uint32_t passes = below(in, 11); passes > 0; passes--) {
        int32_t radix = 2 + (int32_t)below(in, 4);
        if (half * radix <= (int32_t)MOST_HALF)
            half *= radix, radices[fe->n_passes++] = radix;
    }
    fe->n_fft = 2 * half;
    int32_t *kept = table(o, (size_t)fe->n_passes * sizeof *kept);
    memcpy(kept, radices, (size_t)fe->n_passes * sizeof *kept);
    uint16_t *positions = table(o, (size_t)half * sizeof *positions);
    for (int32_t k = 0; k < half; k++)
        positions[k] = (uint16_t)(half - 1 - k);
    fe->radices = kept, fe->positions = positions;
    int in_float = below(in, 2) != 0;
    fe->arithmetic = in_float ? &genrekit_in_float : &genrekit_in_double;
    fe->window = reals(o, in_float, (size_t)fe->n_fft);
    fe->twiddles = reals(o, in_float, twiddle_count(fe));
    fe->unpack = reals(o, in_float, (size_t)fe->n_fft / 4 * 2);
}

static void make_mel(owned *o, input *in) {
    genrekit_front_end *fe = &o->front_end;
    fe->n_mels = 1 + (int32_t)below(in, 50);
    fe->n_mfcc = 1 + (int32_t)below(in, (uint32_t)fe->n_mels);
    int32_t *first = table(o, (size_t)fe->n_mels * sizeof *first);
    int32_t *counts = table(o, (size_t)fe->n_mels * sizeof *counts);
    size_t weights = 0;
    for (int32_t band = 0; band < fe->n_mels; band++) {
        uint32_t bins = (uint32_t)fe->n_fft / 2 + 1;
        first[band] = (int32_t)below(in, bins + 1);
        counts[band] = (int32_t)below(in, bins - (uint32_t)first[band] + 1);
        weights += (size_t)counts[band];
    }
    fe->mel_first = first, fe->mel_counts = counts;
    fe->mel_weights = floats(o, weights);
    fe->dct = floats(o, (size_t)fe->n_mels * (size_t)fe->n_mfcc + 15);
}

static void make_front_end(owned *o, input *in) {
    static const float top_db[] = {0, 0, 20, 80, 1e-30f, FLT_MAX, INFINITY};
    genrekit_front_end *fe = &o->front_end;
    memset(o, 0, sizeof *o);
    make_fft(o, in);
    make_mel(o, in);
    uint32_t n_fft = (uint32_t)fe->n_fft;
    fe->hop_length = 1 + (int32_t)(below(in, 4) ? below(in, n_fft) : below(in, 4 * n_fft));
    fe->window_samples = (int32_t)(n_fft + below(in, 4 * n_fft));
    fe->center = (int32_t)below(in, 2);
    fe->top_db = top_db[below(in, 7)];
}

static void free_front_end(owned *o) {
    while (o->n_tables > 0)
        free(o->tables[--o->n_tables]);
}

/* Make one thing of it unusable. */
static void damage(owned *o, input *in) {
    genrekit_front_end *fe = &o->front_end;
    int32_t half = fe->n_fft / 2, odd[] = {0, -1, INT_MIN, INT_MAX};
    int32_t value = odd[below(in, 4)];
    switch (below(in, 23)) {
    case 0: fe->n_fft = value; break;
    case 1: fe->n_fft += 1; break;
    case 2: fe->hop_length = value; break;
    case 3: fe->n_mels = value; break;
    case 4: fe->n_mfcc = value; break;
    case 5: fe->n_mfcc = fe->n_mels + 1; break;
    case 6: fe->window_samples = value; break;
    case 7: fe->window_samples = fe->n_fft - 1; break;
    case 8: fe->center = value ? value : 2; break;
    case 9: fe->top_db = value < 0 ? -1.0f : NAN; break;
    case 10: fe->n_passes = value ? value : -1; break;
    case 11: fe->n_passes = fe->n_passes > 0 ? fe->n_passes - 1 : -1; break;
    case 12: fe->arithmetic = NULL; break;
    case 13: fe->radices = NULL; break;
    case 14: fe->positions = NULL; break;
    case 15: fe->mel_weights = NULL; break;
    case 16: fe->dct = NULL; break;
    case 17: ((uint16_t *)(uintptr_t)fe->positions)[below(in, (uint32_t)half)] = (uint16_t)half; break;
    case 18: ((int32_t *)(uintptr_t)fe->mel_counts)[0] = value ? value : half + 2; break;
    case 19: fe->window = NULL; break;
    case 20: fe->twiddles = NULL; break;
    case 21: fe->unpack = NULL; break;
    default: ((int32_t *)(uintptr_t)fe->mel_first)[0] = value ? value : half + 2;
    }
}

/* ---- calls ---- */

static genrekit_mfcc *make_mfcc(const genrekit_front_end *fe, uint32_t instructions, size_t offset, char **memory) {
    size_t bytes = genrekit_mfcc_bytes(fe);
    *memory = exactly(offset + bytes);
    genrekit_instructions chosen = (genrekit_instructions)instructions;
    genrekit_mfcc *mfcc;
    size_t given = bytes - 1;
    genrekit_status status = genrekit_mfcc_init(fe, chosen, *memory + offset, &given, &mfcc);
    require(status == GENREKIT_TOO_SMALL && !mfcc && given == bytes, "too little memory is refused, with what is needed");
    status = genrekit_mfcc_init(fe, chosen, NULL, &given, &mfcc);
    require(status == GENREKIT_INVALID && !mfcc, "no memory is refused");
    require(genrekit_mfcc_init(fe, chosen, *memory + offset, NULL, &mfcc) == GENREKIT_INVALID, "no size");
    require(genrekit_mfcc_init(fe, chosen, *memory + offset, &given, NULL) == GENREKIT_INVALID, "nowhere to put it");
    status = genrekit_mfcc_init(fe, chosen, *memory + offset, &given, &mfcc);
    require(status == (can_be_had(instructions) ? GENREKIT_OK : GENREKIT_INVALID) && given == bytes,
            "instructions that cannot be had are refused, others taken");
    require(!mfcc == (status != GENREKIT_OK), "a computer if all is well");
    return mfcc;
}

static float *mfcc_of(genrekit_mfcc *mfcc, const genrekit_front_end *fe, const float *samples, size_t count) {
    size_t frames = genrekit_frame_count(fe, count), n_mels = (size_t)fe->n_mels;
    float *log_mel = exactly(frames * n_mels * sizeof *log_mel);
    float *features = exactly(frames * (size_t)fe->n_mfcc * sizeof *features);
    require(genrekit_log_mel(mfcc, samples, count, 0, frames, log_mel) == GENREKIT_OK, "log-mel of all frames");
    require(genrekit_log_mel(mfcc, samples, count, 1, frames, log_mel) == GENREKIT_INVALID, "one frame too many");
    for (size_t i = 0; i < frames * n_mels; i++)
        require(log_mel[i] >= -100.001f, "log-mel is not below -100 dB, and a number");
    genrekit_status expected = frames ? GENREKIT_OK : GENREKIT_INVALID;
    require(genrekit_cepstrum(mfcc, log_mel, frames, features) == expected, "MFCC of all frames");
    free(log_mel);
    return features;
}

static void try_windows(genrekit_mfcc *mfcc, const genrekit_front_end *fe, input *in) {
    size_t n_mels = (size_t)fe->n_mels, n_mfcc = (size_t)fe->n_mfcc;
    for (uint32_t turns = below(in, 4); turns > 0; turns--) {
        size_t count = below(in, 6 * (uint32_t)fe->n_fft);
        float *samples = exactly(count * sizeof *samples);
        fill(samples, count, below(in, 16));
        float *features = mfcc_of(mfcc, fe, samples, count);
        size_t all = genrekit_frame_count(fe, count), first = below(in, 300), frames = below(in, 300);
        int within = first <= all && frames <= all - first;
        float *log_mel = exactly((within ? frames : 0) * n_mels * sizeof *log_mel);
        genrekit_status status = genrekit_log_mel(mfcc, samples, count, first, frames, log_mel);
        require(status == (within ? GENREKIT_OK : GENREKIT_INVALID), "log-mel of some frames");
        require(genrekit_log_mel(mfcc, samples, count, first, SIZE_MAX, log_mel) == GENREKIT_INVALID, "far too many");
        genrekit_normalize(features, all, n_mfcc, fe->dct, fe->dct + 1, features);
        free(samples), free(features), free(log_mel);
    }
    float none = 0;
    require(genrekit_log_mel(mfcc, NULL, 1, 0, 0, &none) == GENREKIT_INVALID, "no samples");
    require(genrekit_log_mel(mfcc, &none, 1, 0, 0, NULL) == GENREKIT_INVALID, "no log-mel");
    require(genrekit_log_mel(NULL, &none, 1, 0, 0, &none) == GENREKIT_INVALID, "no object");
    require(genrekit_cepstrum(mfcc, NULL, 1, &none) == GENREKIT_INVALID, "no log-mel for MFCC");
    require(genrekit_cepstrum(mfcc, &none, 1, NULL) == GENREKIT_INVALID, "no features");
}

/* A stream beside all that was pushed into it. */
typedef struct {
    genrekit_stream *stream;
    genrekit_mfcc *mfcc;
    const genrekit_front_end *fe;
    size_t stride, count, due_at;
    int windows;
    uint64_t invalid;
    float samples[MOST_SAMPLES];
} tracked;

static void forget(tracked *t) { t->count = 0, t->due_at = (size_t)t->fe->window_samples; }

static void push(tracked *t, size_t count, uint32_t kind) {
    if (count > MOST_SAMPLES - t->count)
        count = MOST_SAMPLES - t->count;
    float *samples = exactly(count * sizeof *samples);
    fill(samples, count, kind);
    size_t needed = t->due_at - t->count, expected = count < needed ? count : needed;
    require(genrekit_stream_push(t->stream, samples, count) == expected, "as many samples as the window still needs");
    for (size_t i = 0; i < expected; i++) {
        t->invalid += !valid(samples[i]);
        t->samples[t->count++] = valid(samples[i]) ? samples[i] : 0;
    }
    require(genrekit_stream_invalid_samples(t->stream) == t->invalid, "samples that are not finite are counted");
    free(samples);
}

/* Features of the window that begins at `begin`, against those that it has alone. */
static void compare(const tracked *t, size_t begin, const float *features) {
    size_t samples = (size_t)t->fe->window_samples, frames = genrekit_frame_count(t->fe, samples);
    float *alone = mfcc_of(t->mfcc, t->fe, t->samples + begin, samples);
    for (size_t i = 0; i < frames * (size_t)t->fe->n_mfcc; i++)
        require(fabsf(alone[i] - features[i]) <= 0, "a window of a stream has the features that it has alone");
    free(alone);
}

static void finish(tracked *t, int flush) {
    size_t samples = (size_t)t->fe->window_samples, frames = genrekit_frame_count(t->fe, samples);
    float *features = exactly(frames * (size_t)t->fe->n_mfcc * sizeof *features);
    if (flush) {
        int padded = t->due_at == samples && t->count > 0 && t->count < samples;
        genrekit_status status = genrekit_stream_flush(t->stream, features);
        require(status == (padded ? GENREKIT_OK : GENREKIT_NOT_DUE), "flush");
        if (padded) {
            memset(t->samples + t->count, 0, (samples - t->count) * sizeof *t->samples);
            compare(t, 0, features);
        }
        forget(t);
    } else {
        int due = t->count == t->due_at;
        genrekit_status status = genrekit_stream_window(t->stream, features);
        require(status == (due ? GENREKIT_OK : GENREKIT_NOT_DUE), "a window when it is due");
        if (due) {
            compare(t, t->count - samples, features);
            t->due_at += t->stride, t->windows++;
        }
    }
    free(features);
}

static void try_stream(tracked *t, input *in) {
    float none = 0;
    forget(t);
    t->windows = 0;
    while (in->left > 0 && t->due_at < MOST_SAMPLES && t->windows < MOST_WINDOWS) {
        require(genrekit_stream_due(t->stream) == (t->count == t->due_at), "due");
        switch (below(in, 12)) {
        case 0: finish(t, 1); break;
        case 1: finish(t, 0); break;
        case 2: genrekit_stream_reset(t->stream), forget(t); break;
        case 3:
            require(genrekit_stream_push(t->stream, NULL, 5) == 0, "no samples");
            require(genrekit_stream_window(t->stream, NULL) == GENREKIT_INVALID, "no features");
            require(genrekit_stream_flush(t->stream, NULL) == GENREKIT_INVALID, "no features for what is left");
            break;
        case 4:
            require(genrekit_stream_push(t->stream, &none, 0) == 0, "an empty push");
            break;
        case 5:
        case 6: push(t, 1, below(in, 16)); break;
        case 7: push(t, t->due_at - t->count, below(in, 16)); break;
        default: push(t, below(in, 3 * (uint32_t)t->fe->n_fft), below(in, 16));
        }
        if (t->count == t->due_at && below(in, 4))
            finish(t, 0);
    }
}

static void try_streams(genrekit_mfcc *mfcc, const genrekit_front_end *fe, input *in, uint32_t instructions) {
    size_t stride = below(in, 8) ? 1 + below(in, 12) : (size_t)below(in, UINT_MAX);
    size_t bytes = genrekit_stream_bytes(fe, stride), offset = below(in, 70);
    require(genrekit_stream_bytes(fe, 0) == 0 && genrekit_stream_bytes(fe, SIZE_MAX) == 0, "strides are bounded");
    require(stride == 0 || bytes > 0, "a stride that can be had");
    if (bytes == 0)
        return;
    char *memory = exactly(offset + bytes);
    genrekit_instructions chosen = (genrekit_instructions)instructions;
    genrekit_stream *stream;
    size_t given = bytes - 1;
    genrekit_status status = genrekit_stream_init(fe, stride, chosen, memory + offset, &given, &stream);
    require(status == GENREKIT_TOO_SMALL && !stream && given == bytes, "too little memory for a stream");
    require(genrekit_stream_init(fe, stride, chosen, NULL, &given, &stream) == GENREKIT_INVALID, "no memory");
    status = genrekit_stream_init(fe, 0, chosen, memory + offset, &given, &stream);
    require(status == GENREKIT_INVALID && !stream && given == 0, "a stride of nothing");
    require(genrekit_stream_init(fe, stride, chosen, memory + offset, NULL, &stream) == GENREKIT_INVALID, "no size");
    given = bytes;
    require(genrekit_stream_init(fe, stride, chosen, memory + offset, &given, NULL) == GENREKIT_INVALID, "nowhere");
    tracked *t = exactly(sizeof *t);
    t->fe = fe, t->mfcc = mfcc, t->stride = stride * (size_t)fe->hop_length;
    status = genrekit_stream_init(fe, stride, chosen, memory + offset, &given, &t->stream);
    require(status == GENREKIT_OK && t->stream, "a stream that can be had");
    t->invalid = 0;
    try_stream(t, in);
    free(t), free(memory);
}

static void refused(const genrekit_front_end *fe) {
    char memory[4096];
    size_t bytes = sizeof memory;
    genrekit_mfcc *mfcc;
    genrekit_stream *stream;
    require(genrekit_mfcc_bytes(fe) == 0 && genrekit_stream_bytes(fe, 1) == 0, "what is not usable takes no bytes");
    require(genrekit_frame_count(fe, 1000) == 0, "nor has it frames");
    require(genrekit_mfcc_init(fe, GENREKIT_BEST, memory, &bytes, &mfcc) == GENREKIT_INVALID && !mfcc, "nor a computer");
    require(bytes == 0, "which takes no bytes");
    bytes = sizeof memory;
    require(genrekit_stream_init(fe, 1, GENREKIT_BEST, memory, &bytes, &stream) == GENREKIT_INVALID, "nor a stream");
    require(!stream && bytes == 0, "which takes none, either");
}

static void refuse_nothing(void) {
    float none = 0;
    refused(NULL);
    genrekit_stream_reset(NULL);
    require(genrekit_stream_push(NULL, &none, 1) == 0 && genrekit_stream_due(NULL) == 0, "no stream");
    require(genrekit_stream_window(NULL, &none) == GENREKIT_INVALID, "no stream with a window");
    require(genrekit_stream_invalid_samples(NULL) == 0, "no stream with samples");
    require(genrekit_stream_flush(NULL, &none) == GENREKIT_INVALID, "no stream to end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    owned o;
    noise_state = below(&in, 65536);
    uint32_t wrong = below(&in, 8) == 0, instructions = below(&in, 16);
    if (instructions > 5)
        instructions %= 4;
    make_front_end(&o, &in);
    if (wrong) {
        damage(&o, &in);
        refused(&o.front_end);
        refuse_nothing();
    } else {
        char *memory;
        genrekit_mfcc *mfcc = make_mfcc(&o.front_end, instructions, below(&in, 70), &memory);
        if (mfcc) {
            try_windows(mfcc, &o.front_end, &in);
            try_streams(mfcc, &o.front_end, &in, instructions);
        }
        free(memory);
    }
    free_front_end(&o);
    return 0;
}
