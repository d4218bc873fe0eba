/* genrekit: MFCC of a window or of a stream of audio, in C99 with libm alone.
 *
 * Nothing here allocates, and nothing is kept but in the memory that the caller gives: two streams in two threads
 * share the constant tables of a front end and nothing else. No function is to be called for one object by two
 * threads at once. All samples are mono float32 at the front end's rate, full scale from -1 to 1. In a stream, those that
 * are not finite, or not between -1e10 and 1e10, count as silence, and are counted; in a window that is given whole, they
 * give features that mean nothing, and no other harm.
 *
 * NULL for an object or an array is GENREKIT_INVALID, or whatever says that nothing was done: NULL, 0, no samples.
 *
 *     genrekit_stream *stream;
 *     genrekit_stream_init(&front_end, stride_frames, GENREKIT_BEST, memory, &bytes, &stream);
 *     while (count > 0) {
 *         size_t taken = genrekit_stream_push(stream, samples, count);
 *         samples += taken, count -= taken;
 *         if (genrekit_stream_due(stream)) {
 *             genrekit_stream_window(stream, features);
 *             ...
 *         }
 *     }
 */
#ifndef GENREKIT_H
#define GENREKIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GENREKIT_SHARED) && defined(_WIN32)
#define GENREKIT_API __declspec(dllexport)
#elif defined(GENREKIT_SHARED) && defined(__GNUC__)
#define GENREKIT_API __attribute__((visibility("default")))
#else
#define GENREKIT_API
#endif

/* Raised whenever a struct or a function below changes. */
#define GENREKIT_ABI 2

/* In which numbers the FFT is computed. What names only one of them need not be linked with the sources of the other,
 * *_double.c; those in float are needed in any case. */
typedef struct genrekit_arithmetic genrekit_arithmetic;
GENREKIT_API extern const genrekit_arithmetic genrekit_in_float, genrekit_in_double;

/* A front end with its tables. All are constant, and must outlive whatever was initialised with them.
 *
 * An FFT in float leaves noise 130 dB below a frame's loudest bin. With a top_db of 60 it does not matter, and MFCC are
 * within 1e-3 of exact ones; with one of 80, those of pure tones are off by up to 1e-3 (n_fft 2048, 128 bands) or 1e-2
 * (n_fft 30, 10 bands). Without the clamp, pure tones are off by up to 0.2, music of little treble by up to 4e-3, and
 * spoken words by 1e-4. An FFT in double is within 3e-4 for all.
 *
 * The FFT of n_fft real samples is one of half = n_fft / 2 complex values, in place and in passes that go from the whole
 * to blocks of one value; then the bins are separated. Its tables are arrays of float or double, as `arithmetic` says.
 *
 * Power is multiplied by mel_weights, which are sparse: band b has mel_counts[b] weights from bin mel_first[b] on, those
 * of all bands in one row. */
typedef struct {
    int32_t n_fft;          /* samples in a frame: even, 2 to 65,536; half of it has no prime factors but 2, 3 and 5 */
    int32_t hop_length;     /* samples from one frame to the next, 1 to 1,000,000 */
    int32_t n_mels;         /* mel bands, 1 to 1,024 */
    int32_t n_mfcc;         /* coefficients, 1 to n_mels */
    int32_t window_samples; /* samples in a window, n_fft to 2^24 */
    int32_t center;         /* 1: frame k is centred on sample k * hop_length, with zeros beyond the window; or 0 */
    float top_db;           /* dB below a window's maximum to which values are raised, > 0; 0: they stay as they are */
    int32_t n_passes;       /* of the FFT, at most 15 */
    const genrekit_arithmetic *arithmetic; /* &genrekit_in_float or &genrekit_in_double */
    const void *window;         /* [n_fft] what a frame is multiplied by */
    const void *twiddles;       /* of each pass but the last: [block / radix][radix - 1][2], cos and sin */
    const void *unpack;         /* [n_fft / 4][2], cos and sin of -2 pi k / n_fft, for k = 1, 2, ... */
    const int32_t *radices;     /* [n_passes] each 2, 3, 4 or 5; their product is half */
    const uint16_t *positions;  /* [half] where the passes leave value k, below half */
    const int32_t *mel_first;   /* [n_mels] from 0 */
    const int32_t *mel_counts;  /* [n_mels]; mel_first + mel_counts is at most half + 1 */
    const float *mel_weights;   /* [sum of mel_counts] */
    const float *dct;           /* [n_mels][n_mfcc] the DCT-II, and 15 numbers more, whatever they are */
} genrekit_front_end;

/* Which instructions of the processor to use. */
typedef enum {
    GENREKIT_BEST = 0, /* the widest that this processor and system have */
    GENREKIT_BASE = 1, /* those that every processor has that this library was compiled for */
    GENREKIT_AVX2 = 2, /* x86: AVX2 with FMA */
    GENREKIT_AVX512 = 3 /* x86: AVX-512 F and DQ as well */
} genrekit_instructions;

typedef enum {
    GENREKIT_OK = 0,
    GENREKIT_NOT_DUE = 1, /* there is no window yet */
    GENREKIT_INVALID = 2, /* an argument outside of what is said here */
    GENREKIT_TOO_SMALL = 3 /* the memory is smaller than what is needed */
} genrekit_status;

typedef struct genrekit_mfcc genrekit_mfcc;
typedef struct genrekit_stream genrekit_stream;

/* GENREKIT_ABI as the library was compiled. */
GENREKIT_API int32_t genrekit_abi(void);

/* The widest instructions that can be had here: what GENREKIT_BEST stands for. Asks the processor at each call. */
GENREKIT_API genrekit_instructions genrekit_best_instructions(void);

/* ---- whole windows, of any length ---- */

/* Bytes of memory that genrekit_mfcc_init needs, whatever the instructions; 0 where front_end is not usable. */
GENREKIT_API size_t genrekit_mfcc_bytes(const genrekit_front_end *front_end);

/* Make a computer of MFCC in `memory`, which may lie at any address.
 *   bytes   how many there are; set to how many are needed
 *   mfcc    set to the computer, or to NULL
 * Returns GENREKIT_TOO_SMALL if the memory is too small, GENREKIT_INVALID if front_end is not usable or the instructions
 * cannot be had here. */
GENREKIT_API genrekit_status genrekit_mfcc_init(
    const genrekit_front_end *front_end, genrekit_instructions instructions, void *memory, size_t *bytes,
    genrekit_mfcc **mfcc);

/* Frames in a window of `count` samples; 0 where they are too few for one, or front_end is not usable. */
GENREKIT_API size_t genrekit_frame_count(const genrekit_front_end *front_end, size_t count);

/* Log-mel of some frames of a window, unclamped.
 *   samples [count]            the whole window
 *   first, frames              which of its genrekit_frame_count frames; others are GENREKIT_INVALID
 *   log_mel [frames][n_mels]   dB re 1, not below -100 */
GENREKIT_API genrekit_status genrekit_log_mel(
    genrekit_mfcc *mfcc, const float *samples, size_t count, size_t first, size_t frames, float *log_mel);

/* MFCC of a window: the clamp of top_db against the maximum of all of log_mel, then the DCT.
 *   log_mel [frames][n_mels]    at least one frame; stays as it is
 *   features [frames][n_mfcc]   raw MFCC, as librosa's */
GENREKIT_API genrekit_status genrekit_cepstrum(
    genrekit_mfcc *mfcc, const float *log_mel, size_t frames, float *features);

/* (features - mean) / std, coefficient by coefficient; `normalized` may be `features`. None may be NULL.
 *   features, normalized [frames][n_mfcc];  mean, std [n_mfcc], std > 0 */
GENREKIT_API void genrekit_normalize(
    const float *features, size_t frames, size_t n_mfcc, const float *mean, const float *std, float *normalized);

/* ---- streams ---- */

/* Bytes of memory that a stream needs, whatever the instructions; 0 where an argument is not usable.
 *   stride_frames   hops from one window to the next, at least 1 */
GENREKIT_API size_t genrekit_stream_bytes(const genrekit_front_end *front_end, size_t stride_frames);

/* Make a stream in `memory`, which may lie at any address. The first window is due when window_samples have come, the
 * next ones every stride_frames * hop_length samples. Each has the features that it would have alone, and the frames
 * that windows share are computed once. Other arguments, and what is returned, as of genrekit_mfcc_init. */
GENREKIT_API genrekit_status genrekit_stream_init(
    const genrekit_front_end *front_end, size_t stride_frames, genrekit_instructions instructions, void *memory,
    size_t *bytes, genrekit_stream **stream);

/* Forget everything that came. */
GENREKIT_API void genrekit_stream_reset(genrekit_stream *stream);

/* Take in as many of `count` samples as the next window still needs; returns how many. While a window is due it takes
 * none. */
GENREKIT_API size_t genrekit_stream_push(genrekit_stream *stream, const float *samples, size_t count);

/* 1 if a window is due, else 0. */
GENREKIT_API int genrekit_stream_due(const genrekit_stream *stream);

/* Samples since genrekit_stream_init that counted as silence because they are not between -1e10 and 1e10. */
GENREKIT_API uint64_t genrekit_stream_invalid_samples(const genrekit_stream *stream);

/* Hand out the window that is due, and go on to the next; GENREKIT_NOT_DUE if none is.
 *   features [frames][n_mfcc]   raw MFCC, with genrekit_frame_count(front_end, window_samples) frames */
GENREKIT_API genrekit_status genrekit_stream_window(genrekit_stream *stream, float *features);

/* End the stream, and reset it: if no window was ever due but samples came, hand out theirs, padded with silence to
 * one window, and return GENREKIT_OK; else GENREKIT_NOT_DUE. */
GENREKIT_API genrekit_status genrekit_stream_flush(genrekit_stream *stream, float *features);

/* ---- layers, of one window: numbers lie as [height][width][channels] ----
 *
 * Those in int8 compute what TFLite's reference kernels compute, bit for bit. `x` and `y` must not overlap. What a layer
 * says of itself is constant and was checked by who wrote it; nothing is checked again. `instructions` is what a
 * classifier chose: never GENREKIT_BEST. */

/* Where a layer's kernel goes over its input. A dense layer is a kernel of 1 x 1 over one value of many channels. */
typedef struct {
    int32_t height, width, channels; /* of the input */
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width;
    int32_t pad_top, pad_left; /* rows and columns before the input, which a convolution takes for 0 */
    int32_t out_height, out_width;
} genrekit_geometry;

typedef struct {
    genrekit_geometry geometry;
    int32_t units;        /* channels of the output */
    const float *weights; /* [kernel_height][kernel_width][channels][units, up to a multiple of 16: zeros] */
    const float *bias;    /* [units, up to a multiple of 16: zeros] */
    float least, most;    /* to which outputs are clamped */
} genrekit_conv;

/* Depthwise: unit c * (units / channels) + i sees channel c alone; weights [kernel_height][kernel_width][units]. */
typedef genrekit_conv genrekit_depthwise;

/* A number q stands for scale * (q - zero). A sum is brought to the scale of the output by multiplying it with
 * multiplier * 2^(shift - 31) (B. Jacob et al. 2018). */
typedef struct {
    genrekit_geometry geometry;
    int32_t units;
    const int8_t *weights;      /* [units][kernel_height][kernel_width][channels]; depthwise as above */
    const int32_t *bias;        /* [units] */
    const int32_t *multipliers; /* [units] from 2^30 */
    const int8_t *shifts;       /* [units] */
    int32_t input_zero, output_zero;
    int32_t least, most;
} genrekit_conv_int8;

typedef struct {
    int32_t count;
    int32_t zeros[2], multipliers[2], shifts[2]; /* of the inputs */
    int32_t output_zero, output_multiplier, output_shift;
    int32_t least, most;
} genrekit_add_int8;

typedef struct {
    int32_t rows, count; /* rows of `count` numbers, each with a softmax of its own */
    int32_t multiplier, shift, least_difference; /* of TFLite's PreprocessSoftmaxScaling and CalculateInputRadius */
} genrekit_softmax_int8;

/* The mean of all cells of height and width: multiplier * 2^(shift - 31) is 1 / cells beside the scales, cut off, and not
 * rounded, as in TFLite's QuantizedMeanOrSum. In float it is an average pool of one kernel. */
typedef struct {
    int32_t cells, channels;
    int32_t input_zero, output_zero;
    int32_t multiplier, shift;
} genrekit_mean_int8;

/* Gates stand in the order input, forget, cell, output. */
typedef struct {
    int32_t steps, inputs, units;
    const float *kernel;    /* [inputs][4 * units, up to a multiple of 16: zeros] */
    const float *recurrent; /* [units][4 * units, up to a multiple of 16: zeros] */
    const float *bias;      /* [4 * units, up to a multiple of 16: zeros] */
} genrekit_lstm;

/* The gates' sums are in int16 and stand for sum / 2^12, the cell's state for state * 2^cell_power. Multipliers and shifts
 * are those of the gates, but for output_*: of 2^-30 / the scale of y. */
typedef struct {
    int32_t steps, inputs, units;
    const int8_t *kernel;    /* [4][units][inputs] */
    const int8_t *recurrent; /* [4][units][units] */
    const int32_t *bias;     /* [4][units] */
    int32_t kernel_multipliers[4], kernel_shifts[4];
    int32_t recurrent_multipliers[4], recurrent_shifts[4];
    int32_t output_multiplier, output_shift;
    int32_t input_zero, output_zero;
    int32_t cell_power; /* -29 to 2 */
    int32_t cell_most;  /* to which the cell's state is clamped, either way; 0: it is not */
} genrekit_lstm_int8;

GENREKIT_API void genrekit_conv_run(
    const genrekit_conv *layer, genrekit_instructions instructions, const float *x, float *y);
GENREKIT_API void genrekit_depthwise_run(const genrekit_depthwise *layer, const float *x, float *y);
GENREKIT_API void genrekit_max_pool_run(const genrekit_geometry *geometry, const float *x, float *y);
GENREKIT_API void genrekit_average_pool_run(const genrekit_geometry *geometry, const float *x, float *y);
GENREKIT_API void genrekit_add_run(int32_t count, float least, float most, const float *a, const float *b, float *y);
GENREKIT_API void genrekit_softmax_run(int32_t rows, int32_t count, float beta, const float *x, float *y);
/* work [steps + 2][4 * units, up to a multiple of 16]; y [steps][units] */
GENREKIT_API void genrekit_lstm_run(
    const genrekit_lstm *layer, genrekit_instructions instructions, const float *x, float *work, float *y);

/* The same in int8. work [6 * units + inputs]; y [steps][units] */
GENREKIT_API void genrekit_lstm_int8_run(const genrekit_lstm_int8 *layer, const int8_t *x, int16_t *work, int8_t *y);

GENREKIT_API void genrekit_quantize_run(int32_t count, float scale, int32_t zero, const float *x, int8_t *y);
GENREKIT_API void genrekit_dequantize_run(int32_t count, float scale, int32_t zero, const int8_t *x, float *y);
/* work [kernel_height][kernel_width][channels] */
GENREKIT_API void genrekit_conv_int8_run(const genrekit_conv_int8 *layer, const int8_t *x, int16_t *work, int8_t *y);
GENREKIT_API void genrekit_depthwise_int8_run(const genrekit_conv_int8 *layer, const int8_t *x, int8_t *y);
GENREKIT_API void genrekit_max_pool_int8_run(const genrekit_geometry *geometry, const int8_t *x, int8_t *y);
GENREKIT_API void genrekit_average_pool_int8_run(const genrekit_geometry *geometry, const int8_t *x, int8_t *y);
GENREKIT_API void genrekit_mean_int8_run(const genrekit_mean_int8 *layer, const int8_t *x, int8_t *y);
GENREKIT_API void genrekit_add_int8_run(const genrekit_add_int8 *layer, const int8_t *a, const int8_t *b, int8_t *y);
GENREKIT_API void genrekit_softmax_int8_run(const genrekit_softmax_int8 *layer, const int8_t *x, int8_t *y);

/* ---- classifiers: samples in, answers out ---- */

/* When a model does not know. m = 2 * min(n_mfcc, 13) statistics of a window's MFCC are compared. */
typedef struct {
    float temperature, min_probability; /* below this calibrated probability a window is unsure */
    float max_distance;                 /* from the nearest center; 0: there are no centers */
    int32_t n_centers;
    const float *centers;   /* [n_centers][m], whitened */
    const float *whitening; /* [m * (m + 1) / 2], the rows of a lower triangle */
} genrekit_rejection;

typedef struct {
    const genrekit_front_end *front_end;
    int32_t sample_rate;                 /* Hz */
    int32_t n_labels;
    const char *const *labels;           /* [n_labels] UTF-8 */
    const float *mean, *std;             /* [n_mfcc] of (features - mean) / std; NULL: features stay as they are */
    const genrekit_rejection *rejection; /* NULL: only silence is told from labels */
    size_t arena_bytes;                  /* of memory for activations */
    /* features [frames][n_mfcc], normalised -> scores [n_labels], probabilities; arena: aligned to 64 bytes */
    void (*infer)(const float *features, genrekit_instructions instructions, void *arena, float *scores);
} genrekit_model;

#define GENREKIT_SILENCE (-1)
#define GENREKIT_UNKNOWN (-2)
#define GENREKIT_SILENCE_DBFS (-60.0f) /* what to take for silence where nothing else is known */

typedef struct {
    uint64_t end;         /* samples from the stream's start to the window's end */
    int32_t label;        /* index of the most probable label */
    int32_t answer;       /* the same, or GENREKIT_SILENCE, or GENREKIT_UNKNOWN */
    float level_dbfs;     /* of the window's audio about its mean, re full scale; -INFINITY for a constant */
    float distance;       /* from the training, where 1 is the largest that counts as alike; NAN: not known */
    float audio_fraction; /* of the window, in (0, 1]; the rest was padded with silence */
    const float *scores;  /* [n_labels] probabilities, in the classifier's memory until its next decision */
} genrekit_prediction;

typedef struct genrekit_classifier genrekit_classifier;

/* Bytes of memory that a classifier needs, whatever the instructions; 0 where an argument is not usable. */
GENREKIT_API size_t genrekit_classifier_bytes(const genrekit_model *model, size_t stride_frames);

/* Make a classifier in `memory`, which may lie at any address; decisions fall due as windows of a stream do.
 *   silence_dbfs   windows of a lower level are silent, -200 to 0; GENREKIT_SILENCE_DBFS
 *   bytes          how many there are; set to how many are needed
 * Returns GENREKIT_TOO_SMALL if the memory is too small, GENREKIT_INVALID if an argument is not usable. */
GENREKIT_API genrekit_status genrekit_classifier_init(
    const genrekit_model *model, size_t stride_frames, float silence_dbfs, genrekit_instructions instructions,
    void *memory, size_t *bytes, genrekit_classifier **classifier);

/* As the functions of streams. */
GENREKIT_API void genrekit_classifier_reset(genrekit_classifier *classifier);
GENREKIT_API size_t genrekit_classifier_push(genrekit_classifier *classifier, const float *samples, size_t count);
GENREKIT_API size_t genrekit_classifier_push_int16(
    genrekit_classifier *classifier, const int16_t *samples, size_t count);
GENREKIT_API int genrekit_classifier_due(const genrekit_classifier *classifier);
GENREKIT_API genrekit_status genrekit_classifier_decide(
    genrekit_classifier *classifier, genrekit_prediction *prediction);
GENREKIT_API genrekit_status genrekit_classifier_flush(
    genrekit_classifier *classifier, genrekit_prediction *prediction);

/* The raw MFCC [frames][n_mfcc] of the window that was decided last, in the classifier's memory. */
GENREKIT_API const float *genrekit_classifier_features(const genrekit_classifier *classifier);

/* Samples since genrekit_classifier_init that counted as silence because they are not between -1e10 and 1e10. */
GENREKIT_API uint64_t genrekit_classifier_invalid_samples(const genrekit_classifier *classifier);

#ifdef __cplusplus
}
#endif

#endif
