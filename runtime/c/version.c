#include "genrekit.h"

#ifndef GENREKIT_SOURCES
#define GENREKIT_SOURCES ""
#endif

int genrekit_abi(void) { return 1; }

const char *genrekit_sources(void) { return GENREKIT_SOURCES; }
