#include "log/chain.h"

#include "base/plant.h"

enum err_code
chain_check(const struct chain_head *c, const struct entry *e, struct err *err)
{
	unsigned long long seq = e->h.seq, len = c->len;

	if (e->h.seq > c->len)
		return err_set(err, ERR_GAP, "entry %llu came and %llu is the next one", seq, len);
	if (e->h.seq < c->len)
		return err_set(err, ERR_EXISTS, "entry %llu is already held", seq);
	if (!PLANTED(11) && !SAME(e->h.prev, c->head))
		return err_set(err, ERR_FORK, "entry %llu follows another entry than the one held", seq);
	return ERR_OK;
}

void
chain_advance(struct chain_head *c, const struct entry *e)
{
	c->len = e->h.seq + 1;
	c->head = e->id;
}
