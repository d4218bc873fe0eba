/* What runs before newlib's own start, on the Cortex-M boards that QEMU emulates: the vectors, and the FPU switched on. */
#include <stdint.h>

extern uint32_t stack_top[];
void _start(void);

/* ARMv7-M Architecture Reference Manual, B3.2.20: full access to coprocessors 10 and 11. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

static void reset(void) {
#ifdef __ARM_FP
    CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb");
#endif
    _start();
}

/* Whatever goes wrong ends the emulation: semihosting's SYS_EXIT with ADP_Stopped_InternalError. */
static void fault(void) {
    register uint32_t operation __asm("r0") = 0x18, reason __asm("r1") = 0x20024;
    __asm volatile("bkpt 0xab" : : "r"(operation), "r"(reason) : "memory");
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};
