#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit_internal.h"
#include "base/mem.h"

const char *const audit_check_names[CHECKS] = { "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A11", "A13", "A14" };

const char *
audit_severity_word(enum audit_severity s)
{
	static const char *const words[] = { [AUDIT_INFO] = "info", [AUDIT_WARNING] = "warning", [AUDIT_ERROR] = "error" };

	return words[s];
}

char *
audit_log_name(const struct audit *a, const struct log_key *log, char out[AUDIT_LOG_NAME_BYTES])
{
	struct device_id dev = device_id_of(&log->author);
	char dev_hex[9], stream_hex[9];
	const char *stream;

	hex_encode(dev_hex, dev.b, 4);
	stream = hex_encode(stream_hex, log->stream.b, 4);
	if (org_known(a->org)) {
		struct stream_id control = control_stream(org_id(a->org)), roster = roster_stream(org_id(a->org));

		if (SAME(control, log->stream))
			stream = "control";
		else if (SAME(roster, log->stream))
			stream = "roster";
	}
	if (log->is_branch)
		snprintf(out, AUDIT_LOG_NAME_BYTES, "%s/%s@%llu", dev_hex, stream, (unsigned long long)log->branch_seq);
	else
		snprintf(out, AUDIT_LOG_NAME_BYTES, "%s/%s", dev_hex, stream);
	return out;
}

enum err_code
audit_find(struct audit *a, enum audit_check check, enum audit_severity severity, const struct log_key *log,
           const struct entry *e, struct err *err, const char *fmt, ...)
{
	struct audit_finding *room, *f;
	char name[AUDIT_LOG_NAME_BYTES];
	size_t len = 0;
	va_list args;

	if (a->per_check[check] >= AUDIT_FINDINGS_MAX) {
		a->counts.findings_left_out++;
		a->worst_left_out = severity > a->worst_left_out ? severity : a->worst_left_out;
		return ERR_OK;
	}
	room = mem_room(a->findings, a->finding_count, &a->finding_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->findings = room;
	a->per_check[check]++;
	f = &room[a->finding_count++];
	memset(f, 0, sizeof(*f));
	snprintf(f->check, sizeof(f->check), "%s", audit_check_names[check]);
	f->severity = severity;
	f->has_log = log != NULL;
	if (log != NULL)
		f->log = *log;
	f->has_seq = f->has_entry = e != NULL;
	if (e != NULL) {
		f->seq = e->h.seq;
		f->entry = e->id;
	}
	if (log != NULL)
		len = (size_t)snprintf(f->text, sizeof(f->text), "Log %s: ", audit_log_name(a, log, name));
	if (e != NULL)
		len = (size_t)snprintf(f->text, sizeof(f->text), "Log %s, entry %llu: ", name,
		                       (unsigned long long)e->h.seq);
	va_start(args, fmt);
	vsnprintf(f->text + len, sizeof(f->text) - len, fmt, args);
	va_end(args);
	return ERR_OK;
}

enum err_code
audit_note(struct audit *a, const char *check, enum audit_severity severity, const char *text, struct err *err)
{
	for (int i = 0; i < CHECKS; i++)
		if (strcmp(audit_check_names[i], check) == 0)
			return audit_find(a, (enum audit_check)i, severity, NULL, NULL, err, "%s", text);
	return err_set(err, ERR_INVALID, "there is no check %s", check);
}

static bool
nothing_above(const struct audit *a, enum audit_severity most)
{
	for (size_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].severity > most)
			return false;
	return a->finished && a->worst_left_out <= most;
}

bool
audit_clean(const struct audit *a)
{
	return nothing_above(a, AUDIT_INFO);
}

bool
audit_verifies(const struct audit *a)
{
	return nothing_above(a, AUDIT_WARNING);
}

size_t
audit_finding_count(const struct audit *a)
{
	return a->finding_count;
}

const struct audit_finding *
audit_finding_at(const struct audit *a, size_t i)
{
	return &a->findings[i];
}

struct audit_counts
audit_counts(const struct audit *a)
{
	return a->counts;
}

void
audit_frontier(const struct audit *a, uint8_t out[32])
{
	memcpy(out, a->frontier, 32);
}

const struct org *
audit_org(const struct audit *a)
{
	return a->org;
}
