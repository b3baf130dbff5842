/*
 * Fältbok for other programs: open a home, call operations, close it.
 *
 *   struct faltbok *fb;
 *   char *answer;
 *   int status = faltbok_open(&fb, "/home/anna/.local/share/faltbok", pass, strlen(pass), &answer);
 *   if (status == 0)
 *           status = faltbok_call(fb, "list", "{\"type\":\"visit\",\"limit\":10}", &answer);
 *   puts(answer);
 *   faltbok_free_text(answer);
 *   faltbok_close(fb);
 *
 * Operations, parameters and answers are those of the command line with
 * --json; `faltbok --help` lists them. Every function returns the exit status
 * that the command line would (0: done, and durable) and, where `answer` is
 * not NULL, a JSON text: the answer, or {"error":{"code","text"}}. One handle
 * is used by one thread at a time, and a process has one open handle at most.
 * Link with build/libfaltbok.a and what `pkg-config libsodium libuv sqlite3
 * jansson msgpack libutf8proc libzip expat libqrencode libwebsockets openssl` names.
 */
#ifndef FALTBOK_H
#define FALTBOK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct faltbok;

/* Unlocks a home. `passphrase` is wiped by nobody but the caller. On failure *fb is NULL. */
int faltbok_open(struct faltbok **fb, const char *home, const char *passphrase, size_t passphrase_len, char **answer);
/* Runs one operation to its end, which may take as long as its network does. */
int faltbok_call(struct faltbok *fb, const char *operation, const char *parameters_json, char **answer);
void faltbok_free_text(char *answer);
void faltbok_close(struct faltbok *fb); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
