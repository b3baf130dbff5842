/*
 * proto/log.md, 6: "Whoever holds both entries and no FORK entry for them
 * writes one." A device does so with the next thing it writes: a proof is
 * no reason to write when nobody is at work, and until then the replicas
 * that hold both histories agree without it (proto/org.md, 5).
 */
#include "node/node_internal.h"

#include "base/mem.h"

struct untold { const struct org *org; struct buf *proofs; size_t *ends; size_t count, cap; bool bad; };

static bool
take_untold(void *ctx, const struct fork_proof *proof)
{
	struct untold *u = ctx;
	struct log_key key;
	size_t *room;

	log_key_init(&key, &proof->a.author, &proof->a.stream, &proof->a.inc);
	if (org_fork_point(u->org, &key) <= proof->a.seq) /* the least seq of a log says it all */
		return true;
	room = mem_room(u->ends, u->count, &u->cap, sizeof(*room));
	if (room == NULL) {
		u->bad = true;
		return false;
	}
	u->ends = room;
	fork_proof_encode(u->proofs, proof);
	u->ends[u->count++] = u->proofs->len;
	return true;
}

enum err_code
node_tell_forks(struct node *n, struct err *err)
{
	struct buf proofs = BUF_INIT;
	struct untold u = { .org = node_org(n), .proofs = &proofs };
	struct stream_id control;
	enum err_code rc;

	if (!n->forks_untold || node_self(n) == NULL || node_self(n)->gone)
		return ERR_OK;
	control = control_stream(org_id(u.org)); /* a copy: the evaluated organisation is replaced while we write */
	/* All of them are read before the first is written: writing moves what is being read. */
	rc = replica_forks(n->home.replica, take_untold, &u, err);
	if (rc == ERR_OK && (u.bad || !buf_ok(&proofs)))
		rc = err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0, at = 0; i < u.count && rc == ERR_OK; at = u.ends[i++]) {
		struct entry e;

		rc = node_append(n, &control, KIND_FORK, BYTES(proofs.p + at, u.ends[i] - at), &e, err);
	}
	n->forks_untold = rc != ERR_OK;
	mem_free(u.ends);
	buf_free(&proofs);
	return rc;
}
