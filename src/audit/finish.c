#include <stdlib.h>

#include "audit/audit_internal.h"
#include "base/mem.h"

/* A1: the organisation is the one on the paper. */
static enum err_code
check_genesis(struct audit *a, struct err *err)
{
	uint8_t print[32];
	char got[65], want[65];

	if (!org_known(a->org))
		return audit_find(a, CHECK_A1, AUDIT_ERROR, NULL, NULL, err,
		                  "There is no GENESIS entry, so nobody in here has any right.");
	org_root_fingerprint(a->org, print);
	if (!a->has_fingerprint)
		return audit_find(a, CHECK_A1, AUDIT_WARNING, NULL, NULL, err,
		                  "No root fingerprint was given, so this may be anybody's organisation; it calls itself %s.",
		                  hex_encode(got, print, 32));
	if (memcmp(print, a->fingerprint, sizeof(print)) != 0)
		return audit_find(a, CHECK_A1, AUDIT_ERROR, NULL, NULL, err,
		                  "The root fingerprint is %s and the one given is %s.", hex_encode(got, print, 32),
		                  hex_encode(want, a->fingerprint, 32));
	return ERR_OK;
}

static enum err_code
check_author(struct audit *a, const struct audited_log *l, struct err *err)
{
	if (!org_known(a->org) || org_speaks(a->org, &l->key.author))
		return ERR_OK;
	return audit_find(a, CHECK_A2, AUDIT_ERROR, &l->key, NULL, err,
	                  "its %llu entries are signed by a device that was never admitted.",
	                  (unsigned long long)l->head.len);
}

static enum err_code
check_shape(struct audit *a, const struct audited_log *l, struct err *err)
{
	enum err_code rc = ERR_OK;
	struct stream_id control;
	bool is_control;

	if (!l->opens)
		rc = audit_find(a, CHECK_A2, AUDIT_WARNING, &l->key, NULL, err,
		                "it does not begin with an OPEN entry, so it names no right it was opened under.");
	if (rc == ERR_OK && l->unsigned_count > 0)
		rc = audit_find(a, CHECK_A2, AUDIT_WARNING, &l->key, NULL, err,
		                "%llu of its entries are held without a signature.",
		                (unsigned long long)l->unsigned_count);
	if (rc != ERR_OK || !org_known(a->org))
		return rc;
	control = control_stream(org_id(a->org));
	is_control = SAME(control, l->key.stream);
	if ((is_control && l->team_kinds) || (!is_control && l->control_kinds))
		rc = audit_find(a, CHECK_A2, AUDIT_WARNING, &l->key, NULL, err,
		                "it carries kinds of entries that do not belong into its stream.");
	return rc;
}

static bool
one_fork(const struct log_key *a, const struct log_key *b)
{
	return a->is_branch && b->is_branch && a->branch_seq == b->branch_seq && SAME(a->author, b->author) && SAME(a->stream, b->stream) &&
	       SAME(a->inc, b->inc);
}

/* The histories of one fork are told as one, with the first of them: each would have the same name. */
static enum err_code
check_histories(struct audit *a, const struct audited_log *l, struct err *err)
{
	uint64_t entries = 0, idle = 0;
	size_t histories = 0;

	for (size_t i = 0; i < a->log_count; i++) {
		const struct audited_log *x = &a->logs[i];
		uint64_t base = x->key.branch_seq, limit;

		if (!one_fork(&l->key, &x->key))
			continue;
		if (histories++ == 0 && x != l)
			return ERR_OK;
		limit = org_limit(a->org, &x->key);
		limit = limit > base ? limit : base;
		entries += x->head.len - base;
		idle += limit < x->head.len ? x->head.len - limit : 0;
	}
	if (idle == 0)
		return ERR_OK;
	return audit_find(a, CHECK_A4, AUDIT_INFO, &l->key, NULL, err,
	                  "%llu of %llu entries behind a fork have no effect; they stand in %zu histor%s.", (unsigned long long)idle,
	                  (unsigned long long)entries, histories, histories == 1 ? "y" : "ies");
}

/* A4: what no longer has effect, or never had. */
static enum err_code
check_effect(struct audit *a, const struct audited_log *l, struct err *err)
{
	uint64_t limit = org_limit(a->org, &l->key);

	if (!org_known(a->org))
		return ERR_OK;
	if (l->key.is_branch)
		return check_histories(a, l, err);
	if (limit >= l->head.len)
		return ERR_OK;
	return audit_find(a, CHECK_A4, AUDIT_INFO, &l->key, NULL, err,
	                  "%llu of %llu entries have no effect: they lie beyond a cut or a fork, or the right they "
	                  "were written under is not granted.",
	                  (unsigned long long)(l->head.len - limit),
	                  (unsigned long long)l->head.len);
}

/* A8: two histories of one log, and nobody said so. */
static enum err_code
check_branch(struct audit *a, const struct audited_log *l, struct err *err)
{
	if (!l->key.is_branch || org_fork_point(a->org, &l->key) <= l->key.branch_seq)
		return ERR_OK;
	for (const struct audited_log *x = a->logs; x < l; x++)
		if (one_fork(&x->key, &l->key))
			return ERR_OK; /* said with the first of them */
	return audit_find(a, CHECK_A8, AUDIT_WARNING, &l->key, NULL, err,
	                  "a second history is held and no FORK entry proves it.");
}

/* A13 and A14. */
static enum err_code
check_members(struct audit *a, struct err *err)
{
	char dev[9], other[9], team[9];
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < org_grant_count(a->org) && rc == ERR_OK; i++) {
		const struct org_grant *g = org_grant_at(a->org, i);

		if (g->self_grant && g->has_team)
			rc = audit_find(a, CHECK_A13, AUDIT_INFO, NULL, NULL, err, "Device %s granted itself the team %s.",
			                hex_encode(dev, g->dev.b, 4), hex_encode(team, g->team.b, 4));
	}
	for (size_t i = 1; i < org_device_count(a->org) && rc == ERR_OK; i++) {
		const struct org_device *x = org_device_at(a->org, i - 1), *y = org_device_at(a->org, i);

		if (memcmp(x->id.b, y->id.b, 8) == 0) /* sorted by id */
			rc = audit_find(a, CHECK_A14, AUDIT_WARNING, NULL, NULL, err,
			                "Two devices share the short id %s: %s and %s.", hex_encode(dev, x->id.b, 4),
			                hex_encode(other, x->id.b + 8, 4), hex_encode(team, y->id.b + 8, 4));
	}
	return rc;
}

static int
order_members(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct member_id));
}

static enum err_code
count_members(struct audit *a, struct err *err)
{
	struct member_id *members = mem_zero(org_device_count(a->org) + 1, sizeof(*members));
	size_t count = 0;

	if (members == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < org_device_count(a->org); i++)
		if (org_device_live(org_device_at(a->org, i)))
			members[count++] = org_device_at(a->org, i)->member;
	if (count > 1)
		qsort(members, count, sizeof(*members), order_members);
	for (size_t i = 0; i < count; i++)
		a->counts.members += i == 0 || order_members(&members[i - 1], &members[i]) != 0;
	a->counts.devices = org_device_count(a->org);
	a->counts.teams = org_team_count(a->org);
	a->counts.logs = a->log_count;
	mem_free(members);
	return ERR_OK;
}

static enum err_code
make_frontier(struct audit *a, struct err *err)
{
	struct log_head *heads = mem_zero(a->log_count + 1, sizeof(*heads));

	if (heads == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (size_t i = 0; i < a->log_count; i++) {
		heads[i].key = a->logs[i].key;
		heads[i].len = a->logs[i].head.len;
		heads[i].head = a->logs[i].head.head;
	}
	frontier_root(a->frontier, heads, a->log_count);
	mem_free(heads);
	return ERR_OK;
}

/* By number of the check, and within one as they were found. */
static enum err_code
sort_findings(struct audit *a, struct err *err)
{
	struct audit_finding *sorted = mem_zero(a->finding_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (sorted == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	for (int check = 0; check < CHECKS; check++)
		for (size_t i = 0; i < a->finding_count; i++)
			if (strcmp(a->findings[i].check, audit_check_names[check]) == 0)
				sorted[count++] = a->findings[i];
	mem_free(a->findings);
	a->findings = sorted;
	a->finding_cap = a->finding_count + 1;
	return ERR_OK;
}

enum err_code
audit_finish(struct audit *a, struct err *err)
{
	enum err_code rc = org_evaluate(a->org, err);

	if (rc == ERR_OK)
		rc = check_genesis(a, err);
	for (size_t i = 0; i < a->log_count && rc == ERR_OK; i++) {
		const struct audited_log *l = &a->logs[i];

		rc = check_author(a, l, err);
		if (rc == ERR_OK)
			rc = check_shape(a, l, err);
		if (rc == ERR_OK)
			rc = check_effect(a, l, err);
		if (rc == ERR_OK)
			rc = check_branch(a, l, err);
	}
	if (rc == ERR_OK && org_skipped(a->org) > 0)
		rc = audit_find(a, CHECK_A3, AUDIT_WARNING, NULL, NULL, err,
		                "%zu control entries are not in the form of their kind and had no part in the evaluation.",
		                org_skipped(a->org));
	if (rc == ERR_OK)
		rc = check_members(a, err);
	if (rc == ERR_OK)
		rc = audit_check_epochs(a, err);
	if (rc == ERR_OK)
		rc = audit_check_attested(a, err);
	if (rc == ERR_OK)
		rc = audit_missing_payloads(a, err);
	if (rc == ERR_OK)
		rc = count_members(a, err);
	if (rc == ERR_OK)
		rc = make_frontier(a, err);
	if (rc == ERR_OK)
		rc = sort_findings(a, err);
	a->finished = rc == ERR_OK;
	return rc;
}
