/* classify: decisions on a stream of audio; a self-test; what a window costs. `classify --help` says how.
 *
 * GENREKIT_STATIC_BYTES is memory for the classifier where there is no heap; with GENREKIT_SELF_TEST the program is the
 * self-test alone, whatever its arguments. */

#if defined(_WIN32)
#include <windows.h>
/* Behind it, for they need its types. */
#include <fcntl.h>
#include <io.h>
#else
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#endif

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "golden.h"
#include "model.h"

#define STRIDE_S 0.5
#define MOST_HOPS 1e6 /* in a stride */
#define BLOCK 512     /* samples that are read at once */

static const genrekit_model *const model = &GENREKIT_MODEL;

static void *heap; /* memory to free in the end */

static int failed(const char *reason) {
    fprintf(stderr, "classify: %s\n", reason);
    return 1;
}

static size_t hops_of(double stride_s) {
    double hops = rint(stride_s * model->sample_rate / model->front_end->hop_length);
    return hops < 1 ? 1 : (size_t)hops;
}

/* A classifier in memory of its own, or NULL, which was explained. */
static genrekit_classifier *new_classifier(size_t stride_frames) {
    genrekit_classifier *classifier = NULL;
#ifdef GENREKIT_STATIC_BYTES
    static unsigned char memory[GENREKIT_STATIC_BYTES];
    size_t bytes = sizeof memory;
#else
    size_t bytes = genrekit_classifier_bytes(model, stride_frames);
    void *memory = heap = malloc(bytes);
#endif
    genrekit_status status = genrekit_classifier_init(
        model, stride_frames, GENREKIT_SILENCE_DBFS, GENREKIT_BEST, memory, &bytes, &classifier);
    if (status != GENREKIT_OK)
        fprintf(stderr, "classify: expected %lu bytes of memory for a classifier; give them, or change the stride\n",
                (unsigned long)bytes);
    return classifier;
}

/* ---- the self-test ---- */

/* The largest difference, and INFINITY where one is no number. */
static float largest_difference(const float *received, const float *expected, size_t count) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) {
        float difference = fabsf(received[i] - expected[i]);
        if (!(difference <= largest))
            largest = difference <= HUGE_VALF ? difference : HUGE_VALF;
    }
    return largest;
}

static int self_test(void) {
    const size_t values = GOLDEN_FRAMES * GOLDEN_N_MFCC;
    float most_features = 0, most_scores = 0;
    genrekit_classifier *classifier = new_classifier(hops_of(STRIDE_S));
    if (!classifier)
        return 1;
    for (size_t window = 0; window < GOLDEN_WINDOWS; window++) {
        genrekit_prediction found;
        genrekit_classifier_reset(classifier);
        genrekit_classifier_push_int16(classifier, golden_samples[window], GOLDEN_SAMPLES);
        if (genrekit_classifier_decide(classifier, &found) != GENREKIT_OK)
            return failed("golden.h is of another model: expected windows as long as this one's");
        const float *features = genrekit_classifier_features(classifier);
        float of_features = largest_difference(features, (const float *)golden_features[window], values);
        float of_scores = largest_difference(found.scores, golden_scores[window], (size_t)model->n_labels);
        printf("window %lu: MFCC within %.2g, scores within %.2g\n", (unsigned long)window + 1, (double)of_features,
               (double)of_scores);
        most_features = of_features > most_features ? of_features : most_features;
        most_scores = of_scores > most_scores ? of_scores : most_scores;
    }
    int passed = most_features <= GOLDEN_FEATURES_TOLERANCE && most_scores <= GOLDEN_SCORES_TOLERANCE;
    printf("%s: MFCC within %.2g (allowed %.2g), scores within %.2g (allowed %.2g)\n", passed ? "PASS" : "FAIL",
           (double)most_features, (double)GOLDEN_FEATURES_TOLERANCE, (double)most_scores,
           (double)GOLDEN_SCORES_TOLERANCE);
    return !passed;
}

#ifdef GENREKIT_SELF_TEST

static int run(int argc, char **argv) {
    (void)argc, (void)argv;
    return self_test();
}

#else

/* ---- a stream ---- */

/* Up to `count` samples of standard input, little-endian whatever the machine; fewer at its end. */
static size_t read_samples(int16_t *samples, size_t count) {
    size_t read = 0;
    while (read < count) {
        unsigned char bytes[2 * BLOCK];
        size_t wanted = count - read < BLOCK ? count - read : BLOCK, came = fread(bytes, 2, wanted, stdin);
        for (size_t i = 0; i < came; i++) {
            long value = (long)bytes[2 * i] | (long)bytes[2 * i + 1] << 8;
            samples[read + i] = (int16_t)(value < 32768 ? value : value - 65536);
        }
        read += came;
        if (came < wanted)
            break;
    }
    return read;
}

static void print_string(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_number(double value) {
    if (fabs(value) < HUGE_VALF)
        printf("%.9g", value);
    else
        fputs("null", stdout);
}

/* Whether it could be written. */
static int print_decision(const genrekit_prediction *found) {
    printf("{\"time_s\": %.3f, \"label\": ", (double)found->end / model->sample_rate);
    print_string(model->labels[found->label]);
    fputs(", \"score\": ", stdout);
    print_number((double)found->scores[found->label]);
    fputs(", \"scores\": {", stdout);
    for (int32_t i = 0; i < model->n_labels; i++) {
        fputs(i ? ", " : "", stdout);
        print_string(model->labels[i]);
        fputs(": ", stdout);
        print_number((double)found->scores[i]);
    }
    fputs("}, \"answer\": ", stdout);
    print_string(found->answer == GENREKIT_SILENCE   ? "silence"
                 : found->answer == GENREKIT_UNKNOWN ? "unknown"
                                                     : model->labels[found->answer]);
    puts(found->audio_fraction < 1 ? ", \"padded\": true}" : "}");
    return fflush(stdout) == 0;
}

static int stream(double stride_s) {
    int16_t samples[BLOCK];
    size_t count, stride = hops_of(stride_s) * (size_t)model->front_end->hop_length;
    size_t needed = (size_t)model->front_end->window_samples; /* for the next decision: no more is waited for */
    genrekit_prediction found;
    genrekit_classifier *classifier = new_classifier(hops_of(stride_s));
    if (!classifier)
        return 1;
    while ((count = read_samples(samples, needed < BLOCK ? needed : BLOCK)) > 0) {
        genrekit_classifier_push_int16(classifier, samples, count);
        needed -= count;
        if (genrekit_classifier_decide(classifier, &found) == GENREKIT_OK) {
            if (!print_decision(&found))
                return failed("standard output cannot be written");
            needed = stride;
        }
    }
    if (ferror(stdin))
        return failed("standard input cannot be read");
    if (genrekit_classifier_flush(classifier, &found) == GENREKIT_OK && !print_decision(&found))
        return failed("standard output cannot be written");
    return 0;
}

/* ---- what a window costs ---- */

static double now_ms(void) {
#if defined(_WIN32)
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    return 1e3 * (double)ticks.QuadPart / (double)per_second.QuadPart;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
#endif
}

/* Whole windows of standard input, at most `most`, one behind the other; NULL without memory. */
static int16_t *read_windows(size_t most, size_t *windows) {
    size_t length = (size_t)model->front_end->window_samples, room = 0;
    int16_t *samples = NULL;
    for (*windows = 0; *windows < most; ++*windows) {
        if (*windows == room) {
            room = room ? 2 * room : 1;
            int16_t *more = realloc(samples, room * length * sizeof *samples);
            if (!more) {
                free(samples);
                return NULL;
            }
            samples = more;
        }
        if (read_samples(samples + *windows * length, length) < length)
            break;
    }
    return samples;
}

static int bench(size_t times) {
    size_t length = (size_t)model->front_end->window_samples, windows;
    genrekit_classifier *classifier = new_classifier(hops_of(STRIDE_S));
    if (!classifier)
        return 1;
    int16_t *samples = read_windows(times, &windows);
    if (!samples)
        return failed("no memory for the windows of standard input; give it fewer");
    if (windows == 0) {
        free(samples);
        fprintf(stderr, "classify: expected at least %lu samples on standard input, one window\n",
                (unsigned long)length);
        return 2;
    }
    fputs("{\"clip_ms\": [", stdout);
    for (size_t i = 0; i < times; i++) {
        genrekit_prediction found;
        genrekit_classifier_reset(classifier);
        double begin = now_ms();
        genrekit_classifier_push_int16(classifier, samples + i % windows * length, length);
        genrekit_classifier_decide(classifier, &found);
        printf("%s%.6f", i ? ", " : "", now_ms() - begin);
    }
    puts("]}");
    free(samples);
    return 0;
}

static int size(void) {
#ifdef FLASH_BYTES
    printf("{\"flash_bytes\": %lu", (unsigned long)FLASH_BYTES);
#else
    printf("{\"flash_bytes\": null");
#endif
    printf(", \"state_bytes\": %lu}\n", (unsigned long)genrekit_classifier_bytes(model, hops_of(STRIDE_S)));
    return 0;
}

/* ---- the command line ---- */

static int help(void) {
    puts("classify [STRIDE] < audio.pcm   a JSON line for each decision, every STRIDE seconds, 0.5 by default\n"
         "classify --self-test            the golden vectors; PASS or FAIL\n"
         "classify --bench N < audio.pcm  {\"clip_ms\": [milliseconds]} of N windows, samples in, label out\n"
         "classify --size                 {\"flash_bytes\", \"state_bytes\"}: code and constants, memory of a stream\n");
    printf("audio.pcm: s16le, mono, %ld Hz; arecord -t raw -f S16_LE -c 1 -r %ld - | ./classify 1\n",
           (long)model->sample_rate, (long)model->sample_rate);
    return 0;
}

static int wrong(const char *name, const char *value, const char *expected) {
    fprintf(stderr, "classify: %s=%s: expected %s; see classify --help\n", name, value, expected);
    return 2;
}

static int run(int argc, char **argv) {
    const char *first = argc > 1 ? argv[1] : "", *second = argc > 2 ? argv[2] : "";
    int benches = strcmp(first, "--bench") == 0;
    char *end;
#if defined(_WIN32)
    _setmode(_fileno(stdin), _O_BINARY);
#endif
    if (argc > 2 + benches)
        return wrong("argument", argv[2 + benches], "no more arguments");
    if (strcmp(first, "--help") == 0)
        return help();
    if (strcmp(first, "--self-test") == 0)
        return self_test();
    if (strcmp(first, "--size") == 0)
        return size();
    if (benches) {
        double times = strtod(second, &end);
        if (end == second || *end || !(times >= 1 && times <= 1e6) || rint(times) != times)
            return wrong("N", second, "a whole number from 1 to 1000000");
        return bench((size_t)times);
    }
    double stride_s = argc > 1 ? strtod(first, &end) : STRIDE_S;
    if (argc > 1 && (end == first || *end || !(stride_s > 0)))
        return wrong("STRIDE", first, "a positive number of seconds");
    if (stride_s * model->sample_rate / model->front_end->hop_length > MOST_HOPS ||
        !genrekit_classifier_bytes(model, hops_of(stride_s)))
        return wrong("STRIDE", first, "fewer seconds");
    return stream(stride_s);
}

#endif

int main(int argc, char **argv) {
    int code = run(argc, argv);
    free(heap);
    return code;
}
