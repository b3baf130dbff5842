/*
 * A5, as far as one replica tells without the passing of time: a drop-box
 * is sealed to coordinators and to nobody who never was one, and its EPOCHs alone carry a drop_pk.
 * What an EPOCH is for is read here from its outside; the key in it is nobody's business.
 */
#include "audit/audit_internal.h"

#include "base/mem.h"
#include "codec/strict.h"

enum { READERS_MAX = 512, NUMBER_MAX = 1 << 30 };

struct audited_epoch {
	struct log_key log;
	struct header h;
	struct hash id;
	bool brings_drop_pk;
	struct device_id *readers;
	size_t reader_count;
};

/* proto/vault.md, 3. False: not in the form of one. */
static bool
read_epoch(struct audited_epoch *x, struct bytes payload, struct device_id readers[READERS_MAX])
{
	struct rd r = rd_init(payload);
	size_t parts = rd_array_any(&r, 8);
	uint8_t skip[48];

	(void)rd_uint(&r, NUMBER_MAX);
	if (!rd_nil(&r))
		rd_bin(&r, skip, 16);
	(void)rd_uint(&r, 255);
	rd_bin(&r, skip, 32);
	rd_bin(&r, skip, 32);
	x->reader_count = rd_array_any(&r, READERS_MAX);
	for (size_t i = 0; i < x->reader_count && !r.bad; i++) {
		rd_array(&r, 3);
		RD_FIXED(&r, readers[i]);
		(void)rd_uint(&r, NUMBER_MAX);
		rd_bin(&r, skip, 48);
	}
	if (!rd_nil(&r))
		rd_bin(&r, skip, 48);
	x->brings_drop_pk = parts == 8;
	if (parts == 8)
		rd_bin(&r, skip, 32);
	return rd_end(&r) && parts >= 7;
}

enum err_code
audit_take_epoch(struct audit *a, const struct log_key *log, const struct entry *e, struct err *err)
{
	struct audited_epoch x = { .log = *log, .h = e->h, .id = e->id }, *room;
	struct device_id readers[READERS_MAX];

	if (!read_epoch(&x, e->payload, readers))
		return audit_find(a, CHECK_A5, AUDIT_WARNING, log, e, err, "an EPOCH is not in the form it must have.");
	room = mem_room(a->epochs, a->epoch_count, &a->epoch_cap, sizeof(*room));
	if (room == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	a->epochs = room;
	x.readers = mem_dup(readers, x.reader_count * sizeof(*readers));
	if (x.readers == NULL)
		return err_plain(err, ERR_NO_MEMORY);
	room[a->epoch_count++] = x;
	return ERR_OK;
}

/* A team's: a reader who has been removed since is no fault, one that never was a device is. */
static enum err_code
check_team_reader(struct audit *a, const struct audited_epoch *x, const struct entry *e, const struct device_id *reader, struct err *err)
{
	const struct org_device *d = org_device_by_id(a->org, reader);
	char dev[33];

	if (!org_effective(a->org, &x->log, x->h.seq) || (d != NULL && (d->gone || org_reads(a->org, &x->h.stream, reader))))
		return ERR_OK;
	return audit_find(a, CHECK_A5, d == NULL ? AUDIT_WARNING : AUDIT_INFO, &x->log, e, err, "an EPOCH is sealed to device %s, which %s.",
	                  hex_encode(dev, reader->b, 4), d == NULL ? "was never admitted" : "may not read the team now");
}

/* Who was a coordinator once and is removed was right to be sealed to at the time. */
static enum err_code
check_epoch(struct audit *a, const struct audited_epoch *x, struct err *err)
{
	const struct entry e = { .h = x->h, .id = x->id };
	bool drop_box = org_is_drop_box(a->org, &x->h.stream);
	enum err_code rc = ERR_OK;
	char dev[33];

	if (x->brings_drop_pk != drop_box)
		rc = audit_find(a, CHECK_A5, AUDIT_WARNING, &x->log, &e, err, drop_box
		                ? "an EPOCH of a drop-box brings no key to seal rows to." : "an EPOCH of a team brings the key of a drop-box.");
	for (size_t i = 0; i < x->reader_count && rc == ERR_OK && !drop_box; i++)
		rc = check_team_reader(a, x, &e, &x->readers[i], err);
	for (size_t i = 0; i < x->reader_count && rc == ERR_OK && drop_box; i++) {
		const struct org_device *d = org_device_by_id(a->org, &x->readers[i]);

		if (d == NULL || !d->coordinator)
			rc = audit_find(a, CHECK_A5, AUDIT_WARNING, &x->log, &e, err,
			                "an EPOCH of a drop-box is sealed to device %s, which is no coordinator's.",
			                hex_encode(dev, x->readers[i].b, 4));
	}
	return rc;
}

enum err_code
audit_check_epochs(struct audit *a, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < a->epoch_count && rc == ERR_OK; i++)
		rc = check_epoch(a, &a->epochs[i], err);
	return rc;
}

void
audit_free_epochs(struct audit *a)
{
	for (size_t i = 0; i < a->epoch_count; i++)
		mem_free(a->epochs[i].readers);
	mem_free(a->epochs);
}
