/*
 * Whole again at every line: a log that is sealed line by line would tell how
 * many lines there are and let one be cut out. It is small: a line is some
 * eighty bytes, and only looking at one record writes one.
 */
#include "node/reads.h"

#include <stdio.h>

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"
#include "node/node_internal.h"

enum { READS_BYTES_MAX = 8 << 20, READS_NONCE = 24 };

static void
reads_key(struct node *n, uint8_t key[32])
{
	HC(key, 32, BYTES(n->home.keys->device.seed, 32), "fb1/reads", BYTES(n->home.keys->org.b, sizeof(n->home.keys->org.b)));
}

static void
reads_path(struct node *n, char path[4096])
{
	(void)snprintf(path, 4096, "%s/reads.log", n->home.path);
}

enum err_code
node_reads(struct node *n, struct buf *out, struct err *err)
{
	struct buf file = BUF_INIT;
	uint8_t key[32];
	char path[4096];
	enum err_code rc;

	reads_path(n, path);
	if (!n->env->files->exists(n->env, path))
		return ERR_OK;
	rc = n->env->files->read(n->env, path, READS_BYTES_MAX, &file, err);
	reads_key(n, key);
	if (rc == ERR_OK && (file.len < READS_NONCE ||
	    !aead_open(out, key, file.p, BYTES_STR("fb1/reads"), BYTES(file.p + READS_NONCE, file.len - READS_NONCE))))
		rc = err_set(err, ERR_DAMAGED, "%s: does not open: it was changed, or comes from another device; move it aside to begin a new one", path);
	wipe(key, sizeof(key));
	buf_free(&file);
	return rc;
}

/* The oldest go. */
static struct bytes
newest(struct bytes lines)
{
	size_t count = 0;

	for (size_t i = lines.len; i-- > 0;)
		if (lines.p[i] == '\n' && ++count > READS_MAX)
			return BYTES(lines.p + i + 1, lines.len - i - 1);
	return lines;
}

enum err_code
node_log_read(struct node *n, const char *line, struct err *err)
{
	struct buf lines = BUF_INIT, file = BUF_INIT;
	uint8_t key[32], nonce[READS_NONCE];
	char path[4096];
	enum err_code rc = node_reads(n, &lines, err);

	reads_path(n, path);
	if (rc == ERR_OK) {
		buf_printf(&lines, "%s\n", line);
		env_random(n->env, nonce, sizeof(nonce));
		buf_put(&file, nonce, sizeof(nonce));
		reads_key(n, key);
		rc = buf_ok(&lines) && aead_seal(&file, key, nonce, BYTES_STR("fb1/reads"), newest(buf_bytes(&lines)))
		     ? n->env->files->replace(n->env, path, buf_bytes(&file), err) : err_plain(err, ERR_NO_MEMORY);
		wipe(key, sizeof(key));
	}
	buf_wipe(&lines);
	buf_free(&file);
	return rc;
}
