/*
 * Errors: a code for the program, a sentence for the person.
 *
 * A function that can fail returns an enum err_code and fills a struct err
 * that its caller owns. The text grows from the inside out, so the person
 * reads "importing case-17.log: entry 41 of k3f9: signature does not match".
 * Text never holds content of a case: ids, counts and file names only.
 */
#ifndef FALTBOK_BASE_ERR_H
#define FALTBOK_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

/* X(code, exit status of CONTRACT, word in JSON, what it means: lower case, no full stop) */
#define ERR_MAP(X)                                                                       \
	X(ERR_USAGE, 1, "usage", "the command line is wrong")                            \
	X(ERR_REFUSED, 2, "refused", "not allowed")                                      \
	X(ERR_INVALID, 2, "refused", "the value is not valid")                           \
	X(ERR_UNKNOWN, 2, "refused", "nothing has that id")                              \
	X(ERR_EXISTS, 2, "refused", "it is already there")                               \
	X(ERR_MALFORMED, 3, "damaged", "data is not in the form it must have")           \
	X(ERR_TRUNCATED, 3, "damaged", "data ends before its last field")                \
	X(ERR_TOO_BIG, 3, "damaged", "data is larger than its limit")                    \
	X(ERR_SIGNATURE, 3, "damaged", "signature does not match the author's key")      \
	X(ERR_HASH, 3, "damaged", "hash does not match the bytes it names")              \
	X(ERR_KEY, 3, "damaged", "no key held here opens it")                            \
	X(ERR_GAP, 3, "damaged", "an entry before it is missing")                        \
	X(ERR_FORK, 3, "damaged", "a different entry stands at this place")              \
	X(ERR_DAMAGED, 3, "damaged", "stored data does not verify")                      \
	X(ERR_NEWER, 3, "damaged", "written by a newer version of Fältbok")              \
	X(ERR_PASSPHRASE, 4, "locked", "wrong passphrase")                               \
	X(ERR_LOCKED, 4, "locked", "the home is open in another process")                \
	X(ERR_IO, 5, "io", "input or output failed")                                     \
	X(ERR_NO_SPACE, 5, "io", "no space left")                                        \
	X(ERR_READ_ONLY, 5, "io", "this place can only be read")                         \
	X(ERR_NOT_FOUND, 5, "io", "no such file")                                        \
	X(ERR_NO_MEMORY, 5, "io", "out of memory")                                       \
	X(ERR_NETWORK, 6, "network", "no peer answers")                                  \
	X(ERR_TIMEOUT, 6, "network", "timed out")

enum err_code {
	ERR_OK = 0,
#define X(code, exit_status, word, text) code,
	ERR_MAP(X)
#undef X
};

struct err {
	enum err_code code;
	char text[512]; /* grows from the inside out: "doing: which: what" */
};

#define ERR_INIT { ERR_OK, "" }
#define MUST_CHECK __attribute__((warn_unused_result))

/* Sets code and text and returns the code. `err` may be NULL when nobody will read it. */
enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the code with the map's own sentence. */
enum err_code err_plain(struct err *err, enum err_code code);

/* Puts "what was being done: " in front. Returns err->code (ERR_OK when err is NULL). */
enum err_code err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Takes an error back that turned out to be an answer, and returns ERR_OK: a
 * function that succeeds leaves *err as it found it.
 */
enum err_code err_forgive(struct err *err);

const char *err_meaning(enum err_code code); /* the map's sentence */
const char *err_word(enum err_code code);    /* "refused", "damaged", … */
int err_exit_status(enum err_code code);     /* CONTRACT's exit table; ERR_OK is 0 */

#endif
