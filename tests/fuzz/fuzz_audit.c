/*
 * What an auditor is shown: a small office's entries, of which the input is a
 * list of alterations, three bytes each: what is done, to which entry, and a
 * byte for it. Nothing that a source shows makes the auditor stop; a source
 * that was not altered is clean, and one with a byte turned is not.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/world.h"
#include "audit/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { C1 = 1, ANA = 4, BOB = 5, STEP_BYTES = 3, STEPS_MAX = 32, FINDINGS_MAX = 10000 };
enum { TURN_PAYLOAD, TURN_SIG, TURN_HEADER, LEAVE_OUT, TWICE, CHANGE_PLACES, CUT_PAYLOAD, NO_SIG, NO_PAYLOAD, ALTERATIONS };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static struct hash
granted(struct world *w, unsigned who, const struct stream_id *stream)
{
	struct org *o = org_new();
	struct hash id;

	must(o != NULL);
	for (size_t i = 0; i < w->count; i++)
		must(org_add(o, &w->entries[i], NULL) == ERR_OK);
	must(org_evaluate(o, NULL) == ERR_OK && org_grant_for(o, stream, &w->actors[who].id) != NULL);
	id = org_grant_for(o, stream, &w->actors[who].id)->id;
	org_free(o);
	return id;
}

/* Root, a coordinator, two advisers who write. Made once. */
static struct world *
office(void)
{
	static struct world *w;
	struct stream_id team = team_of(1);
	struct hash grant;

	if (w != NULL)
		return w;
	w = world_new();
	world_genesis(w);
	world_admit(w, ROOT, 0, C1, C1);
	world_grant(w, ROOT, 0, C1, ROLE_COORDINATOR, NULL, 1);
	grant = granted(w, C1, &w->control);
	world_open(w, C1, &w->control, 0, &grant);
	world_team(w, C1, 0, &team, 1, 0);
	for (unsigned d = ANA; d <= BOB; d++) {
		world_admit(w, C1, 0, d, d);
		world_grant(w, C1, 0, d, ROLE_ADVISOR, &team, 0);
	}
	for (unsigned d = ANA; d <= BOB; d++) {
		grant = granted(w, d, &team);
		world_open(w, d, &team, 0, &grant);
		world_data(w, d, &team, 0, 4);
	}
	return w;
}

struct shown { struct entry e; uint8_t payload[4096]; };

static void
turn_header(struct header *h, uint8_t by)
{
	uint8_t bit = (uint8_t)(1 << (by & 7));

	switch (by >> 3 & 7) {
	case 0: h->kind = (uint8_t)(h->kind ^ (1 << by % 7)); break;
	case 1: h->author.b[by & 31] ^= bit; break;
	case 2: h->stream.b[by & 15] ^= bit; break;
	case 3: h->inc.b[by & 7] ^= bit; break;
	case 4: h->seq ^= bit; break;
	case 5: h->prev.b[by & 31] ^= bit; break;
	case 6: h->phash.b[by & 31] ^= bit; break;
	default: h->plen ^= bit; break;
	}
}

/* Returns whether what is shown is now other than what was written. */
static bool
alter(struct shown *s, size_t *count, const uint8_t *step)
{
	struct shown *at = &s[step[1] % *count], other;
	size_t rest = *count - (size_t)(at - s) - 1;

	switch (step[0] % ALTERATIONS) {
	case TURN_PAYLOAD:
		at->payload[step[2] % at->e.h.plen] ^= 0x10;
		return at->e.has_payload;
	case TURN_SIG:
		at->e.sig[step[2] % SIG_BYTES] ^= 1;
		return at->e.has_sig;
	case TURN_HEADER:
		turn_header(&at->e.h, step[2]);
		at->e.id = header_id(&at->e.h);
		return true;
	case LEAVE_OUT:
		if (*count > 1)
			memmove(at, at + 1, rest * sizeof(*s)), (*count)--;
		return false; /* the newest of a log may be missing: nobody can know */
	case TWICE:
		memmove(at + 1, at, (rest + 1) * sizeof(*s)), (*count)++;
		return false;
	case CHANGE_PLACES:
		other = *at, *at = s[step[2] % *count], s[step[2] % *count] = other;
		return false;
	case CUT_PAYLOAD:
		at->e.payload.len = step[2] % (at->e.payload.len + 1);
		return false;
	case NO_SIG: at->e.has_sig = false; return false;
	default: at->e.has_payload = false; return false;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world *w = office();
	size_t count = w->count, steps = len / STEP_BYTES < STEPS_MAX ? len / STEP_BYTES : STEPS_MAX;
	struct shown *s = calloc(count + STEPS_MAX + 1, sizeof(*s));
	uint8_t print[32], turned = 0;
	struct audit *a;

	must(s != NULL);
	for (size_t i = 0; i < count; i++) {
		s[i].e = w->entries[i];
		must(s[i].e.payload.len <= sizeof(s[i].payload));
		memcpy(s[i].payload, s[i].e.payload.p, s[i].e.payload.len);
	}
	for (size_t i = 0; i < steps; i++)
		turned = (uint8_t)(turned + alter(s, &count, data + i * STEP_BYTES));
	root_fingerprint(print, &w->genesis);
	a = audit_new(print);
	must(a != NULL);
	for (size_t i = 0; i < count; i++) {
		struct log_key key;

		s[i].e.payload.p = s[i].payload; /* they have moved */
		log_key_init(&key, &s[i].e.h.author, &s[i].e.h.stream, &s[i].e.h.inc);
		must(audit_entry(a, &key, &s[i].e, NULL) == ERR_OK);
	}
	must(audit_finish(a, NULL) == ERR_OK);
	if (steps == 0)
		must(audit_clean(a) && audit_finding_count(a) == 0);
	if (steps == 1 && turned == 1)
		must(!audit_clean(a));
	must(audit_finding_count(a) < FINDINGS_MAX);
	audit_free(a);
	free(s);
	return 0;
}
