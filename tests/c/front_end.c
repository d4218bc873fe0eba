/* The front end alone, without Python. Reads a front end, its tables and samples from standard input, in the order in
 * which main has them; writes the MFCC of the samples to standard output: as one window, or those of the windows of a
 * stream. tests/c_program.py is the other side. */

#include <stdio.h>
#include <stdlib.h>

#include "genrekit.h"

enum { N_FFT, HOP, N_MELS, N_MFCC, WINDOW, CENTER, PASSES, IN_DOUBLE, TWIDDLES, UNPACK, WEIGHTS, DCT, INSTRUCTIONS,
       STRIDE, SAMPLES, SIZES };

static const size_t CHUNKS[] = {1, 997, 2048, 511, 20001};

static void require(int holds, const char *message) {
    if (!holds) {
        fprintf(stderr, "front_end: %s\n", message);
        exit(1);
    }
}

static void *allocate(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    require(memory != NULL, "no memory");
    return memory;
}

static void *array(size_t count, size_t size) {
    void *values = allocate(count * size);
    require(fread(values, size, count, stdin) == count, "expected more on standard input");
    return values;
}

static void write_features(const float *features, size_t count) {
    require(fwrite(features, sizeof(float), count, stdout) == count, "standard output cannot be written");
}

static void as_a_window(
    const genrekit_front_end *front_end, genrekit_instructions instructions, const float *samples, size_t count) {
    size_t bytes = genrekit_mfcc_bytes(front_end), frames = genrekit_frame_count(front_end, count);
    float *log_mel = allocate(frames * (size_t)front_end->n_mels * sizeof(float));
    float *features = allocate(frames * (size_t)front_end->n_mfcc * sizeof(float));
    void *memory = allocate(bytes);
    genrekit_mfcc *mfcc;
    genrekit_status status = genrekit_mfcc_init(front_end, instructions, memory, &bytes, &mfcc);
    require(status == GENREKIT_OK, "genrekit_mfcc_init refuses");
    require(genrekit_log_mel(mfcc, samples, count, 0, frames, log_mel) == GENREKIT_OK, "genrekit_log_mel refuses");
    require(genrekit_cepstrum(mfcc, log_mel, frames, features) == GENREKIT_OK, "genrekit_cepstrum refuses");
    write_features(features, frames * (size_t)front_end->n_mfcc);
    free(log_mel), free(features), free(memory);
}

static void as_a_stream(
    const genrekit_front_end *front_end, genrekit_instructions instructions, size_t stride, const float *samples,
    size_t count) {
    size_t bytes = genrekit_stream_bytes(front_end, stride);
    size_t values = genrekit_frame_count(front_end, (size_t)front_end->window_samples) * (size_t)front_end->n_mfcc;
    float *features = allocate(values * sizeof(float));
    void *memory = allocate(bytes);
    genrekit_stream *stream;
    genrekit_status status = genrekit_stream_init(front_end, stride, instructions, memory, &bytes, &stream);
    require(status == GENREKIT_OK, "genrekit_stream_init refuses");
    for (size_t turn = 0; count > 0; turn++) {
        size_t chunk = CHUNKS[turn % (sizeof CHUNKS / sizeof *CHUNKS)];
        chunk = chunk < count ? chunk : count;
        count -= chunk;
        while (chunk > 0) {
            size_t taken = genrekit_stream_push(stream, samples, chunk);
            samples += taken, chunk -= taken;
            if (genrekit_stream_due(stream)) {
                require(genrekit_stream_window(stream, features) == GENREKIT_OK, "genrekit_stream_window refuses");
                write_features(features, values);
            } else {
                require(taken > 0, "genrekit_stream_push takes nothing, though no window is due");
            }
        }
    }
    free(features), free(memory);
}

int main(void) {
    const int32_t *sizes = array(SIZES, sizeof *sizes);
    const float *top_db = array(1, sizeof *top_db);
    size_t n_fft = (size_t)sizes[N_FFT], n_mels = (size_t)sizes[N_MELS];
    size_t real = sizes[IN_DOUBLE] ? sizeof(double) : sizeof(float);
    const void *window = array(n_fft, real);
    const void *twiddles = array((size_t)sizes[TWIDDLES], real);
    const void *unpack = array((size_t)sizes[UNPACK], real);
    const int32_t *radices = array((size_t)sizes[PASSES], sizeof *radices);
    const uint16_t *positions = array(n_fft / 2, sizeof *positions);
    const int32_t *mel_first = array(n_mels, sizeof *mel_first);
    const int32_t *mel_counts = array(n_mels, sizeof *mel_counts);
    const float *mel_weights = array((size_t)sizes[WEIGHTS], sizeof *mel_weights);
    const float *dct = array((size_t)sizes[DCT], sizeof *dct);
    const float *samples = array((size_t)sizes[SAMPLES], sizeof *samples);

    genrekit_front_end front_end = {
        sizes[N_FFT], sizes[HOP], sizes[N_MELS], sizes[N_MFCC], sizes[WINDOW], sizes[CENTER], *top_db, sizes[PASSES],
        sizes[IN_DOUBLE] ? &genrekit_in_double : &genrekit_in_float, window, twiddles, unpack,
        radices, positions, mel_first, mel_counts, mel_weights, dct,
    };
    genrekit_instructions instructions = (genrekit_instructions)sizes[INSTRUCTIONS];
    if (sizes[STRIDE]) {
        as_a_stream(&front_end, instructions, (size_t)sizes[STRIDE], samples, (size_t)sizes[SAMPLES]);
    } else {
        as_a_window(&front_end, instructions, samples, (size_t)sizes[SAMPLES]);
    }
    free((void *)sizes), free((void *)top_db), free((void *)window), free((void *)twiddles), free((void *)unpack);
    free((void *)radices), free((void *)positions), free((void *)mel_first), free((void *)mel_counts);
    free((void *)mel_weights), free((void *)dct), free((void *)samples);
    return 0;
}
