/*
 * What can be said of an entry alone is said when it comes; who was admitted,
 * what had effect and what was erased is known at the end.
 */
#include "audit/audit.h"

#include <assert.h>
#include <stdlib.h>

#include "audit/audit_internal.h"
#include "base/mem.h"
#include "crypto/hc.h"
#include "org/attest.h"

struct audit *
audit_new(const uint8_t fingerprint[32])
{
	struct audit *a = mem_zero(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->has_fingerprint = fingerprint != NULL;
	if (fingerprint != NULL)
		memcpy(a->fingerprint, fingerprint, sizeof(a->fingerprint));
	a->org = org_new();
	a->orders = orders_new();
	a->log_of = table_new(32);
	a->attested_of = table_new(32);
	a->claimed_of = table_new(sizeof(struct log8));
	a->attest_day_of = table_new(sizeof(struct author));
	a->forks = table_new(32);
	if (a->org == NULL || a->orders == NULL || a->log_of == NULL || a->attested_of == NULL || a->forks == NULL ||
	    a->claimed_of == NULL || a->attest_day_of == NULL) {
		audit_free(a);
		return NULL;
	}
	return a;
}

void
audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->log_count; i++) {
		mem_free(a->logs[i].missing);
		mem_free(a->logs[i].ids);
	}
	mem_free(a->logs);
	orders_free(a->orders);
	mem_free(a->attested);
	mem_free(a->claimed);
	table_free(a->claimed_of);
	table_free(a->attest_day_of);
	audit_free_epochs(a);
	mem_free(a->findings);
	table_free(a->log_of);
	table_free(a->attested_of);
	table_free(a->forks);
	org_free(a->org);
	mem_free(a);
}

static struct hash
hash_of_key(const struct log_key *log)
{
	struct hash h;
	uint8_t seq[8];

	be64_put(seq, log->is_branch ? log->branch_seq : UINT64_MAX);
	HC(h.b, sizeof(h.b), BYTES_NONE, "fb1/audit/log", BYTES_OF(log->author), BYTES_OF(log->stream),
	   BYTES_OF(log->inc), BYTES(seq, sizeof(seq)), BYTES_OF(log->branch_id));
	return h;
}

static bool
key_matches(const struct log_key *log, const struct header *h)
{
	return SAME(log->author, h->author) && SAME(log->stream, h->stream) && SAME(log->inc, h->inc);
}

/* The log that the entry belongs to, begun with it if need be. NULL when out of memory. */
static struct audited_log *
log_for(struct audit *a, const struct log_key *log, const struct entry *e)
{
	struct audited_log *room, *l;
	struct hash key;
	uint64_t *place;

	if (a->log_count > 0 && log_key_equal(&a->logs[a->at].key, log))
		return &a->logs[a->at];
	key = hash_of_key(log);
	room = mem_room(a->logs, a->log_count, &a->log_cap, sizeof(*room));
	if (room == NULL)
		return NULL;
	a->logs = room;
	place = table_put(a->log_of, &key);
	if (place == NULL)
		return NULL;
	if (*place == 0) {
		l = &room[a->log_count];
		memset(l, 0, sizeof(*l));
		l->key = *log;
		l->before = e->h.prev;
		l->opens = log->is_branch || e->h.kind == KIND_OPEN || e->h.kind == KIND_TEAM_OPEN ||
		           e->h.kind == KIND_GENESIS;
		if (log->is_branch) { /* the entries below it are the log's own */
			l->head.len = log->branch_seq;
			l->head.head = e->h.prev;
		}
		*place = ++a->log_count;
	}
	a->at = (size_t)*place - 1;
	return &a->logs[a->at];
}

/* A2: the entry is what its id says, stands where it says, and is signed. `good`: it may be believed. */
static enum err_code
check_header(struct audit *a, struct audited_log *l, const struct entry *e, bool *good, struct err *err)
{
	const struct log_key *log = &l->key;
	uint8_t encoded[HEADER_BYTES_MAX];
	struct hash id = header_id(&e->h);
	size_t before = a->finding_count + a->counts.findings_left_out;
	struct err why = ERR_INIT;
	struct header again;
	enum err_code rc = ERR_OK;

	if (header_decode(&again, BYTES(encoded, header_encode(&e->h, encoded)), &why) != ERR_OK)
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err, "%s.", why.text);
	if (rc == ERR_OK && !key_matches(log, &e->h))
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err, "the entry belongs to another log.");
	if (rc == ERR_OK && !SAME(id, e->id))
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err,
		                "the header does not hash to the id it is stored under.");
	if (rc == ERR_OK && chain_check(&l->head, e, &why) != ERR_OK)
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err, "the chain breaks: %s.", why.text);
	if (rc == ERR_OK && log->is_branch && e->h.seq == log->branch_seq && !SAME(e->id, log->branch_id))
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err,
		                "the branch does not begin with the entry it is named by.");
	if (rc == ERR_OK && e->has_sig && !entry_sig_ok(e))
		rc = audit_find(a, CHECK_A2, AUDIT_ERROR, log, e, err,
		                "the signature does not match the author's key.");
	if (!e->has_sig)
		l->unsigned_count++;
	*good = rc == ERR_OK && a->finding_count + a->counts.findings_left_out == before;
	chain_advance(&l->head, e);
	return rc;
}

static enum err_code
mark_missing(struct audited_log *l, uint64_t seq, struct err *err)
{
	struct seq_range *room;

	if (l->missing_count > 0 && l->missing[l->missing_count - 1].to + 1 == seq) {
		l->missing[l->missing_count - 1].to = seq;
		return ERR_OK;
	}
	room = mem_room(l->missing, l->missing_count, &l->missing_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	l->missing = room;
	room[l->missing_count++] = (struct seq_range){ seq, seq };
	return ERR_OK;
}

static enum err_code
keep_id(struct audited_log *l, const struct entry *e, struct err *err)
{
	struct seq_id *room = mem_room(l->ids, l->id_count, &l->id_cap, sizeof(*room));

	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	l->ids = room;
	room[l->id_count].seq = e->h.seq;
	memcpy(room[l->id_count++].head16, e->id.b, sizeof(room->head16));
	return ERR_OK;
}

/* A7, and half of A6: the other half waits for the orders. */
static enum err_code
check_payload(struct audit *a, struct audited_log *l, const struct entry *e, bool *good, struct err *err)
{
	struct hash hash;

	*good = false;
	if (!e->has_payload)
		return mark_missing(l, e->h.seq, err);
	a->counts.payloads_present++;
	if (e->payload.len != e->h.plen)
		return audit_find(a, CHECK_A7, AUDIT_ERROR, &l->key, e, err,
		                  "the payload is %zu bytes long and its header says %lu.",
		                  e->payload.len, (unsigned long)e->h.plen);
	hash = payload_hash(e->payload);
	if (!SAME(hash, e->h.phash))
		return audit_find(a, CHECK_A7, AUDIT_ERROR, &l->key, e, err,
		                  "the payload is not the one its header names.");
	*good = true;
	return ERR_OK;
}

/* A8: a FORK entry must prove what it says. Each fork is reported once, however many devices saw it. */
static enum err_code
check_fork(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	char name[AUDIT_LOG_NAME_BYTES];
	struct err why = ERR_INIT;
	struct fork_proof proof;
	struct log_key forked, place_of;
	struct hash key;
	uint64_t *place;

	if (fork_proof_decode(&proof, e->payload, &why) != ERR_OK)
		return audit_find(a, CHECK_A8, AUDIT_ERROR, log, e, err, "a FORK that proves nothing: %s.", why.text);
	log_key_init(&forked, &proof.a.author, &proof.a.stream, &proof.a.inc);
	place_of = forked;
	place_of.is_branch = true;
	place_of.branch_seq = proof.a.seq;
	key = hash_of_key(&place_of);
	place = table_put(a->forks, &key);
	if (place == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if ((*place)++ > 0)
		return ERR_OK;
	return audit_find(a, CHECK_A8, AUDIT_WARNING, &forked, NULL, err,
	                  "its device signed two different entries with the number %llu; entry %llu of log %s proves it.",
	                  (unsigned long long)proof.a.seq, (unsigned long long)e->h.seq, audit_log_name(a, log, name));
}

/* A3: two devices that held the same entries must have understood them alike. */
static enum err_code
check_attest(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct attested at = { .log = *log, .seq = e->h.seq }, *room;
	struct rd r = rd_init(e->payload);
	char other[AUDIT_LOG_NAME_BYTES];
	uint8_t frontier[32];
	uint64_t *place;

	rd_array(&r, 6);
	rd_uint(&r, UINT32_MAX); /* day */
	rd_bin(&r, at.digest, sizeof(at.digest));
	rd_bin(&r, frontier, sizeof(frontier));
	if (r.bad)
		return audit_find(a, CHECK_A3, AUDIT_WARNING, log, e, err, "an ATTEST that cannot be read.");
	room = mem_room(a->attested, a->attested_count, &a->attested_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->attested = room;
	place = table_put(a->attested_of, frontier);
	if (place == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	if (*place == 0) {
		room[a->attested_count] = at;
		*place = ++a->attested_count;
		return ERR_OK;
	}
	if (memcmp(room[*place - 1].digest, at.digest, sizeof(at.digest)) == 0)
		return ERR_OK;
	return audit_find(a, CHECK_A3, AUDIT_ERROR, log, e, err,
	                  "this device and the one that wrote entry %llu of log %s held the same entries and evaluated "
	                  "them differently.",
	                  (unsigned long long)room[*place - 1].seq, audit_log_name(a, &room[*place - 1].log, other));
}

/* A14: nobody is admitted with keys they do not hold. */
static enum err_code
check_admit(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct control_op op;
	bool good;

	if (control_op_decode(&op, KIND_ADMIT, e->payload, NULL) != ERR_OK)
		return ERR_OK; /* org counts it; A3 says so */
	good = admit_possession_ok(&op.u.admit);
	control_op_free(&op);
	return good ? ERR_OK : audit_find(a, CHECK_A14, AUDIT_ERROR, log, e, err,
	                                  "the admitted device did not sign for its keys.");
}

static enum err_code
check_operation(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	switch (e->h.kind) {
	case KIND_FORK: return check_fork(a, log, e, err);
	case KIND_ATTEST: {
		enum err_code rc = check_attest(a, log, e, err);

		a->logs[a->at].says_leaving = a->logs[a->at].says_leaving || (a->logs[a->at].opens && !log->is_branch && attest_says_leaving(e));
		return rc == ERR_OK ? audit_take_attest(a, log, e, err) : rc;
	}
	case KIND_ADMIT: return check_admit(a, log, e, err);
	case KIND_EPOCH: return audit_take_epoch(a, log, e, err);
	case KIND_ERASE_REQ:
	case KIND_ERASE_OK:
	case KIND_RECEIPT: return audit_take_erasure(a, log, e, err);
	default: return ERR_OK; /* a byte of the wire; the rest has no check of its own */
	}
}

enum err_code
audit_entry(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	bool is_control = kind_is_control(e->h.kind), signed_so, whole;
	struct audited_log *l = log_for(a, log, e);
	enum err_code rc;

	assert(!a->finished);
	if (l == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->counts.entries++;
	l->control_kinds |= is_control;
	l->team_kinds |= e->h.kind >= KIND_DATA && e->h.kind <= KIND_TEAM_OPEN;
	rc = check_header(a, l, e, &signed_so, err);
	if (rc == ERR_OK && !is_control)
		rc = keep_id(l, e, err);
	if (rc == ERR_OK)
		rc = check_payload(a, l, e, &whole, err);
	if (rc != ERR_OK || !signed_so || !whole)
		return rc; /* what does not verify has no say */
	if (is_control || e->h.kind == KIND_TEAM_OPEN || e->h.kind == KIND_ADOPT)
		rc = org_add(a->org, e, err);
	if (rc == ERR_OK && e->h.kind == KIND_GENESIS)
		rc = org_evaluate(a->org, err); /* from here on logs have names */
	if (rc == ERR_OK)
		rc = check_operation(a, log, e, err);
	return rc;
}
