/* The front end alone, without Python: ends with 0 where it does what it must, and says what it does not. */

#include <stdio.h>

#include "genrekit.h"

int main(void) {
    int wrong = 0;
    if (genrekit_abi() < 1) {
        printf("genrekit_abi() = %d: expected 1 or more\n", genrekit_abi());
        wrong = 1;
    }
    printf("front end, ABI %d: %s\n", genrekit_abi(), wrong ? "wrong" : "right");
    return wrong;
}
