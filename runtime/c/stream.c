/* A stream of samples -> the MFCC of each window that is due.
 *
 * Frame k of the stream starts at sample k * hop_length - reach, where reach is half a frame if frames are centred. Of a
 * window's frames the first `left` start before it and the last `right` end behind it: these see zeros there, and
 * belong to that window alone. The `interior` ones between them see the stream, and overlapping windows share them.
 *
 * A frame is put into a queue when its last sample has come, and the queue is transformed when it fills all lanes or a
 * window is due; of the samples only those are kept that such frames still need. */

#include "internal.h"

#include <float.h>
#include <string.h>

/* A frame whose samples are in `recent`, or will be: as `frame`, by the number of its first sample in the stream. */
typedef struct {
    uint64_t first_sample;
    size_t before, count;
    float *row; /* [row_floats] */
} queued_frame;

struct genrekit_stream {
    genrekit_mfcc mfcc;
    size_t stride, stride_frames; /* from one window to the next, in samples and in frames */
    size_t left, interior, right; /* frames of a window */
    size_t pending;               /* windows that can have begun and not be due */
    size_t row_floats;            /* n_mels, or n_mfcc where nothing has to be clamped */
    size_t capacity;              /* of `recent`, in samples */
    size_t batch;                 /* frames that are transformed at once */

    uint64_t position; /* samples that came */
    uint64_t due_at;   /* position at which the next window is due */
    uint64_t window;   /* its number */
    uint64_t ready_at; /* position at which the next frame is complete */
    uint64_t frame;    /* its number, k */
    uint64_t invalid_samples;
    size_t kept;       /* of the last samples, in `recent` */
    size_t queued;
    queued_frame queue[MAX_LANES];

    float *recent;        /* [capacity] */
    float *interior_rows; /* [interior][row_floats] frame k at (k - left) % interior */
    float *left_rows;     /* [pending][left][row_floats] window w at w % pending */
    float *right_rows;    /* [right][row_floats] */
    float *log_mel;       /* [lanes][n_mels] of the queue, where rows hold MFCC */
};

/* ---- memory ---- */

/* The sizes that follow from the front end and the stride; returns the floats that the rows and samples take. */
static uint64_t lay_out(genrekit_stream *s, const genrekit_front_end *fe, size_t stride_frames) {
    size_t n_fft = (size_t)fe->n_fft, hop = (size_t)fe->hop_length, samples = (size_t)fe->window_samples;
    size_t reach = fe->center ? n_fft / 2 : 0, n_mels = (size_t)fe->n_mels, lanes = fe->arithmetic->most_lanes;
    size_t ends_within = (samples + reach - n_fft) / hop + 1; /* frames that do not end behind the window */
    s->stride_frames = stride_frames;
    s->stride = stride_frames * hop;
    s->left = (reach + hop - 1) / hop;
    s->interior = ends_within - s->left;
    s->right = genrekit_frames(fe, samples) - ends_within;
    s->pending = (samples - n_fft + reach) / s->stride + 1;
    s->row_floats = fe->top_db > 0 ? n_mels : (size_t)fe->n_mfcc;
    s->batch = hop < n_fft ? lanes : 1;
    s->capacity = n_fft + (s->batch + 1) * (hop < n_fft ? hop : n_fft);
    uint64_t rows = s->interior + (uint64_t)s->pending * s->left + s->right;
    return s->capacity + rows * s->row_floats + (fe->top_db > 0 ? 0 : lanes * n_mels);
}

size_t genrekit_stream_bytes(const genrekit_front_end *fe, size_t stride_frames) {
    /* As many hops as a stride may have; more than a year at any rate. */
    if (!genrekit_usable(fe) || stride_frames < 1 || stride_frames > SIZE_MAX / 2 / 1000000)
        return 0;
    genrekit_stream sizes;
    uint64_t floats = lay_out(&sizes, fe, stride_frames) + genrekit_mfcc_floats(fe);
    uint64_t bytes = 2 * ALIGNMENT + sizeof sizes + sizeof(float) * floats;
    return bytes <= SIZE_MAX / 2 ? (size_t)bytes : 0;
}

genrekit_status genrekit_stream_init(
    const genrekit_front_end *fe, size_t stride_frames, genrekit_instructions instructions, void *memory, size_t *bytes,
    genrekit_stream **stream) {
    if (!bytes || !stream)
        return GENREKIT_INVALID;
    *stream = NULL;
    genrekit_status status = genrekit_memory_status(memory, bytes, genrekit_stream_bytes(fe, stride_frames));
    instructions = genrekit_resolved(instructions);
    if (status == GENREKIT_OK && instructions == GENREKIT_BEST)
        status = GENREKIT_INVALID;
    if (status != GENREKIT_OK)
        return status;
    genrekit_stream *s = *stream = genrekit_aligned(memory);
    lay_out(s, fe, stride_frames);
    s->invalid_samples = 0;
    s->recent = genrekit_mfcc_lay(&s->mfcc, fe, instructions, genrekit_aligned(s + 1));
    if (s->batch > s->mfcc.transform->lanes)
        s->batch = s->mfcc.transform->lanes;
    s->interior_rows = s->recent + s->capacity;
    s->left_rows = s->interior_rows + s->interior * s->row_floats;
    s->right_rows = s->left_rows + s->pending * s->left * s->row_floats;
    s->log_mel = s->right_rows + s->right * s->row_floats;
    genrekit_stream_reset(s);
    return GENREKIT_OK;
}

float *genrekit_stream_scratch(genrekit_stream *s) { return s->mfcc.work; }

void genrekit_stream_reset(genrekit_stream *s) {
    if (!s)
        return;
    const genrekit_front_end *fe = s->mfcc.front_end;
    s->position = s->window = s->frame = 0;
    s->due_at = (uint64_t)fe->window_samples;
    s->ready_at = (uint64_t)(fe->n_fft + genrekit_frame_start(fe, 0));
    s->kept = s->queued = 0;
}

/* ---- frames ---- */

static void transform_queue(genrekit_stream *s) {
    const genrekit_front_end *fe = s->mfcc.front_end;
    size_t n_mels = (size_t)fe->n_mels;
    int clamped = fe->top_db > 0;
    uint64_t first_kept = s->position - s->kept;
    frame frames[MAX_LANES];
    if (s->queued == 0)
        return;
    for (size_t i = 0; i < s->queued; i++) {
        const queued_frame *one = s->queue + i;
        frames[i].samples = s->recent + (size_t)(one->first_sample - first_kept);
        frames[i].before = one->before;
        frames[i].count = one->count;
        frames[i].row = clamped ? one->row : s->log_mel + i * n_mels;
    }
    genrekit_transform(&s->mfcc, frames, s->queued);
    for (size_t i = 0; !clamped && i < s->queued; i++)
        genrekit_cepstrum(&s->mfcc, frames[i].row, 1, s->queue[i].row);
    s->queued = 0;
}

static void enqueue(genrekit_stream *s, uint64_t first_sample, size_t before, size_t count, float *row) {
    queued_frame one = {first_sample, before, count, row};
    s->queue[s->queued++] = one;
    if (s->queued == s->batch)
        transform_queue(s);
}

static float *left_rows_of(const genrekit_stream *s, uint64_t window) {
    return s->left_rows + (size_t)(window % s->pending) * s->left * s->row_floats;
}

/* Enqueue what frame `s->frame` of the stream is: an interior frame, and the left ones of windows that began lately. */
static void frame_is_complete(genrekit_stream *s) {
    const genrekit_front_end *fe = s->mfcc.front_end;
    size_t n_fft = (size_t)fe->n_fft, hop = (size_t)fe->hop_length;
    uint64_t k = s->frame;
    for (size_t index = (size_t)(k % s->stride_frames); index < s->left && index <= k; index += s->stride_frames) {
        size_t before = (size_t)-genrekit_frame_start(fe, index);
        float *row = left_rows_of(s, (k - index) / s->stride_frames) + index * s->row_floats;
        enqueue(s, (k - index) * hop, before, n_fft - before, row);
    }
    if (k >= s->left && (k - s->left) % s->stride_frames < s->interior) {
        float *row = s->interior_rows + (size_t)((k - s->left) % s->interior) * s->row_floats;
        enqueue(s, s->ready_at - n_fft, 0, n_fft, row);
    }
    s->frame++;
    s->ready_at += hop;
}

/* The right frames of the window that is due. */
static void enqueue_right(genrekit_stream *s) {
    const genrekit_front_end *fe = s->mfcc.front_end;
    uint64_t begin = s->due_at - (uint64_t)fe->window_samples;
    for (size_t i = 0; i < s->right; i++) {
        uint64_t first = begin + (uint64_t)genrekit_frame_start(fe, s->left + s->interior + i);
        enqueue(s, first, 0, (size_t)(s->due_at - first), s->right_rows + i * s->row_floats);
    }
}

/* ---- samples ---- */

/* Forget samples that no frame needs any more, if there is no room for `count` more; returns the room there is. */
static size_t make_room(genrekit_stream *s, size_t count) {
    size_t needed = (size_t)s->mfcc.front_end->n_fft;
    if (s->capacity - s->kept >= count)
        return count;
    for (size_t i = 0; i < s->queued; i++)
        if (s->position - s->queue[i].first_sample > needed)
            needed = (size_t)(s->position - s->queue[i].first_sample);
    if (s->kept > needed) {
        memmove(s->recent, s->recent + (s->kept - needed), needed * sizeof *s->recent);
        s->kept = needed;
    }
    return s->capacity - s->kept < count ? s->capacity - s->kept : count;
}

size_t genrekit_stream_push(genrekit_stream *s, const float *samples, size_t count) {
    size_t taken = 0;
    if (!s || !samples)
        return 0;
    while (taken < count && s->position < s->due_at) {
        uint64_t next = s->ready_at < s->due_at ? s->ready_at : s->due_at;
        size_t part = count - taken;
        if (next - s->position < part)
            part = (size_t)(next - s->position);
        part = make_room(s, part);
        s->invalid_samples += s->mfcc.set->copy_valid(s->recent + s->kept, samples + taken, part);
        s->kept += part;
        s->position += part;
        taken += part;
        if (s->position == s->ready_at)
            frame_is_complete(s);
    }
    return taken;
}

int genrekit_stream_due(const genrekit_stream *s) { return s && s->position == s->due_at; }

uint64_t genrekit_stream_invalid_samples(const genrekit_stream *s) { return s ? s->invalid_samples : 0; }

/* ---- windows ---- */

/* Frame `index` of the window that is due. */
static const float *row_of(const genrekit_stream *s, size_t index) {
    if (index < s->left)
        return left_rows_of(s, s->window) + index * s->row_floats;
    index -= s->left;
    if (index < s->interior)
        return s->interior_rows + (size_t)((s->window * s->stride_frames + index) % s->interior) * s->row_floats;
    return s->right_rows + (index - s->interior) * s->row_floats;
}

static float least_of_window(const genrekit_stream *s) {
    const instruction_set *set = s->mfcc.set;
    float most = -FLT_MAX;
    for (size_t index = 0; index < s->left + s->interior + s->right; index++) {
        float of_frame = set->largest(row_of(s, index), s->row_floats);
        most = of_frame > most ? of_frame : most;
    }
    return most - s->mfcc.front_end->top_db;
}

genrekit_status genrekit_stream_window(genrekit_stream *s, float *features) {
    if (!s || !features)
        return GENREKIT_INVALID;
    if (!genrekit_stream_due(s))
        return GENREKIT_NOT_DUE;
    const genrekit_front_end *fe = s->mfcc.front_end;
    size_t n_mfcc = (size_t)fe->n_mfcc;
    enqueue_right(s);
    transform_queue(s);
    float least = fe->top_db > 0 ? least_of_window(s) : 0;
    for (size_t index = 0; index < s->left + s->interior + s->right; index++, features += n_mfcc)
        if (fe->top_db > 0)
            s->mfcc.set->cepstrum(fe, row_of(s, index), least, s->mfcc.work, features);
        else
            memcpy(features, row_of(s, index), n_mfcc * sizeof *features);
    s->window++;
    s->due_at += s->stride;
    return GENREKIT_OK;
}

genrekit_status genrekit_stream_flush(genrekit_stream *s, float *features) {
    static const float silence[64];
    genrekit_status status = GENREKIT_NOT_DUE;
    if (!s || !features)
        return GENREKIT_INVALID;
    if (s->window == 0 && s->position > 0 && !genrekit_stream_due(s)) {
        while (!genrekit_stream_due(s))
            genrekit_stream_push(s, silence, 64);
        status = genrekit_stream_window(s, features);
    }
    genrekit_stream_reset(s);
    return status;
}
