/* Vectors of LANES numbers in float, for a source that defines LANES, with what layers need beside lanes.h. */

#define REAL float
#include "lanes.h"

static ALWAYS_INLINE float_vec smaller_of(float_vec one, float_vec other) { return -larger_of(-one, -other); }

/* `count` numbers, if these are fewer than the lanes, from and to an address; other lanes are 0. */
static ALWAYS_INLINE float_vec load_part(const float *from, size_t count) {
    if (count >= LANES)
        return load(from);
    float_vec result = all_lanes(0);
    memcpy(&result, from, count * sizeof *from);
    return result;
}

static ALWAYS_INLINE void store_part(float *to, float_vec value, size_t count) {
    if (count >= LANES)
        memcpy(to, &value, sizeof value);
    else
        memcpy(to, &value, count * sizeof *to);
}
