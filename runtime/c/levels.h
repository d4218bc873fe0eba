/* Samples that are copied, and log-mel -> MFCC; for sources with REAL float. */

static uint32_t copy_valid(float *to, const float *from, size_t count) {
    uint32_t invalid = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        memcpy(&value, from + i, sizeof value);
        uint32_t wrong = (value & MAGNITUDE) >= LOUDEST, kept = wrong ? 0 : value;
        invalid += wrong;
        memcpy(to + i, &kept, sizeof kept);
    }
    return invalid;
}

static float largest(const float *values, size_t count) {
    float most = values[0];
    size_t index = 0;
    if (count >= LANES) {
        float_vec most_of_lanes = load(values);
        for (index = LANES; index + LANES <= count; index += LANES)
            most_of_lanes = larger_of(load(values + index), most_of_lanes);
        for (int lane = 0; lane < LANES; lane++)
            if (lane_of(most_of_lanes, lane) > most)
                most = lane_of(most_of_lanes, lane);
    }
    for (; index < count; index++)
        if (values[index] > most)
            most = values[index];
    return most;
}

/* What `cepstrum` transforms: log_mel raised to `least`, less their mean, which it returns. */
static float clamp_about_mean(const float *log_mel, float least, size_t n_mels, float *work) {
    size_t band = 0;
    float_vec sums = all_lanes(0);
    for (; band + LANES <= n_mels; band += LANES) {
        float_vec clamped = larger_of(load(log_mel + band), all_lanes(least));
        memcpy(work + band, &clamped, sizeof clamped);
        sums += clamped;
    }
    float sum = sum_of_lanes(sums);
    for (; band < n_mels; band++) {
        work[band] = log_mel[band] > least ? log_mel[band] : least;
        sum += work[band];
    }
    float mean = sum / (float)n_mels;
    for (band = 0; band < n_mels; band++)
        work[band] -= mean;
    return mean;
}

/* All coefficients of the DCT but the first do not change with a constant, so that the mean can be taken from a frame and
 * given back to the first: near it, rounding does not reach the third decimal as it does with 128 times -100 dB. */
static void cepstrum(const genrekit_front_end *fe, const float *log_mel, float least, float *work, float *features) {
    size_t n_mels = (size_t)fe->n_mels, n_mfcc = (size_t)fe->n_mfcc;
    float mean = clamp_about_mean(log_mel, least, n_mels, work);
    for (size_t k = 0; k < n_mfcc; k += LANES) { /* LANES coefficients, and what stands behind the last */
        float_vec sums[4] = {all_lanes(0), all_lanes(0), all_lanes(0), all_lanes(0)};
        size_t band = 0;
        for (; band + 4 <= n_mels; band += 4)
            UNROLLED for (size_t i = 0; i < 4; i++)
                sums[i] += load(fe->dct + (band + i) * n_mfcc + k) * work[band + i];
        for (; band < n_mels; band++)
            sums[0] += load(fe->dct + band * n_mfcc + k) * work[band];
        float_vec sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        memcpy(features + k, &sum, (n_mfcc - k < LANES ? n_mfcc - k : LANES) * sizeof *features);
    }
    features[0] += mean * (float)n_mels * fe->dct[0];
}
