/* The profile that a new organisation begins with: packaging/profiles/radrum.json, inside the binary. */
#ifndef FALTBOK_APP_NODE_BUILTIN_H
#define FALTBOK_APP_NODE_BUILTIN_H

#include <stddef.h>

extern const char builtin_profile[];
extern const size_t builtin_profile_bytes;
/* What a home for practice begins with: packaging/practice/examples.jsonl. */
extern const char builtin_examples[];
extern const size_t builtin_examples_bytes;

#endif
