/*
 * Runs one fuzz target over its corpus, under any compiler:
 *   replay_fuzz_X DIR
 * Each file as it is, and also cut short at a few places, since a reader
 * that trusts a length fails there first. A missing corpus is a failure.
 *
 * An input counts as malformed when the product's code said of it what is
 * wrong: the linker leads err_set() and err_plain() through here. Equal ones
 * count once. Readers that only say no, without a word, are not counted.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
enum err_code __real_err_set(struct err *err, enum err_code code, const char *fmt, ...);
enum err_code __real_err_plain(struct err *err, enum err_code code);
enum err_code __wrap_err_set(struct err *err, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
enum err_code __wrap_err_plain(struct err *err, enum err_code code);

enum { FILE_BYTES_MAX = 1 << 22, INPUTS_MAX = 1 << 16 };

static bool refused;
static uint64_t malformed[INPUTS_MAX]; /* what tells inputs apart: FNV-1a of them */
static size_t malformed_count;

enum err_code
__wrap_err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	refused = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return __real_err_set(err, code, "%s", text);
}

enum err_code
__wrap_err_plain(struct err *err, enum err_code code)
{
	refused = true;
	return __real_err_plain(err, code);
}

static void
run(const uint8_t *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	refused = false;
	LLVMFuzzerTestOneInput(data, len);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * 0x100000001b3u;
	for (size_t i = 0; refused && i < malformed_count; i++)
		refused = malformed[i] != hash;
	if (refused && malformed_count < INPUTS_MAX)
		malformed[malformed_count++] = hash;
}

static long
replay_file(const char *dir, const char *name)
{
	char path[1024];
	uint8_t *data = malloc(FILE_BYTES_MAX);
	FILE *f;
	size_t len;
	long ran = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL || data == NULL) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	len = fread(data, 1, FILE_BYTES_MAX, f);
	fclose(f);
	for (size_t cut = 0; cut <= len; cut += len / 8 + 1) {
		uint8_t *exact = malloc(len - cut + 1); /* so that a sanitizer sees a read past the end */

		for (size_t i = 0; i < len - cut; i++)
			exact[i] = data[i];
		run(exact, len - cut);
		free(exact);
		ran++;
	}
	free(data);
	return ran;
}

int
main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *e;
	long ran = 0;

	if (dir == NULL) {
		fprintf(stderr, "replay: no corpus at %s\n", argc == 2 ? argv[1] : "(give a directory)");
		return 1;
	}
	run(NULL, 0);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			ran += replay_file(argv[1], e->d_name);
	closedir(dir);
	printf("%s: %zu malformed inputs; %ld passed, 0 failed\n", argv[1], malformed_count, ran);
	return ran > 0 ? 0 : 1;
}
