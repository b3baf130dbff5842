/*
 * What devices attest, against what is held here: A9 and A11.
 * proto/audit.md, 1.
 */
#include "audit/audit_internal.h"

#include "base/mem.h"
#include "org/attest.h"

enum { FRESH_DAYS = 14, PROPAGATE_DAYS = 7 };

/* ---- collected while entries come ---- */

enum err_code
audit_take_attest(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct attest *at = mem_alloc(sizeof(*at));
	struct extent it;
	uint64_t *place;
	enum err_code rc = at == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;

	if (rc != ERR_OK || attest_decode(at, e->payload, NULL) != ERR_OK) {
		mem_free(at);
		return rc; /* one that cannot be read is a finding of A3 */
	}
	place = table_put(a->attest_day_of, &log->author);
	if (place == NULL)
		rc = err_plain(err, ERR_NO_MEMORY);
	else if (at->day > *place)
		*place = at->day;
	if (at->day > a->newest_day)
		a->newest_day = at->day;
	if (rc == ERR_OK && attest_lists_nothing(e) && !attest_says_leaving(e))
		rc = audit_find(a, CHECK_A9, AUDIT_WARNING, log, e, err,
		                "an ATTEST that lists nothing and is no word of leaving, which stands behind the OPEN: it hides what its device holds.");
	while (rc == ERR_OK && extent_next(&at->delta, &it)) {
		struct claimed *room = mem_room(a->claimed, a->claimed_count, &a->claimed_cap, sizeof(*room));

		if (room == NULL) {
			rc = err_plain(err, ERR_NO_MEMORY);
			break;
		}
		a->claimed = room;
		place = table_put(a->claimed_of, &it.log);
		if (place == NULL) {
			rc = err_plain(err, ERR_NO_MEMORY);
		} else if (*place == 0) {
			room[a->claimed_count] = (struct claimed){ .log = it.log, .len = it.len, .by = log->author, .day = at->day };
			*place = ++a->claimed_count;
		} else if (it.len > room[*place - 1].len) {
			room[*place - 1].len = it.len;
			room[*place - 1].by = log->author;
			room[*place - 1].day = at->day;
		}
	}
	mem_free(at);
	return rc;
}

/* ---- at the end ---- */

static enum err_code
check_claimed(struct audit *a, const struct claimed *c, const struct audited_log *l, struct err *err)
{
	bool old = c->day + PROPAGATE_DAYS < a->newest_day;
	uint64_t held = l == NULL ? 0 : l->head.len;
	struct device_id by = device_id_of(&c->by);
	char hex[17];

	if (l == NULL || held >= c->len)
		return ERR_OK;
	return audit_find(a, CHECK_A9, old ? AUDIT_WARNING : AUDIT_INFO, &l->key, NULL, err,
	                  "device %s attests %llu entries of it and %llu are here: withheld%s.", hex_encode(hex, by.b, 8),
	                  (unsigned long long)c->len, (unsigned long long)held, old ? "" : ", or not here yet");
}

static enum err_code
check_claims(struct audit *a, struct err *err)
{
	struct audited_log **of = mem_zero(a->claimed_count + 1, sizeof(struct audited_log *));
	enum err_code rc = of == NULL ? err_plain(err, ERR_NO_MEMORY) : ERR_OK;
	size_t unknown = 0;

	for (size_t i = 0; i < a->log_count && rc == ERR_OK; i++) {
		struct log8 id = log8_of(&a->logs[i].key);
		const uint64_t *place = table_get(a->claimed_of, &id);

		if (place != NULL)
			of[*place - 1] = &a->logs[i];
	}
	for (size_t i = 0; i < a->claimed_count && rc == ERR_OK; i++) {
		unknown += of[i] == NULL && a->claimed[i].len > 0;
		rc = check_claimed(a, &a->claimed[i], of[i], err);
	}
	if (rc == ERR_OK && unknown > 0)
		rc = audit_find(a, CHECK_A9, AUDIT_INFO, NULL, NULL, err,
		                "%zu logs that devices attest are not here at all: this copy is of a part, or they are withheld.", unknown);
	mem_free(of);
	return rc;
}

static enum err_code
check_freshness(struct audit *a, struct err *err)
{
	char hex[17];
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < org_device_count(a->org) && rc == ERR_OK && a->newest_day > 0; i++) {
		const struct org_device *d = org_device_at(a->org, i);
		const uint64_t *day = table_get(a->attest_day_of, &d->sign_pk);

		if (!d->coordinator || d->gone || (day != NULL && *day + FRESH_DAYS >= a->newest_day))
			continue;
		hex_encode(hex, d->id.b, 8);
		if (day == NULL)
			rc = audit_find(a, CHECK_A11, AUDIT_INFO, NULL, NULL, err, "coordinator device %s has never attested.", hex);
		else
			rc = audit_find(a, CHECK_A11, AUDIT_INFO, NULL, NULL, err, "coordinator device %s last attested %llu days before the newest attestation.",
			                hex, (unsigned long long)(a->newest_day - *day));
	}
	return rc;
}

/* The word of leaving is a device's last: proto/sync.md, 8. Whatever its incarnation writes besides takes it back. */
static bool
has_written_elsewhere(const struct audit *a, const struct audited_log *word)
{
	for (size_t i = 0; i < a->log_count; i++) {
		const struct log_key *k = &a->logs[i].key;

		if (&a->logs[i] != word && SAME(k->author, word->key.author) && SAME(k->inc, word->key.inc))
			return true;
	}
	return false;
}

static enum err_code
check_leaving(struct audit *a, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < a->log_count && rc == ERR_OK; i++) {
		const struct audited_log *l = &a->logs[i];

		if (l->says_leaving && l->head.len == LEAVING_LEN && !has_written_elsewhere(a, l))
			rc = audit_find(a, CHECK_A9, AUDIT_INFO, &l->key, NULL, err,
			                "its device has said that it leaves and is to be destroyed: what it attested before proves nothing any more.");
	}
	return rc;
}

enum err_code
audit_check_attested(struct audit *a, struct err *err)
{
	enum err_code rc = check_claims(a, err);

	if (rc == ERR_OK)
		rc = check_leaving(a, err);
	return rc == ERR_OK ? check_freshness(a, err) : rc;
}
