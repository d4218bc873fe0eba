/* What an answer is worked out from, beside a model's scores. */
#ifndef GENREKIT_ANSWER_H
#define GENREKIT_ANSWER_H

#include "internal.h"

#define LEVEL_LANES 8

/* Of some samples. */
typedef struct {
    float mean;
    float squares; /* sum of those of the differences from the mean */
} moments;

/* Measures the level of a stream's last window, hop by hop. Sample i of a hop goes into sum i % LEVEL_LANES, however the
 * samples come. */
typedef struct {
    size_t hop;  /* samples */
    size_t hops; /* whole ones in a window */
    size_t next, filled; /* of `of_hops`: where the next hop goes, how many there are */
    size_t count;        /* samples of the hop that has begun */
    float first;         /* of them: sums are taken about it */
    float sums[LEVEL_LANES], squares[LEVEL_LANES];
    moments *of_hops; /* [hops] */
} level_meter;

/* Forget everything that came. */
void genrekit_level_reset(level_meter *meter);

/* The next samples; those that are not below 1e10 count as silence. */
void genrekit_level_push(level_meter *meter, const float *samples, size_t count);

/* Root mean square of the last window's samples about their mean, in dB re full scale; -INFINITY for a constant. Of less
 * than a window: of all that came, at least one sample. The last hops of a window must be the last that ended. */
float genrekit_level_dbfs(const level_meter *meter);

/* How far a window is from those of the training, where 1 is the largest distance that counts as alike; NAN where that is
 * not known. features [frames][n_mfcc]: raw MFCC of the window's audio alone. */
float genrekit_distance(const genrekit_rejection *rejection, const float *features, size_t frames, size_t n_mfcc);

/* prediction->label and answer, of its other fields. */
void genrekit_answer(const genrekit_model *model, float silence_dbfs, genrekit_prediction *prediction);

#endif
