/* The assembler includes the file; the rules of tests/sim make this object depend on it. */
#include "sim/day_internal.h"

__asm__(".section .rodata\n"
        ".global day_profile\n"
        "day_profile:\n"
        ".incbin \"packaging/profiles/radrum.json\"\n"
        ".byte 0\n"
        ".previous\n");
