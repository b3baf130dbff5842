/*
 * Looks for what must not be there: every text and, with --home, every name,
 * id and key that a home holds, in each way that it could have been written:
 *
 *   as it is, UTF-16LE, hex (both cases), base64 in three alignments, percent-encoded
 *
 *   look [--text TEXT]… [--texts FILE] [--home DIR --passphrase-file FILE [--only secrets]]… PATH…
 *
 * FILE has a text a line. `--only secrets` leaves out ids and public keys, which a node's own disk may hold. Texts of fewer
 * than 6 bytes are left out: chance writes them. Exit 3 when something was found, and says what, how written, and where.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "crypto/keystore.h"

enum { FORM_BYTES_MAX = 2048, SHORTEST = 6 };

struct needle { struct needle *next; const char *form; char what[80]; size_t len; unsigned char bytes[]; };
static struct needle *starts[65536]; /* by the first two bytes */
static size_t needles, finds;
static unsigned long long looked;

static void
add(const char *what, const char *form, const void *p, size_t len)
{
	const unsigned char *b = p;
	struct needle *n, **at;

	if (len < SHORTEST)
		return;
	at = &starts[b[0] | b[1] << 8];
	n = calloc(1, sizeof(*n) + len);
	if (n == NULL)
		abort();
	snprintf(n->what, sizeof(n->what), "%s", what);
	n->form = form;
	n->len = len;
	memcpy(n->bytes, p, len);
	n->next = *at;
	*at = n;
	needles++;
}

/* Six bits at a time from p, as base64 and as its form for addresses: whole groups only, which what stands around cannot change. */
static void
add_base64(const char *what, const unsigned char *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char out[FORM_BYTES_MAX], url[FORM_BYTES_MAX];
	size_t n = 0;

	for (size_t i = 0; i + 3 <= len && n + 4 <= sizeof(out); i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (unsigned)p[i + 1] << 8 | p[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			out[n++] = digits[v >> shift & 63];
	}
	for (size_t i = 0; i < n; i++)
		url[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
	if (n < 8)
		return;
	add(what, "base64", out, n);
	if (memcmp(url, out, n) != 0)
		add(what, "base64url", url, n);
}

static void
add_forms(const char *what, const void *bytes, size_t len, bool is_text)
{
	const unsigned char *p = bytes;
	char hex[FORM_BYTES_MAX], upper[FORM_BYTES_MAX], percent[FORM_BYTES_MAX];
	unsigned char wide[FORM_BYTES_MAX];
	size_t n = 0;

	if (len > 256 || len < SHORTEST)
		return;
	add(what, "as it is", p, len);
	for (size_t i = 0; i < len; i++) {
		snprintf(hex + 2 * i, 3, "%02x", p[i]);
		snprintf(upper + 2 * i, 3, "%02X", p[i]);
		wide[2 * i] = p[i];
		wide[2 * i + 1] = 0;
		n += (size_t)snprintf(percent + n, sizeof(percent) - n, isalnum(p[i]) ? "%c" : "%%%02X", p[i]);
	}
	add(what, "hex", hex, 2 * len);
	add(what, "HEX", upper, 2 * len);
	for (size_t skip = 0; skip < 3; skip++)
		add_base64(what, p + skip, len - skip);
	if (!is_text)
		return;
	add(what, "UTF-16LE", wide, 2 * len);
	if (n != len)
		add(what, "percent-encoded", percent, n);
}

/* A key of 32 bytes may also stand there in part. */
static void
add_key(const char *what, const void *p, size_t len)
{
	static const unsigned char none[64];

	if (memcmp(p, none, len) == 0)
		return;
	add_forms(what, p, len, false);
	if (len >= 32) {
		add(what, "first half", p, 16);
		add(what, "second half", (const unsigned char *)p + len - 16, 16);
	}
}

/* ---- a home's own ---- */

static unsigned char *
read_file(const char *path, size_t *len)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	unsigned char *p;

	if (in == NULL || fstat(fileno(in), &st) != 0) {
		fprintf(stderr, "look: %s: %s\n", path, strerror(errno));
		exit(5);
	}
	p = malloc((size_t)st.st_size + 1);
	if (p == NULL)
		abort();
	*len = fread(p, 1, (size_t)st.st_size, in);
	p[*len] = '\0';
	fclose(in);
	return p;
}

static void
add_home(const char *dir, const char *passphrase_file, bool only_secrets)
{
	char path[4096];
	size_t file_len, pass_len;
	unsigned char *file, *pass;
	struct keystore *k;
	struct err err = ERR_INIT;

	snprintf(path, sizeof(path), "%s/keystore", dir);
	file = read_file(path, &file_len);
	pass = read_file(passphrase_file, &pass_len);
	while (pass_len > 0 && (pass[pass_len - 1] == '\n' || pass[pass_len - 1] == '\r'))
		pass_len--;
	add_forms("the passphrase", pass, pass_len, true);
	if (keystore_open(&k, BYTES(file, file_len), 1, BYTES(pass, pass_len), &err) != ERR_OK) {
		fprintf(stderr, "look: %s: %s\n", path, err.text);
		exit(5);
	}
	add_key("a device seed", k->device.seed, sizeof(k->device.seed));
	add_key("a signing key", k->device.sign_sk, 32);
	add_key("a connection key", k->device.noise_sk, 32);
	add_key("a key for receipts", k->device.note_sk, 32);
	for (size_t i = 0; i < k->seal_count; i++)
		add_key("a sealing key", k->seal[i].sk, 32);
	for (size_t i = 0; i < k->network_count; i++)
		add_key("a network key", k->network[i].n, 32);
	for (size_t i = 0; i < k->epoch_count; i++) {
		add_key("a key of an epoch", k->epochs[i].e, 32);
		add_key("a metadata key of an epoch", k->epochs[i].mk, 32);
	}
	add_key("a snapshot key", k->snapshot_key, 32);
	for (size_t i = 0; i < k->slot_count; i++)
		add_key("the key of a slot", k->slots[i].kek, 32);
	if (!only_secrets) {
		add_key("a public signing key", k->device.sign_pk.b, 32);
		add_key("the id of a device", device_id_of(&k->device.sign_pk).b, 16);
		add_key("a public key for receipts", k->device.note_pk, 32);
		add_key("a public connection key", k->device.noise_pk, 32);
		for (size_t i = 0; i < k->seal_count; i++)
			add_key("a public sealing key", k->seal[i].pk, 32);
		for (size_t i = 0; i < k->epoch_count; i++) {
			add_key("the id of a stream", k->epochs[i].stream.b, 16);
			add_key("the id of an epoch", k->epochs[i].epoch.b, 16);
		}
		add_key("the id of the organisation", k->org.b, sizeof(k->org.b));
		add_key("the public key of the root", k->root_pk.b, sizeof(k->root_pk.b));
		add_key("an incarnation", k->inc.b, sizeof(k->inc.b));
		add_forms("the name of a member", k->member_name, strlen((char *)k->member_name), true);
		add_forms("the name of a device", k->device_name, strlen((char *)k->device_name), true);
	}
	keystore_free(k);
	free(file);
	free(pass);
}

static void
add_texts(const char *path)
{
	size_t len;
	char *all = (char *)read_file(path, &len);

	for (char *line = strtok(all, "\n"); line != NULL; line = strtok(NULL, "\n"))
		add_forms(line, line, strlen(line), true);
	free(all);
}

/* ---- the search ---- */

static void
look_at(const char *path)
{
	size_t len;
	unsigned char *p = read_file(path, &len);

	looked += len;
	for (size_t i = 0; i + 1 < len; i++)
		for (const struct needle *n = starts[p[i] | p[i + 1] << 8]; n != NULL; n = n->next)
			if (len - i >= n->len && memcmp(p + i, n->bytes, n->len) == 0) {
				if (finds++ < 5)
					printf("%s (%s) in %s at %zu\n", n->what, n->form, path, i);
				i += n->len;
				break;
			}
	free(p);
}

static void
look_in(const char *path)
{
	struct stat st;
	struct dirent *e;
	DIR *d;

	if (lstat(path, &st) != 0) {
		fprintf(stderr, "look: %s: %s\n", path, strerror(errno));
		exit(5);
	}
	if (S_ISREG(st.st_mode))
		look_at(path);
	if (!S_ISDIR(st.st_mode) || (d = opendir(path)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		char below[4096];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		look_in(below);
	}
	closedir(d);
}

int
main(int argc, char **argv)
{
	const char *home = NULL, *pass = NULL;
	int i = 1;

	if (sodium_init() < 0)
		return 5;
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--text") == 0)
			add_forms(argv[i + 1], argv[i + 1], strlen(argv[i + 1]), true);
		else if (strcmp(argv[i], "--texts") == 0)
			add_texts(argv[i + 1]);
		else if (strcmp(argv[i], "--home") == 0)
			home = argv[i + 1];
		else if (strcmp(argv[i], "--passphrase-file") == 0)
			pass = argv[i + 1];
		else if (strcmp(argv[i], "--only") != 0)
			break;
		if (strcmp(argv[i], "--passphrase-file") == 0 && home != NULL) {
			bool only = i + 2 < argc && strcmp(argv[i + 2], "--only") == 0;

			add_home(home, pass, only);
			home = NULL;
		}
	}
	if (i >= argc || needles == 0) {
		fprintf(stderr, "usage: look [--text TEXT]… [--texts FILE] [--home DIR --passphrase-file FILE [--only secrets]]… PATH…\n");
		return 1;
	}
	for (; i < argc; i++)
		look_in(argv[i]);
	if (looked == 0) {
		fprintf(stderr, "look: there was nothing to look through\n");
		return 5;
	}
	printf("%zu finds of %zu forms in %llu bytes\n", finds, needles, looked);
	return finds > 0 ? 3 : 0;
}
