/* MFCC of whole windows, and the choice of instructions. */

#include "internal.h"

#include <float.h>
#include <string.h>

#if X86_SETS
#include <cpuid.h>
#endif

int32_t genrekit_abi(void) { return GENREKIT_ABI; }

genrekit_instructions genrekit_best_instructions(void) {
#if X86_SETS
    /* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 14.3 and 15.2: the processor must have
     * the instructions, and the system must keep the registers. */
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx2 = 1u << 5, avx512 = 1u << 16 | 1u << 17;
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (fma | osxsave)) != (fma | osxsave))
        return GENREKIT_BASE;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0x06) != 0x06 || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & avx2))
        return GENREKIT_BASE;
    return (low & 0xe0) == 0xe0 && (b & avx512) == avx512 ? GENREKIT_AVX512 : GENREKIT_AVX2;
#else
    return GENREKIT_BASE;
#endif
}

genrekit_instructions genrekit_resolved(genrekit_instructions instructions) {
    genrekit_instructions best = genrekit_best_instructions();
    if (instructions == GENREKIT_BEST)
        return best;
    return instructions >= GENREKIT_BASE && instructions <= best ? instructions : GENREKIT_BEST;
}

static const instruction_set *const sets[N_SETS] = {
    &genrekit_base,
#if X86_SETS
    &genrekit_avx2, &genrekit_avx512,
#endif
};

int genrekit_usable(const genrekit_front_end *fe) {
    if (!fe || !fe->arithmetic || !fe->window || !fe->twiddles || !fe->unpack || !fe->radices || !fe->positions ||
        !fe->mel_first || !fe->mel_counts || !fe->mel_weights || !fe->dct)
        return 0;
    /* The bounds of MfccConfig, within which no size overflows. */
    if (fe->n_fft < 2 || fe->n_fft > 65536 || fe->n_fft % 2 || fe->hop_length < 1 || fe->hop_length > 1000000 ||
        fe->n_mels < 1 || fe->n_mels > 1024 || fe->n_mfcc < 1 || fe->n_mfcc > fe->n_mels ||
        fe->window_samples < fe->n_fft || fe->window_samples > 1 << 24 || fe->center < 0 || fe->center > 1 ||
        !(fe->top_db >= 0) || fe->n_passes < 0 || fe->n_passes > 15)
        return 0;
    int32_t half = fe->n_fft / 2, rest = half;
    for (int32_t p = 0; p < fe->n_passes; p++) {
        int32_t radix = fe->radices[p];
        if (radix < 2 || radix > 5 || rest % radix)
            return 0;
        rest /= radix;
    }
    for (int32_t k = 0; k < half; k++)
        if (fe->positions[k] >= half)
            return 0;
    for (int32_t band = 0; band < fe->n_mels; band++)
        if (fe->mel_first[band] < 0 || fe->mel_counts[band] < 0 || fe->mel_first[band] > half + 1 ||
            fe->mel_counts[band] > half + 1 - fe->mel_first[band])
            return 0;
    return rest == 1;
}

size_t genrekit_frame_count(const genrekit_front_end *fe, size_t count) {
    return genrekit_usable(fe) ? genrekit_frames(fe, count) : 0;
}

size_t genrekit_frames(const genrekit_front_end *fe, size_t count) {
    size_t n_fft = (size_t)fe->n_fft, padded = fe->center ? count + 2 * (n_fft / 2) : count;
    return count == 0 || padded < n_fft ? 0 : 1 + (padded - n_fft) / (size_t)fe->hop_length;
}

ptrdiff_t genrekit_frame_start(const genrekit_front_end *fe, size_t frame_index) {
    return (ptrdiff_t)(frame_index * (size_t)fe->hop_length) - (fe->center ? fe->n_fft / 2 : 0);
}

/* Floats of the FFT and the power of all lanes, and of one frame's log-mel, in the same place. */
static size_t work_floats(const genrekit_front_end *fe) {
    size_t n_fft = (size_t)fe->n_fft, n_mels = (size_t)fe->n_mels, reals = fe->arithmetic->real_bytes / sizeof(float);
    size_t transform = (n_fft * reals + n_fft / 2 + 1) * fe->arithmetic->most_lanes;
    return transform > n_mels ? transform : n_mels;
}

size_t genrekit_mfcc_floats(const genrekit_front_end *fe) {
    return work_floats(fe) + (size_t)fe->n_fft * fe->arithmetic->most_lanes;
}

float *genrekit_mfcc_lay(
    genrekit_mfcc *mfcc, const genrekit_front_end *fe, genrekit_instructions instructions, float *memory) {
    mfcc->front_end = fe;
    mfcc->set = sets[instructions - GENREKIT_BASE];
    mfcc->transform = fe->arithmetic->transforms[instructions - GENREKIT_BASE];
    mfcc->work = memory;
    mfcc->padded = memory + work_floats(fe);
    return memory + genrekit_mfcc_floats(fe);
}

void *genrekit_aligned(void *memory) {
    return (char *)memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
}

size_t genrekit_mfcc_bytes(const genrekit_front_end *fe) {
    if (!genrekit_usable(fe))
        return 0;
    return 2 * ALIGNMENT + sizeof(genrekit_mfcc) + sizeof(float) * genrekit_mfcc_floats(fe);
}

genrekit_status genrekit_memory_status(void *memory, size_t *bytes, size_t needed) {
    size_t given = *bytes;
    *bytes = needed;
    if (needed == 0)
        return GENREKIT_INVALID;
    if (given < needed)
        return GENREKIT_TOO_SMALL;
    return memory ? GENREKIT_OK : GENREKIT_INVALID;
}

genrekit_status genrekit_mfcc_init(
    const genrekit_front_end *fe, genrekit_instructions instructions, void *memory, size_t *bytes,
    genrekit_mfcc **mfcc) {
    if (!bytes || !mfcc)
        return GENREKIT_INVALID;
    *mfcc = NULL;
    genrekit_status status = genrekit_memory_status(memory, bytes, genrekit_mfcc_bytes(fe));
    instructions = genrekit_resolved(instructions);
    if (status == GENREKIT_OK && instructions == GENREKIT_BEST)
        status = GENREKIT_INVALID;
    if (status != GENREKIT_OK)
        return status;
    *mfcc = genrekit_aligned(memory);
    genrekit_mfcc_lay(*mfcc, fe, instructions, genrekit_aligned(*mfcc + 1));
    return GENREKIT_OK;
}

void genrekit_transform(genrekit_mfcc *mfcc, const frame *frames, size_t count) {
    size_t n_fft = (size_t)mfcc->front_end->n_fft;
    const float *samples[MAX_LANES];
    float *rows[MAX_LANES];
    for (size_t i = 0; i < count; i++) {
        const frame *one = frames + i;
        rows[i] = one->row;
        samples[i] = one->samples;
        if (one->count < n_fft) {
            float *padded = mfcc->padded + i * n_fft;
            memset(padded, 0, n_fft * sizeof *padded);
            memcpy(padded + one->before, one->samples, one->count * sizeof *padded);
            samples[i] = padded;
        }
    }
    for (size_t i = count; i < mfcc->transform->lanes; i++) /* lanes that have nothing else to do */
        samples[i] = samples[0];
    mfcc->transform->log_mel(mfcc->front_end, samples, count, rows, mfcc->work);
}

genrekit_status genrekit_log_mel(
    genrekit_mfcc *mfcc, const float *samples, size_t count, size_t first, size_t frames, float *log_mel) {
    if (!mfcc || !samples || !log_mel)
        return GENREKIT_INVALID;
    const genrekit_front_end *fe = mfcc->front_end;
    size_t all = genrekit_frames(fe, count), n_fft = (size_t)fe->n_fft;
    if (first > all || frames > all - first)
        return GENREKIT_INVALID;
    frame group[MAX_LANES];
    for (size_t done = 0; done < frames;) {
        size_t size = frames - done < mfcc->transform->lanes ? frames - done : mfcc->transform->lanes;
        for (size_t i = 0; i < size; i++, done++) {
            ptrdiff_t start = genrekit_frame_start(fe, first + done);
            size_t before = start < 0 ? (size_t)-start : 0, from = start < 0 ? 0 : (size_t)start;
            size_t within = n_fft - before, left = count - from;
            frame one = {samples + from, before, within < left ? within : left, log_mel + done * (size_t)fe->n_mels};
            group[i] = one;
        }
        genrekit_transform(mfcc, group, size);
    }
    return GENREKIT_OK;
}

genrekit_status genrekit_cepstrum(genrekit_mfcc *mfcc, const float *log_mel, size_t frames, float *features) {
    if (!mfcc || !log_mel || !features || frames == 0)
        return GENREKIT_INVALID;
    const genrekit_front_end *fe = mfcc->front_end;
    const instruction_set *set = mfcc->set;
    size_t n_mels = (size_t)fe->n_mels, n_mfcc = (size_t)fe->n_mfcc;
    float least = fe->top_db > 0 ? set->largest(log_mel, frames * n_mels) - fe->top_db : -FLT_MAX;
    for (size_t i = 0; i < frames; i++)
        set->cepstrum(fe, log_mel + i * n_mels, least, mfcc->work, features + i * n_mfcc);
    return GENREKIT_OK;
}

void genrekit_normalize(
    const float *features, size_t frames, size_t n_mfcc, const float *mean, const float *std, float *normalized) {
    for (size_t i = 0; i < frames; i++)
        for (size_t k = 0; k < n_mfcc; k++)
            normalized[i * n_mfcc + k] = (features[i * n_mfcc + k] - mean[k]) / std[k];
}
