/* Counts instructions: under QEMU's -icount shift=0 each takes a nanosecond, which a timer of the board tells. Prints
 * JSON: instructions of a window, of a second of a stream, and the most bytes of stack that they took. */
#include "golden.h"
#include "model.h"

#include <stdio.h>

/* CMSDK APB timer 0 of the mps2 boards: it counts down at 25 MHz. Arm, Application Note 386. */
#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000u)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004u)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008u)
#define INSTRUCTIONS_OF_A_TICK 40u
#define PAINT 0xa5u
#define STACK 16384u

static unsigned char memory[STATE_BYTES];

static uint32_t *stack_pointer(void) {
    uint32_t *pointer;
    __asm volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

static void paint_stack(void) {
    volatile unsigned char *below = (volatile unsigned char *)stack_pointer() - 64;
    for (uint32_t i = 0; i < STACK; i++)
        below[-(int32_t)i] = PAINT;
}

static uint32_t stack_used(void) {
    volatile unsigned char *below = (volatile unsigned char *)stack_pointer() - 64;
    uint32_t clean = 0;
    while (clean < STACK && below[-(int32_t)(STACK - 1 - clean)] == PAINT)
        clean++;
    return STACK - clean + 64;
}

static void push_all(genrekit_classifier *classifier, const int16_t *samples, size_t count) {
    genrekit_prediction found;
    while (count > 0) {
        size_t taken = genrekit_classifier_push_int16(classifier, samples, count);
        samples += taken, count -= taken;
        genrekit_classifier_decide(classifier, &found);
    }
}

int main(void) {
    genrekit_classifier *classifier;
    size_t bytes = sizeof memory;
    if (genrekit_classifier_init(
            &GENREKIT_MODEL, STRIDE_FRAMES, GENREKIT_SILENCE_DBFS, GENREKIT_BASE, memory, &bytes, &classifier)) {
        printf("{\"needed\": %lu}\n", (unsigned long)bytes);
        return 1;
    }
    TIMER_RELOAD = 0xffffffffu;
    TIMER_VALUE = 0xffffffffu;
    TIMER_CONTROL = 1;
    paint_stack();
    uint32_t start = TIMER_VALUE;
    push_all(classifier, golden_samples[0], GOLDEN_SAMPLES);
    uint32_t of_window = start - TIMER_VALUE;
    start = TIMER_VALUE;
    for (size_t left = (size_t)GENREKIT_MODEL.sample_rate, most = GOLDEN_SAMPLES; left > 0;) {
        size_t count = left < most ? left : most;
        push_all(classifier, golden_samples[1], count);
        left -= count;
    }
    uint32_t of_second = start - TIMER_VALUE;
    printf("{\"window\": %lu, \"second\": %lu, \"stack_bytes\": %lu, \"state_bytes\": %lu}\n",
           (unsigned long)of_window * INSTRUCTIONS_OF_A_TICK, (unsigned long)of_second * INSTRUCTIONS_OF_A_TICK,
           (unsigned long)stack_used(), (unsigned long)bytes);
    return 0;
}
