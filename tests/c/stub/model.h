/* As an export has it, for compilers that say what they think of main.c. */
#include "genrekit.h"

extern const genrekit_model linear;

#define GENREKIT_MODEL linear
