#include "log/fork.h"

#include <assert.h>

#include "codec/strict.h"

void
fork_proof_make(struct fork_proof *out, const struct entry *x, const struct entry *y)
{
	int order = memcmp(x->id.b, y->id.b, sizeof(x->id.b));
	const struct entry *a = order < 0 ? x : y, *b = order < 0 ? y : x;

	assert(order != 0 && x->has_sig && y->has_sig);
	out->a = a->h;
	out->b = b->h;
	memcpy(out->sig_a, a->sig, SIG_BYTES);
	memcpy(out->sig_b, b->sig, SIG_BYTES);
}

static void
put_side(struct buf *out, const struct header *h, const uint8_t sig[SIG_BYTES])
{
	uint8_t header[HEADER_BYTES_MAX];

	wr_bin(out, header, header_encode(h, header));
	wr_bin(out, sig, SIG_BYTES);
}

void
fork_proof_encode(struct buf *out, const struct fork_proof *p)
{
	wr_array(out, 4);
	put_side(out, &p->a, p->sig_a);
	put_side(out, &p->b, p->sig_b);
}

static enum err_code
check_side(struct header *h, struct hash *id, struct bytes header, const uint8_t sig[SIG_BYTES], struct err *err)
{
	enum err_code rc = header_decode(h, header, err);

	if (rc != ERR_OK)
		return rc;
	*id = header_id(h);
	if (!verify_digest(sig, "fb1/entry/sig", id->b, h->author.b))
		return err_plain(err, ERR_SIGNATURE);
	return ERR_OK;
}

enum err_code
fork_proof_decode(struct fork_proof *p, struct bytes in, struct err *err)
{
	struct rd r = rd_init(in);
	struct bytes header_a, header_b;
	struct hash id_a, id_b;
	enum err_code rc;

	rd_array(&r, 4);
	header_a = rd_bin_any(&r, 1, HEADER_BYTES_MAX);
	rd_bin(&r, p->sig_a, sizeof(p->sig_a));
	header_b = rd_bin_any(&r, 1, HEADER_BYTES_MAX);
	rd_bin(&r, p->sig_b, sizeof(p->sig_b));
	if (!rd_end(&r))
		return err_set(err, ERR_MALFORMED, "a fork proof is not two headers with two signatures");
	rc = check_side(&p->a, &id_a, header_a, p->sig_a, err);
	if (rc == ERR_OK)
		rc = check_side(&p->b, &id_b, header_b, p->sig_b, err);
	if (rc != ERR_OK) {
		err_wrap(err, "a fork proof");
		return rc;
	}
	if (!SAME(p->a.author, p->b.author) || !SAME(p->a.stream, p->b.stream) || !SAME(p->a.inc, p->b.inc) ||
	    p->a.seq != p->b.seq)
		return err_set(err, ERR_MALFORMED, "a fork proof: the two entries stand at different places");
	if (memcmp(id_a.b, id_b.b, sizeof(id_a.b)) >= 0)
		return err_set(err, ERR_MALFORMED, "a fork proof: the two entries are one, or in the wrong order");
	return ERR_OK;
}
