/*
 * A small office whose history an auditor looks through, and what it finds.
 */
#ifndef FALTBOK_TESTS_AUDITED_H
#define FALTBOK_TESTS_AUDITED_H

#include "office.h"

#include "audit/audit.h"
#include "base/mem.h"
#include "org/attest.h"

/* Some work by Ana and Bob in team 1; every log opened as it should be. */
static inline struct world *
audited_office(void)
{
	struct world *w = world_new();
	struct stream_id team = team_of(1);
	struct org *o;

	world_genesis(w);
	world_admit(w, ROOT, 0, C1, C1);
	world_grant(w, ROOT, 0, C1, ROLE_COORDINATOR, NULL, 1);
	o = evaluated(w);
	world_open(w, C1, &w->control, 0, &org_grant_for(o, &w->control, &w->actors[C1].id)->id);
	org_free(o);
	world_team(w, C1, 0, &team, 1, 0);
	for (unsigned d = ANA; d <= DEE; d++) {
		world_admit(w, C1, 0, d, d);
		world_grant(w, C1, 0, d, ROLE_ADVISOR, &team, 0);
	}
	works(w, ANA, &team, 0, 9);
	works(w, BOB, &team, 0, 9);
	return w;
}

static inline void
fingerprint_of(const struct world *w, uint8_t out[32])
{
	root_fingerprint(out, &w->genesis);
}

/* Feeds log by log, control first; a second entry at one place begins a branch. */
static inline void
feed(struct audit *a, const struct world *w)
{
	bool *fed = calloc(w->count + 1, sizeof(*fed));

	assert_non_null(fed);
	for (int control = 1; control >= 0; control--)
		for (size_t i = 0; i < w->count; i++) {
			struct log_key key;
			uint64_t next = 0;

			if (fed[i] || SAME(w->entries[i].h.stream, w->control) != (control == 1))
				continue;
			log_key_init(&key, &w->entries[i].h.author, &w->entries[i].h.stream, &w->entries[i].h.inc);
			for (size_t k = i; k < w->count; k++) {
				const struct entry *e = &w->entries[k];

				if (fed[k] || !SAME(e->h.author, key.author) || !SAME(e->h.stream, key.stream) ||
				    !SAME(e->h.inc, key.inc))
					continue;
				if (k == i && e->h.seq > 0) { /* what is left of a log that was fed before */
					key.is_branch = true;
					key.branch_seq = next = e->h.seq;
					key.branch_id = e->id;
				}
				if (e->h.seq < next && !key.is_branch)
					continue;
				fed[k] = true;
				next = e->h.seq + 1;
				assert_int_equal(audit_entry(a, &key, e, NULL), ERR_OK);
			}
		}
	free(fed);
}

static inline struct audit *
audit_of(const struct world *w)
{
	uint8_t print[32];
	struct audit *a;

	fingerprint_of(w, print);
	a = audit_new(print);
	assert_non_null(a);
	feed(a, w);
	assert_int_equal(audit_finish(a, NULL), ERR_OK);
	return a;
}

static inline size_t
findings(const struct audit *a, const char *check)
{
	size_t n = 0;

	for (size_t i = 0; i < audit_finding_count(a); i++)
		n += strcmp(audit_finding_at(a, i)->check, check) == 0;
	return n;
}

static inline void
print_findings(const struct audit *a)
{
	for (size_t i = 0; i < audit_finding_count(a); i++)
		print_message("%s %s: %s\n", audit_finding_at(a, i)->check,
		              audit_severity_word(audit_finding_at(a, i)->severity), audit_finding_at(a, i)->text);
}

static inline void
write_attest(struct world *w, unsigned by, uint8_t digest, uint8_t frontier)
{
	struct extent own = { .len = 1 };
	struct buf delta = BUF_INIT, out = BUF_INIT;
	uint8_t ctl[16], root[32];
	const struct inc inc = inc_of(0);
	struct log_key key;

	log_key_init(&key, &w->actors[by].keys.sign_pk, &w->control, &inc);
	own.log = log8_of(&key);
	extent_put(&delta, &own);

	memset(ctl, digest, sizeof(ctl));
	memset(root, frontier, sizeof(root));
	wr_array(&out, 6);
	wr_uint(&out, 20000);
	wr_bin(&out, ctl, sizeof(ctl));
	wr_bin(&out, root, sizeof(root));
	wr_uint(&out, 4);
	wr_bin(&out, delta.p, delta.len);
	wr_array(&out, 0);
	world_write(w, by, &w->control, 0, KIND_ATTEST, buf_bytes(&out));
	buf_free(&delta);
	buf_free(&out);
}

static inline void
attest_length(struct world *w, unsigned by, uint64_t day, const struct log_key *log, uint64_t len)
{
	struct extent it = { .log = log8_of(log), .len = len };
	struct attest *at = mem_zero(1, sizeof(*at));
	struct buf delta = BUF_INIT, out = BUF_INIT;

	assert_non_null(at);
	extent_put(&delta, &it);
	at->day = day;
	at->frontier_root[0] = (uint8_t)day;
	at->delta = buf_bytes(&delta);
	attest_encode(&out, at);
	world_write(w, by, &w->control, 0, KIND_ATTEST, buf_bytes(&out));
	buf_free(&delta);
	buf_free(&out);
	mem_free(at);
}

static inline void
attest_nothing(struct world *w, unsigned by)
{
	struct attest *at = mem_zero(1, sizeof(*at));
	struct buf out = BUF_INIT;

	assert_non_null(at);
	at->day = 20001;
	attest_encode(&out, at);
	world_write(w, by, &w->control, 0, KIND_ATTEST, buf_bytes(&out));
	buf_free(&out);
	mem_free(at);
}

static inline size_t
graver(const struct audit *a, const char *check) /* than info */
{
	size_t count = 0;

	for (size_t i = 0; i < audit_finding_count(a); i++)
		count += strcmp(audit_finding_at(a, i)->check, check) == 0 && audit_finding_at(a, i)->severity != AUDIT_INFO;
	return count;
}

/* The outside of an EPOCH, sealed to one device; with the key of a drop-box or without. */
static inline void
world_epoch(struct world *w, unsigned by, const struct stream_id *stream, unsigned to, bool drop_pk)
{
	static const uint8_t zero[48];
	struct buf p = BUF_INIT;

	wr_array(&p, drop_pk ? 8 : 7);
	wr_uint(&p, 1);
	wr_nil(&p);
	wr_uint(&p, 0);
	wr_bin(&p, zero, 32);
	wr_bin(&p, zero, 32);
	wr_array(&p, 1);
	wr_array(&p, 3);
	WR_FIXED(&p, w->actors[to].id);
	wr_uint(&p, 0);
	wr_bin(&p, zero, 48);
	wr_nil(&p);
	if (drop_pk)
		wr_bin(&p, zero, 32);
	world_write(w, by, stream, 0, KIND_EPOCH, buf_bytes(&p));
	buf_free(&p);
}

#endif
