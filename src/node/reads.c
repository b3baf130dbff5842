/*
 * Whole again whenever it is written: a log that is sealed line by line would tell how
 * many lines there are and let one be cut out. It is small: a line is some
 * eighty bytes, and only looking at one record writes one.
 */
#include "node/reads.h"

#include <stdio.h>

#include "crypto/guard.h"
#include "crypto/hc.h"
#include "crypto/seal.h"
#include "node/node_internal.h"

enum { READS_BYTES_MAX = 8 << 20, READS_NONCE = 24, GATHER_MS = 2000 };

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

static enum err_code
read_file(struct node *n, struct buf *out, struct err *err)
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
		rc = !buf_ok(out) ? err_plain(err, ERR_NO_MEMORY) : err_set(err, ERR_DAMAGED, "%s: does not open: it was changed, or comes from another device; move it aside to begin a new one", path);
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

static enum err_code
write_gathered(struct node *n, struct err *err)
{
	struct buf lines = BUF_INIT, file = BUF_INIT;
	uint8_t key[32], nonce[READS_NONCE];
	char path[4096];
	enum err_code rc = read_file(n, &lines, err);

	reads_path(n, path);
	if (rc == ERR_OK) {
		buf_put_bytes(&lines, buf_bytes(&n->reads));
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

void
node_flush_reads(struct node *n)
{
	struct err err = ERR_INIT;

	if (n->reads_due != NULL)
		n->env->ops->timer_stop(n->env, n->reads_due);
	n->reads_due = NULL;
	/* A full disk must not keep an adviser from a case; the operator's log says so. */
	if (n->reads.len > 0 && write_gathered(n, &err) != ERR_OK)
		env_logf(n->env, "the log of reads: %s", err.text);
	buf_wipe(&n->reads);
}

static void
reads_due(void *ctx)
{
	struct node *n = ctx;

	n->reads_due = NULL;
	node_flush_reads(n);
}

enum err_code
node_log_read(struct node *n, const char *line, struct err *err)
{
	buf_printf(&n->reads, "%s\n", line);
	if (!buf_ok(&n->reads)) {
		buf_wipe(&n->reads);
		return err_plain(err, ERR_NO_MEMORY);
	}
	if (n->env->ops->timer == NULL) /* nothing will call back: a program without a loop */
		node_flush_reads(n);
	else if (n->reads_due == NULL)
		n->reads_due = n->env->ops->timer(n->env, GATHER_MS * 1000000ull, reads_due, n);
	return ERR_OK;
}

enum err_code
node_reads(struct node *n, struct buf *out, struct err *err)
{
	enum err_code rc = read_file(n, out, err);

	if (rc == ERR_OK)
		buf_put_bytes(out, buf_bytes(&n->reads));
	return rc;
}
