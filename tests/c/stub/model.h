/* As an export has it, of the model that c_folder.py writes. */
#include "genrekit.h"

extern const genrekit_model linear;

#define GENREKIT_MODEL linear
