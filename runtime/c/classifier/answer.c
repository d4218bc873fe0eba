/* The answer that a window deserves: its label, or silence, or unknown. What runtime/prediction.py and
 * runtime/modelfile/rejection.py compute, in float. */

#include "answer.h"

#define REAL float
#define LANES BASE_LANES
#include "lanes.h"

#include <math.h>
#include <string.h>

#define COEFFICIENTS 13   /* whose statistics are compared, at most */
#define TINIEST 1e-7f     /* probability, as Keras clips it */
#define SHORTEST 0.1f     /* of a window: less audio gets no label for its answer */
#define ROUNDING 1e-12f   /* of a constant's squared mean: less power than this is nothing */

/* ---- level ---- */

void genrekit_level_reset(level_meter *meter) { meter->next = meter->filled = meter->count = 0; }

static float valid(float sample) { return lane_of(sample_or_0(all_lanes(sample)), 0); }

static void add_one(level_meter *meter, float sample) {
    size_t lane = meter->count++ % LEVEL_LANES;
    float apart = valid(sample) - meter->first;
    meter->sums[lane] += apart;
    meter->squares[lane] += apart * apart;
}

/* `count` more samples of the hop that has begun. */
static void add(level_meter *meter, const float *samples, size_t count) {
    float first = meter->first;
    for (; count > 0 && meter->count % LEVEL_LANES; samples++, count--)
        add_one(meter, *samples);
    float_vec sums[LEVEL_LANES / LANES], squares[LEVEL_LANES / LANES];
    memcpy(sums, meter->sums, sizeof sums);
    memcpy(squares, meter->squares, sizeof squares);
    for (; count >= LEVEL_LANES; samples += LEVEL_LANES, count -= LEVEL_LANES, meter->count += LEVEL_LANES)
        for (size_t k = 0; k < LEVEL_LANES / LANES; k++) {
            float_vec apart = sample_or_0(load(samples + k * LANES)) - first;
            sums[k] += apart;
            squares[k] += apart * apart;
        }
    memcpy(meter->sums, sums, sizeof sums);
    memcpy(meter->squares, squares, sizeof squares);
    for (; count > 0; samples++, count--)
        add_one(meter, *samples);
}

static moments of_begun(const level_meter *meter) {
    float sum = 0, squares = 0;
    for (size_t lane = 0; lane < LEVEL_LANES; lane++)
        sum += meter->sums[lane], squares += meter->squares[lane];
    float about_mean = squares - sum * (sum / (float)meter->count);
    moments found = {meter->first + sum / (float)meter->count, about_mean > 0 ? about_mean : 0};
    return found;
}

static void hop_ended(level_meter *meter) {
    if (meter->hops > 0) {
        meter->of_hops[meter->next] = of_begun(meter);
        meter->next = meter->next + 1 < meter->hops ? meter->next + 1 : 0;
        meter->filled += meter->filled < meter->hops;
    }
    meter->count = 0;
}

void genrekit_level_push(level_meter *meter, const float *samples, size_t count) {
    while (count > 0) {
        size_t left = meter->hop - meter->count, part = count < left ? count : left;
        if (meter->count == 0) {
            meter->first = valid(samples[0]);
            memset(meter->sums, 0, sizeof meter->sums);
            memset(meter->squares, 0, sizeof meter->squares);
        }
        add(meter, samples, part);
        samples += part, count -= part;
        if (meter->count == meter->hop)
            hop_ended(meter);
    }
}

/* Hop `index` of the window, from the oldest on. */
static const moments *of_hop(const level_meter *meter, size_t index) {
    size_t oldest = meter->filled == meter->hops ? meter->next : 0;
    return meter->of_hops + (oldest + index) % meter->hops;
}

float genrekit_level_dbfs(const level_meter *meter) {
    moments begun = {0, 0};
    if (meter->count > 0)
        begun = of_begun(meter);
    /* Means are taken about one of them, so that they round with the signal and not with the constant below it. */
    float origin = meter->filled > 0 ? of_hop(meter, 0)->mean : begun.mean;
    float in_hop = (float)meter->hop, in_begun = (float)meter->count, mean = 0;
    float count = in_hop * (float)meter->filled + in_begun;
    for (size_t i = 0; i < meter->filled; i++)
        mean += in_hop * (of_hop(meter, i)->mean - origin);
    mean = (mean + in_begun * (begun.mean - origin)) / count;
    float apart = begun.mean - origin - mean, squares = begun.squares + in_begun * apart * apart;
    for (size_t i = 0; i < meter->filled; i++) {
        apart = of_hop(meter, i)->mean - origin - mean;
        squares += of_hop(meter, i)->squares + in_hop * apart * apart;
    }
    float power = squares / count, constant = origin + mean;
    return power > ROUNDING * constant * constant ? 10 * log10f(power) : -INFINITY;
}

/* ---- distance ---- */

/* Mean and standard deviation of `count` values, a step apart, less `before` of those that stand so far before them. */
static void mean_and_deviation(const float *values, size_t count, size_t step, size_t before, float *mean, float *std) {
    float first = before ? values[0] - values[-(ptrdiff_t)before] : values[0], sum = 0, squares = 0;
    for (int pass = 0; pass < 2; pass++) { /* squares are taken about the mean, which the first pass finds */
        float origin = first + sum / (float)count;
        for (size_t i = 0; i < count; i++) {
            const float *value = values + i * step;
            float apart = (before ? *value - value[-(ptrdiff_t)before] : *value) - origin;
            if (pass == 0)
                sum += apart;
            else
                squares += apart * apart;
        }
        *mean = origin;
    }
    *std = sqrtf(squares / (float)count);
}

/* What `window_statistics` of rejection.py gives: 2 * kept numbers. */
static void window_statistics(
    const float *features, size_t frames, size_t n_mfcc, size_t kept, float *statistics) {
    float pace = 0;
    for (size_t k = 0; k < kept; k++) {
        float mean, std, mean_difference, std_of_differences;
        mean_and_deviation(features + k, frames, n_mfcc, 0, &mean, &std);
        mean_and_deviation(features + n_mfcc + k, frames - 1, n_mfcc, n_mfcc, &mean_difference, &std_of_differences);
        if (k > 0)
            statistics[k - 1] = mean;
        statistics[kept - 1 + k] = log1pf(std);
        pace += log1pf(std_of_differences) - log1pf(std);
    }
    statistics[2 * kept - 1] = pace / (float)kept;
}

float genrekit_distance(const genrekit_rejection *rejection, const float *features, size_t frames, size_t n_mfcc) {
    float statistics[2 * COEFFICIENTS], whitened[2 * COEFFICIENTS], nearest = INFINITY;
    size_t kept = n_mfcc < COEFFICIENTS ? n_mfcc : COEFFICIENTS;
    if (!rejection || !(rejection->max_distance > 0) || frames < 2)
        return NAN;
    window_statistics(features, frames, n_mfcc, kept, statistics);
    const float *row = rejection->whitening;
    for (size_t i = 0; i < 2 * kept; row += ++i) {
        whitened[i] = 0;
        for (size_t j = 0; j <= i; j++)
            whitened[i] += row[j] * statistics[j];
    }
    const float *center = rejection->centers;
    for (int32_t i = 0; i < rejection->n_centers; i++, center += 2 * kept) {
        float squares = 0;
        for (size_t k = 0; k < 2 * kept; k++)
            squares += (whitened[k] - center[k]) * (whitened[k] - center[k]);
        if (squares < nearest)
            nearest = squares;
    }
    return sqrtf(nearest) / rejection->max_distance;
}

/* ---- answer ---- */

/* The calibrated probability of the most probable label: of the softmax of ln(p) / temperature. */
static float calibrated(const float *scores, int32_t n_labels, int32_t label, float temperature) {
    float most = scores[label] > TINIEST ? scores[label] : TINIEST, sum = 0;
    for (int32_t i = 0; i < n_labels; i++) {
        float score = scores[i] > TINIEST ? scores[i] : TINIEST;
        sum += expf((logf(score) - logf(most)) / temperature);
    }
    return 1 / sum;
}

void genrekit_answer(const genrekit_model *model, float silence_dbfs, genrekit_prediction *prediction) {
    const genrekit_rejection *rejection = model->rejection;
    const float *scores = prediction->scores;
    int32_t label = 0;
    for (int32_t i = 1; i < model->n_labels; i++)
        if (scores[i] > scores[label])
            label = i;
    prediction->label = prediction->answer = label;
    if (prediction->audio_fraction < SHORTEST)
        prediction->answer = GENREKIT_UNKNOWN;
    else if (prediction->level_dbfs < silence_dbfs)
        prediction->answer = GENREKIT_SILENCE;
    else if (rejection && (prediction->distance > 1 || calibrated(scores, model->n_labels, label,
                                                                 rejection->temperature) < rejection->min_probability))
        prediction->answer = GENREKIT_UNKNOWN;
}
