/* The front end in C: samples -> MFCC. */
#ifndef GENREKIT_H
#define GENREKIT_H

#if !defined(GENREKIT_SHARED)
#define GENREKIT_API
#elif defined(_WIN32)
#define GENREKIT_API __declspec(dllexport)
#else
#define GENREKIT_API __attribute__((visibility("default")))
#endif

/* Number of this interface; it changes where a caller of an older one would go wrong. */
GENREKIT_API int genrekit_abi(void);

/* First 16 hexadecimal digits of the digest of the sources, empty where the build names none. */
GENREKIT_API const char *genrekit_sources(void);

#endif
