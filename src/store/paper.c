/* What was printed and may not be kept yet. Spec: proto/store.md, 13 "Paper". */
#include "store/home_internal.h"

#include <string.h>

#include "crypto/guard.h"
#include "store/replica_internal.h"

void
replica_papers(struct replica *r, struct own_papers *out)
{
	struct buf b = BUF_INIT;

	*out = (struct own_papers){ PAPER_NONE, PAPER_NONE };
	if (replica_own_get(r, META_PAPER, &b, NULL) == ERR_OK && b.len == 2 && b.p[0] <= PAPER_SHOWN && b.p[1] <= PAPER_SHOWN)
		*out = (struct own_papers){ (enum paper_state)b.p[0], (enum paper_state)b.p[1] };
	buf_free(&b);
}

enum err_code
replica_papers_put(struct replica *r, const struct own_papers *p, struct err *err)
{
	uint8_t both[2] = { (uint8_t)p->recovery, (uint8_t)p->kill };
	struct own_papers now;

	replica_papers(r, &now);
	if (now.recovery == p->recovery && now.kill == p->kill)
		return ERR_OK;
	return replica_own_put(r, META_PAPER, BYTES(both, sizeof(both)), err);
}

static enum err_code
keep(struct replica *r, const struct own_papers *p, struct err *err)
{
	enum err_code rc = replica_papers_put(r, p, err);

	return rc == ERR_OK ? replica_commit(r, err) : rc;
}

enum err_code
replica_papers_shown(struct replica *r, struct err *err)
{
	struct own_papers p;

	replica_papers(r, &p);
	if (p.recovery == PAPER_MADE)
		p.recovery = PAPER_SHOWN;
	if (p.kill == PAPER_MADE)
		p.kill = PAPER_SHOWN;
	return keep(r, &p, err);
}

enum err_code
replica_papers_kept(struct replica *r, struct err *err)
{
	static const struct own_papers none = { PAPER_NONE, PAPER_NONE };

	return keep(r, &none, err);
}

enum err_code
home_recovery_code(struct home *h, char code_out[27], struct err *err)
{
	uint8_t code[16];
	struct own_papers p;
	enum err_code rc;

	memset(code_out, 0, 27);
	replica_papers(h->replica, &p);
	p.recovery = PAPER_MADE;
	rc = keep(h->replica, &p, err);
	if (rc != ERR_OK)
		return rc;
	recovery_code_make(h->env, code_out);
	if (!recovery_code_parse(code_out, code))
		return err_set(err, ERR_DAMAGED, "the recovery code does not read back");
	/* 128 random bits need no slow hash to be safe. */
	rc = keystore_set_slot(h->keys, h->env, 2, BYTES(code, sizeof(code)), KDF_INTERACTIVE, err);
	wipe(code, sizeof(code));
	if (rc == ERR_OK)
		rc = home_save_keystore(h, err);
	if (rc != ERR_OK)
		wipe(code_out, 27);
	return rc;
}

enum err_code
home_unmake_kill_card(struct home *h, struct err *err)
{
	struct own_papers p;
	enum err_code rc;

	replica_papers(h->replica, &p);
	p.kill = PAPER_NONE;
	rc = replica_own_put(h->replica, META_KILL, BYTES_NONE, err);
	return rc == ERR_OK ? keep(h->replica, &p, err) : rc;
}
