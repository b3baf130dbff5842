/* The assembler includes the file; the Makefile makes this object depend on it. */
#include "app/node_builtin.h"

__asm__(".section .rodata\n"
        ".global builtin_profile\n"
        ".balign 8\n"
        "builtin_profile:\n"
        ".incbin \"packaging/profiles/radrum.json\"\n"
        "builtin_profile_end:\n"
        ".byte 0\n"
        ".global builtin_profile_bytes\n"
        ".balign 8\n"
        "builtin_profile_bytes:\n"
        ".quad builtin_profile_end - builtin_profile\n"
        ".previous\n");
