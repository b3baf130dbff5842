/*
 * What the parts of the vault share: epochs, their keys, case keys.
 *
 *   epochs[i] (public) | keys[i] (guarded) ─ by id
 *   cases[] (guarded) ─ by kid, and by stream ‖ group ‖ birth epoch
 *
 * An honest kid is random and has one key. A dishonest reader may announce
 * another key under a kid in use; both are kept, chained, and the commitment
 * in each entry says which was meant, so that the order of arrival decides
 * nothing.
 */
#ifndef FALTBOK_VAULT_VAULT_INTERNAL_H
#define FALTBOK_VAULT_VAULT_INTERNAL_H

#include "base/table.h"
#include "vault/vault.h"

enum {
	EPOCH_READERS_MAX = 512,
	KEYGRANT_EPOCHS_MAX = 256,
	KEYTABLE_METAS_MAX = 64,
	EPOCH_N_MAX = 1 << 30,
	SEAL_INDEX_MAX = 1 << 30,
	SEAL_UNTOLD = SEAL_INDEX_MAX, /* no key's index: of one that its holder alone knows of */
	NO_CASE = -1,
};

struct reader { struct device_id dev; uint64_t seal; }; /* sealed to that device's seal key of this index */

struct epoch {
	struct epoch_id id;
	struct stream_id stream;
	bool known;              /* its EPOCH entry is held; else only its secret, from the keystore */
	bool open;               /* in the open transaction only */
	bool effective, shredded, clean, stained; /* as of the last vault_refresh() */
	uint64_t n;
	bool has_parent;
	struct epoch_id parent;
	uint8_t commit[32];
	bool is_drop, drop_wrong; /* of a drop-box: it brings drop_pk; that is not the one of E */
	uint8_t drop_pk[32];
	bool by_reader;          /* its maker may read the stream, as of the last vault_refresh() */
	struct log_key log;      /* where the EPOCH stands, as last read: a fork moves entries to a branch */
	uint64_t seq;
	struct reader *readers;
	size_t reader_count;
};

struct epoch_keys { /* guarded; parallel to epochs */
	bool has_e, has_mk;
	bool mk_told;            /* it comes from a table alone, and may be wrong */
	uint8_t e[32], mk[32], wk[32], tk[32];
};

struct case_key { /* guarded */
	struct key_id kid;
	uint8_t key[32];
	struct stream_id stream;
	struct epoch_id birth;
	bool doubted;            /* nothing in force has brought it since vault_doubt_cases(), and nothing has opened under it */
	bool bound;
	struct group_id group;   /* doubted, not bound: as the table without effect says */
	bool wrapped, wrapped_open; /* we have wrapped it in our log of that incarnation; only in the open transaction */
	struct inc wrapped_inc;
	bool has_told;           /* a key table under `told` has announced it: of the largest number, and the preferred one of several */
	struct epoch_id told;
	bool has_late;           /* so has one without effect, under `late`: of the largest number. Doubted, it stays: what it opens may be still to come */
	struct epoch_id late;
	int64_t next;            /* another key under the same kid, or NO_CASE */
};

struct given { /* a row of a KEYGRANT */
	struct hash entry;
	struct epoch_id epoch;
	struct device_id dev;
	uint64_t seal;
	struct log_key log;      /* where it stands, as last read */
	uint64_t seq;
	bool effective;
};

struct waiting { struct log_key log; struct header h; struct hash id; uint8_t *payload; };

struct vault {
	struct keystore *ks;
	bool dirty;
	uint64_t news;
	uint8_t *hedge;                      /* guarded, 32 bytes: makes weak randomness ours alone */
	struct device_id self;

	struct epoch *epochs;
	struct epoch_keys *keys;
	size_t epoch_count, epoch_cap, keys_cap;
	struct table *epoch_by_id;
	size_t last_epoch;                   /* most entries name the same one as the one before */

	struct case_key *cases;
	size_t case_count, case_cap;
	struct table *case_by_kid, *case_by_group;
	bool any_doubted;
	int64_t last_case;                   /* of the last vault_open() or vault_seal() */
	bool last_wrapped;                   /* the entry opened last brought the key itself, born under `last_birth` */
	struct epoch_id last_birth;

	bool any_open;               /* some wrap or epoch stands in the open transaction only */
	size_t open_cases[32];       /* whose wraps those are; when there are more, all are asked */
	size_t open_count;
	struct given *given;
	size_t given_count, given_cap;
	struct waiting *waiting;             /* KEYGRANTs and KEYTABLEs whose epoch has not come yet */
	size_t waiting_count, waiting_cap;

	struct device_id left_out[LEFT_OUT_MAX];
	size_t left_out_count;

	struct buf outer, plain;             /* scratch, wiped at the end */
};

/* Where an entry stands: what every key of its payload is bound to. */
struct place { uint8_t seq[8]; const struct header *h; };
#define PLACE_PARTS(pl) BYTES_OF((pl).h->author), BYTES_OF((pl).h->stream), BYTES_OF((pl).h->inc), BYTES((pl).seq, 8)

static inline struct place
place_of(const struct header *h)
{
	struct place p = { .h = h };

	be64_put(p.seq, h->seq);
	return p;
}

/* 32 bytes that are secret even if the random generator repeats itself: proto/vault.md, 1. */
void vault_hedged(struct vault *v, struct env *env, uint8_t out[32], const char *ctx, struct bytes about);

struct epoch *vault_epoch(const struct vault *v, const struct epoch_id *id, struct epoch_keys **keys);
/* Finds or adds; NULL when out of memory. */
struct epoch *vault_epoch_put(struct vault *v, const struct epoch_id *id, const struct stream_id *stream);
void vault_table_key(uint8_t out[32], const struct epoch_keys *k, const uint8_t salt[24], const struct place *at);
/* vault_table.c: takes what a KEYTABLE tells, as it has effect or not. *wait: the key that it is sealed under is not here. */
enum err_code vault_learn_table(struct vault *v, const struct org *org, const struct log_key *log, const struct header *h,
                                struct bytes payload, bool *wait, struct err *err) MUST_CHECK;
/* The secret of a known epoch: into the vault and the keystore. */
enum err_code vault_take_secret(struct vault *v, struct epoch *ep, const uint8_t e[32], struct err *err) MUST_CHECK;
void vault_commit_of(uint8_t out[32], const uint8_t e[32], const struct stream_id *stream);
/* vault_prefer.c: the one to write under, or NULL. */
struct epoch *vault_preferred_epoch(const struct vault *v, const struct stream_id *stream);
/* The same for content: NULL in a drop-box, which holds none. */
struct epoch *vault_content_epoch(const struct vault *v, const struct stream_id *stream);
/* vault_drop.c: the pair that rows of a drop-box are sealed to; readers alone can make it, from E. */
void vault_drop_pair(uint8_t pk[32], uint8_t sk[32], const uint8_t e[32], const uint8_t commit[32]);

/* vault_rotate.c: would this key be lost to others with the old epochs: born under one, and announced under none that stays? */
bool vault_is_untold(const struct vault *v, const struct case_key *c, const struct epoch *now);
void vault_case_told(struct vault *v, int64_t i, const struct epoch_id *under);

/* The KEYTABLE whose rows stand in v->plain, which is wiped. */
enum err_code vault_seal_table(struct vault *v, struct env *env, const struct header *next, struct buf *payload, struct err *err) MUST_CHECK;

/* vault_cases.c: index, or NO_CASE when out of memory. A key that is there already is not added twice, and stays as it is. */
int64_t vault_case_put(struct vault *v, const struct key_id *kid, const uint8_t key[32], const struct stream_id *stream,
                       const struct epoch_id *birth);
int64_t vault_case_first(const struct vault *v, const struct key_id *kid);
/* Where nobody in force says under which epoch it was born: not to be taken on the word of anybody else, unless its E has been deleted. */
void vault_case_orphan(const struct vault *v, struct epoch_id *birth);
/* Something in force has brought it, born under that epoch, or something has opened under it: no doubt about it any more. */
void vault_case_trust(struct vault *v, int64_t i, const struct epoch_id *birth);
/* Takes out doubted keys that have been wiped: under their kids nothing is refused, so what comes waits. Places change. */
void vault_drop_wiped(struct vault *v);
int64_t vault_case_of_group(const struct vault *v, const struct stream_id *stream, const struct group_id *group,
                            const struct epoch_id *birth);
/* False only when out of memory; a bound key keeps its group. */
bool vault_case_bind(struct vault *v, int64_t i, const struct group_id *group);

#endif
