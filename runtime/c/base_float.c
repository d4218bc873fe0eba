/* With the instructions that the compiler may use everywhere, an FFT in float: four lanes where these have vectors of 128
 * bits. */

#include "internal.h"

#define REAL float
#define LANES BASE_LANES
#include "frames.h"
#include "levels.h"

const transform genrekit_base_float = {LANES, log_mel};
const instruction_set genrekit_base = {copy_valid, largest, cepstrum};
const genrekit_arithmetic genrekit_in_float = {
    sizeof(float),
    MAX_LANES,
    {
        &genrekit_base_float,
#if X86_SETS
        &genrekit_avx2_float, &genrekit_avx512_float,
#endif
    },
};
