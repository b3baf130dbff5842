/*
 * Runs one fuzz target over its corpus, under any compiler:
 *   replay_fuzz_X DIR
 * Each file as it is, and also cut short at a few places, since a reader
 * that trusts a length fails there first. A missing corpus is a failure.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FILE_BYTES_MAX = 1 << 22 };

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
		LLVMFuzzerTestOneInput(exact, len - cut);
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
	LLVMFuzzerTestOneInput(NULL, 0);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			ran += replay_file(argv[1], e->d_name);
	closedir(dir);
	printf("%s: %ld passed, 0 failed\n", argv[1], ran);
	return ran > 0 ? 0 : 1;
}
