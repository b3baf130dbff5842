/*
 * EPOCH and KEYGRANT: how keys come in, and KEYTABLE by vault_table.c. vault_make.c sends them out.
 *
 * Entries arrive in any order. A grant to us whose EPOCH is not here yet, or
 * a table whose key is not, waits and is tried again whenever an epoch
 * comes; whether its author had the right decides nothing about reading,
 * because a key either fits the commitment in the EPOCH or is refused.
 */
#include "vault/vault.h"

#include "base/mem.h"
#include "crypto/guard.h"
#include "crypto/seal.h"
#include "vault/vault_internal.h"

enum { WAITING_MAX = 4096 };

/* ---- EPOCH ---- */

struct epoch_payload {
	uint64_t n;
	bool has_parent;
	struct epoch_id parent;
	uint8_t commit[32], epk[32], drop_pk[32];
	bool is_drop;
	struct bytes readers;   /* count rows of [dev16, seal index, sealed48], borrowed */
	size_t reader_count;
	bool has_escrow;
	uint8_t escrow[SEALED_KEY_BYTES];
};

static bool
read_reader(struct rd *r, struct reader *out, uint8_t sealed[SEALED_KEY_BYTES])
{
	rd_array(r, 3);
	RD_FIXED(r, out->dev);
	out->seal = rd_uint(r, SEAL_INDEX_MAX);
	rd_bin(r, sealed, SEALED_KEY_BYTES);
	return !r->bad;
}

static bool
read_epoch(struct epoch_payload *p, struct bytes in)
{
	struct rd r = rd_init(in);
	struct reader reader, before;
	uint8_t sealed[SEALED_KEY_BYTES];
	size_t parts = rd_array_any(&r, 8);

	r.bad = r.bad || parts < 7;
	p->is_drop = parts == 8;
	p->n = rd_uint(&r, EPOCH_N_MAX);
	p->has_parent = !rd_nil(&r);
	if (p->has_parent)
		RD_FIXED(&r, p->parent);
	(void)rd_uint(&r, 255);
	rd_bin(&r, p->commit, sizeof(p->commit));
	rd_bin(&r, p->epk, sizeof(p->epk));
	p->reader_count = rd_array_any(&r, EPOCH_READERS_MAX);
	p->readers.p = r.p;
	for (size_t i = 0; i < p->reader_count && !r.bad; i++) {
		if (!read_reader(&r, &reader, sealed) || (i > 0 && memcmp(before.dev.b, reader.dev.b, sizeof(reader.dev.b)) >= 0))
			return false;
		before = reader;
	}
	p->readers.len = (size_t)(r.p - p->readers.p);
	p->has_escrow = !rd_nil(&r);
	if (p->has_escrow)
		rd_bin(&r, p->escrow, sizeof(p->escrow));
	if (p->is_drop)
		rd_bin(&r, p->drop_pk, sizeof(p->drop_pk));
	return rd_end(&r);
}

/* Whoever holds E can tell whether rows sealed to drop_pk will ever open. */
static void
check_drop(struct vault *v, struct epoch *ep)
{
	const struct epoch_keys *k = &v->keys[ep - v->epochs];
	uint8_t pk[32], sk[32];

	if (!ep->is_drop || !k->has_e)
		return;
	vault_drop_pair(pk, sk, k->e, ep->commit);
	ep->drop_wrong = memcmp(pk, ep->drop_pk, sizeof(pk)) != 0;
	wipe(sk, sizeof(sk));
}

/* Opens one sealed key with whichever of our seal keys fits, and takes it if it is the one committed to. */
static enum err_code
take_sealed(struct vault *v, const struct org *org, struct epoch *ep, const uint8_t epk[32],
            const uint8_t sealed[SEALED_KEY_BYTES], struct err *err)
{
	const struct seal_context c = { .org = org_id(org), .stream = &ep->stream, .commit = ep->commit };
	uint8_t e[32], commit[32];
	enum err_code rc = ERR_KEY;

	for (size_t i = 0; i < v->ks->seal_count && rc == ERR_KEY; i++) {
		if (!seal_open(e, sealed, &c, epk, v->ks->seal[i].pk, v->ks->seal[i].sk))
			continue;
		vault_commit_of(commit, e, &ep->stream);
		if (!same_secret(commit, ep->commit, sizeof(commit)))
			break;
		rc = vault_take_secret(v, ep, e, err);
		check_drop(v, ep);
	}
	wipe(e, sizeof(e));
	if (rc == ERR_KEY)
		return err_set(err, ERR_KEY, "a sealed epoch key does not open to what was committed to");
	return rc;
}

static enum err_code
take_readers(struct vault *v, const struct org *org, struct epoch *ep, const struct epoch_payload *p, struct err *err)
{
	struct reader *readers = mem_alloc(p->reader_count * sizeof(*readers));
	struct rd r = rd_init(p->readers);
	uint8_t sealed[SEALED_KEY_BYTES], mine[SEALED_KEY_BYTES];
	bool to_us = false;

	if (readers == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < p->reader_count; i++) {
		(void)read_reader(&r, &readers[i], sealed);
		if (SAME(readers[i].dev, v->self)) {
			memcpy(mine, sealed, sizeof(mine));
			to_us = true;
		}
	}
	mem_free(ep->readers);
	ep->readers = readers;
	ep->reader_count = p->reader_count;
	/* Rows of a drop-box open under a known epoch alone: with a key that is held already they can be tried again now. */
	v->news += !ep->known && ep->is_drop && v->keys[ep - v->epochs].has_e;
	ep->known = true;
	return to_us && !v->keys[ep - v->epochs].has_e && !keystore_tombstoned(v->ks, TOMB_SECRET, ep->id.b) ? take_sealed(v, org, ep, p->epk, mine, err) : ERR_OK;
}

/* A secret from the keystore that the EPOCH does not commit to opens nothing; it can only be a damaged keystore. */
static enum err_code
check_held(struct vault *v, struct epoch *ep, struct err *err)
{
	struct epoch_keys *k = &v->keys[ep - v->epochs];
	uint8_t commit[32];

	if (!k->has_e)
		return ERR_OK;
	vault_commit_of(commit, k->e, &ep->stream);
	if (same_secret(commit, ep->commit, sizeof(commit)))
		return ERR_OK;
	memset(k, 0, sizeof(*k));
	return err_set(err, ERR_KEY, "the keystore's key of an epoch is not the one committed to");
}

static enum err_code
learn_epoch(struct vault *v, const struct org *org, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct epoch_payload p = { .n = 0 };
	struct epoch_secret *kept;
	struct epoch_id id;
	struct epoch *ep;
	enum err_code rc;

	if (!read_epoch(&p, e->payload))
		return err_set(err, ERR_MALFORMED, "an EPOCH is not in the form it must have");
	memcpy(id.b, e->id.b, sizeof(id.b));
	ep = vault_epoch_put(v, &id, &e->h.stream);
	if (ep == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	ep->log = *log; /* read anew after a fork it stands in a branch, and what counts there is another question */
	if (ep->known)
		return ERR_OK;
	ep->stream = e->h.stream;
	ep->n = p.n;
	ep->has_parent = p.has_parent;
	ep->parent = p.parent;
	memcpy(ep->commit, p.commit, sizeof(ep->commit));
	memcpy(ep->drop_pk, p.drop_pk, sizeof(ep->drop_pk));
	ep->is_drop = p.is_drop;
	ep->seq = e->h.seq;
	rc = check_held(v, ep, err);
	if (rc == ERR_OK)
		rc = take_readers(v, org, ep, &p, err);
	check_drop(v, ep);
	kept = keystore_epoch(v->ks, &id);
	if (kept != NULL && kept->n != ep->n) {
		kept->n = ep->n;
		v->dirty = true;
	}
	return rc;
}

/* ---- KEYGRANT: [dev16, seal index, epk, [[epoch16, commit, sealed48]…]] ---- */

static enum err_code
note_given(struct vault *v, const struct log_key *log, const struct header *h, const struct hash *entry,
           const struct epoch_id *epoch, const struct device_id *dev, uint64_t seal, struct err *err)
{
	struct given *g;

	for (size_t i = 0; i < v->given_count; i++)
		if (SAME(v->given[i].entry, *entry) && SAME(v->given[i].epoch, *epoch)) { /* tried again after waiting, or read anew */
			v->given[i].log = *log;
			return ERR_OK;
		}
	g = mem_room(v->given, v->given_count, &v->given_cap, sizeof(*g));
	if (g == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	v->given = g;
	g[v->given_count++] = (struct given){ .entry = *entry, .epoch = *epoch, .dev = *dev, .seal = seal, .log = *log, .seq = h->seq };
	return ERR_OK;
}

struct granted { struct epoch_id epoch; uint8_t commit[32], sealed[SEALED_KEY_BYTES]; };

struct grant_payload {
	struct device_id dev;
	uint64_t seal;
	uint8_t epk[32];
	struct bytes rows;   /* count rows of [epoch16, commit, sealed48], borrowed */
	size_t count;
};

static void
read_granted(struct rd *r, struct granted *out)
{
	rd_array(r, 3);
	RD_FIXED(r, out->epoch);
	rd_bin(r, out->commit, sizeof(out->commit));
	rd_bin(r, out->sealed, sizeof(out->sealed));
}

/* To its end, before anything of it is taken: a payload in another form has no part in anything. */
static bool
read_grant(struct grant_payload *p, struct bytes in)
{
	struct rd r = rd_init(in);
	struct granted row;

	rd_array(&r, 4);
	RD_FIXED(&r, p->dev);
	p->seal = rd_uint(&r, SEAL_INDEX_MAX);
	rd_bin(&r, p->epk, sizeof(p->epk));
	p->count = rd_array_any(&r, KEYGRANT_EPOCHS_MAX);
	p->rows.p = r.p;
	for (size_t i = 0; i < p->count && !r.bad; i++)
		read_granted(&r, &row);
	p->rows.len = (size_t)(r.p - p->rows.p);
	return rd_end(&r);
}

/* *wait: it names an epoch that has not come. */
static enum err_code
learn_grant(struct vault *v, const struct org *org, const struct log_key *log, const struct header *h,
            struct bytes payload, bool *wait, struct err *err)
{
	const struct hash entry = header_id(h);
	struct grant_payload p = { .seal = 0 };
	enum err_code rc = ERR_OK, one;
	struct rd r;

	if (!read_grant(&p, payload))
		return err_set(err, ERR_MALFORMED, "a KEYGRANT is not in the form it must have");
	r = rd_init(p.rows);
	for (size_t i = 0; i < p.count && rc != ERR_NO_MEMORY; i++) {
		struct granted g;
		struct epoch *ep;

		read_granted(&r, &g);
		one = note_given(v, log, h, &entry, &g.epoch, &p.dev, p.seal, err);
		ep = vault_epoch(v, &g.epoch, NULL);
		if (one == ERR_OK && SAME(p.dev, v->self)) {
			if (keystore_tombstoned(v->ks, TOMB_SECRET, g.epoch.b))
				continue;
			if (ep == NULL || !ep->known)
				*wait = true;
			else if (!SAME(ep->stream, h->stream) || memcmp(ep->commit, g.commit, sizeof(g.commit)) != 0)
				one = err_set(err, ERR_KEY, "a KEYGRANT commits to another key than its EPOCH");
			else if (!v->keys[ep - v->epochs].has_e)
				one = take_sealed(v, org, ep, p.epk, g.sealed, err);
		}
		if (one != ERR_OK)
			rc = one;
	}
	return rc;
}

/* ---- learning ---- */

static enum err_code
learn_one(struct vault *v, const struct org *org, const struct log_key *log, const struct header *h, struct bytes payload,
          bool *wait, struct err *err)
{
	*wait = false;
	return h->kind == KIND_KEYGRANT ? learn_grant(v, org, log, h, payload, wait, err)
	                                : vault_learn_table(v, org, log, h, payload, wait, err);
}

static enum err_code
keep_waiting(struct vault *v, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct waiting *w;

	for (size_t i = 0; i < v->waiting_count; i++)
		if (SAME(v->waiting[i].id, e->id)) {
			v->waiting[i].log = *log;
			return ERR_OK;
		}
	if (v->waiting_count == WAITING_MAX)
		return err_set(err, ERR_KEY, "more than %d key entries wait for their epochs", WAITING_MAX);
	w = mem_room(v->waiting, v->waiting_count, &v->waiting_cap, sizeof(*w));
	if (w == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	v->waiting = w;
	w += v->waiting_count;
	*w = (struct waiting){ .log = *log, .h = e->h, .id = e->id, .payload = mem_dup(e->payload.p, e->payload.len) };
	if (w->payload == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	v->waiting_count++;
	return ERR_OK;
}

/* An epoch has come: what waited may go on, and that may bring the next. */
static enum err_code
retry_waiting(struct vault *v, const struct org *org, struct err *err)
{
	uint64_t before;

	do {
		before = v->news;
		for (size_t i = 0; i < v->waiting_count;) {
			struct waiting *w = &v->waiting[i];
			bool wait;
			enum err_code rc = learn_one(v, org, &w->log, &w->h, BYTES(w->payload, w->h.plen), &wait, err);

			if (rc == ERR_NO_MEMORY)
				return rc;
			if (wait) {
				i++;
				continue;
			}
			mem_free(w->payload);
			*w = v->waiting[--v->waiting_count];
		}
	} while (v->news != before);
	return ERR_OK;
}

enum err_code
vault_learn_in(struct vault *v, const struct org *org, const struct log_key *log, const struct entry *e, struct err *err)
{
	enum err_code rc, again;
	bool wait = false;

	if (!e->has_payload || !org_known(org))
		return ERR_OK;
	if (e->h.kind == KIND_EPOCH)
		rc = learn_epoch(v, org, log, e, err);
	else if (e->h.kind == KIND_KEYGRANT || e->h.kind == KIND_KEYTABLE)
		rc = learn_one(v, org, log, &e->h, e->payload, &wait, err);
	else
		return ERR_OK;
	if (wait && rc == ERR_OK)
		return keep_waiting(v, log, e, err);
	if (rc == ERR_NO_MEMORY || v->waiting_count == 0)
		return rc;
	again = retry_waiting(v, org, rc == ERR_OK ? err : NULL);
	return again != ERR_OK ? again : rc;
}

enum err_code
vault_learn(struct vault *v, const struct org *org, const struct entry *e, struct err *err)
{
	const struct log_key log = { .author = e->h.author, .stream = e->h.stream, .inc = e->h.inc };

	return vault_learn_in(v, org, &log, e, err);
}

enum err_code
vault_learn_escrow(struct vault *v, const struct org *org, const struct entry *e, const uint8_t secret[32], bool *opened,
                   struct err *err)
{
	struct seal_context c = { .org = org_id(org), .stream = &e->h.stream };
	struct epoch_payload p;
	struct epoch_id id;
	struct epoch *ep;
	uint8_t key[32], commit[32];
	enum err_code rc = ERR_OK;

	*opened = false;
	memcpy(id.b, e->id.b, sizeof(id.b));
	ep = vault_epoch(v, &id, NULL);
	if (!e->has_payload || ep == NULL || !ep->known || v->keys[ep - v->epochs].has_e || !read_epoch(&p, e->payload) || !p.has_escrow)
		return ERR_OK;
	c.commit = ep->commit;
	if (!seal_open(key, p.escrow, &c, p.epk, org_genesis(org)->escrow_pk, secret))
		return ERR_OK; /* its maker may have sealed anything there: that epoch alone is lost */
	vault_commit_of(commit, key, &ep->stream);
	if (same_secret(commit, ep->commit, sizeof(commit))) {
		rc = vault_take_secret(v, ep, key, err);
		*opened = rc == ERR_OK;
	}
	wipe(key, sizeof(key));
	return rc == ERR_OK && *opened ? retry_waiting(v, org, err) : rc;
}
