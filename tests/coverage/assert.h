/*
 * <assert.h> of the coverage build's objects, and of no other. An assertion
 * stops the program because the program is wrong: no input may reach its far
 * side, so there is no branch a test could take. Its condition is compiled
 * here, and neither evaluated nor counted.
 */
#undef assert
#define assert(claim) ((void)sizeof((claim) ? 1 : 0))
#undef static_assert
#define static_assert _Static_assert
