/*
 * Two removals of one device cut each log at the lower of their two places:
 * whatever order they come in, tightened later and never loosened. A log that
 * either of them leaves out is cut to nothing.
 */
#include "base/mem.h"
#include "org/org_internal.h"

static int
order_with_log(const struct mark *m, const struct log_id *log)
{
	int order = memcmp(m->cut.stream.b, log->stream.b, sizeof(log->stream.b));

	return order != 0 ? order : memcmp(m->cut.inc.b, log->inc.b, sizeof(log->inc.b));
}

static enum err_code
first_cuts(struct cutset *s, const struct cut *cuts, size_t count, struct err *err)
{
	struct mark *marks = mem_zero(count > 0 ? count : 1, sizeof(*marks));

	if (marks == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < count; i++)
		if (cuts[i].seq >= 0)
			marks[s->count++] = (struct mark){ cuts[i], true };
	s->marks = marks;
	s->any = true;
	return ERR_OK;
}

/* Two heads at one place: neither says which branch, so the fork rule decides. */
static void
tighten(struct mark *m, const struct cut *c)
{
	if (c->seq < m->cut.seq)
		*m = (struct mark){ *c, true };
	else if (c->seq == m->cut.seq && memcmp(c->head16, m->cut.head16, sizeof(c->head16)) != 0)
		m->has_head = false;
}

enum err_code
cutset_merge(struct cutset *s, const struct cut *cuts, size_t count, struct err *err)
{
	size_t kept = 0, k = 0;

	if (!s->any)
		return first_cuts(s, cuts, count, err);
	for (size_t i = 0; i < s->count; i++) {
		struct mark m = s->marks[i];

		while (k < count && cut_order(&cuts[k], &m.cut) < 0)
			k++;
		if (k == count)
			break;
		if (cut_order(&cuts[k], &m.cut) != 0 || cuts[k].seq < 0)
			continue;
		tighten(&m, &cuts[k]);
		s->marks[kept++] = m;
	}
	s->count = kept;
	return ERR_OK;
}

const struct mark *
cutset_find(const struct cutset *s, const struct log_id *log)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = order_with_log(&s->marks[mid], log);

		if (order == 0)
			return &s->marks[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

uint64_t
cutset_limit(const struct cutset *s, const struct log_id *log)
{
	const struct mark *m;

	if (!s->any)
		return NO_LIMIT;
	m = cutset_find(s, log);
	return m == NULL ? 0 : (uint64_t)m->cut.seq + 1;
}

void
cutset_free(struct cutset *s)
{
	mem_free(s->marks);
	*s = (struct cutset){ false, NULL, 0 };
}
