/*
 * What a person needs to know of each device on the list of members: the
 * same facts as in status, at the device that they are about.
 */
#include "op/op_internal.h"

#include "base/mem.h"
#include "node/standing.h"
#include "node/tend.h"

enum { COPIES_MAX = 32, WAITS_MAX = 512 };

struct facts {
	struct node *n;
	struct node_standing *standing;
	struct node_key_wait *waits;
	struct node_copies copies[COPIES_MAX];
	size_t standing_count, wait_count, copy_count;
};

static json_t *
disputes_of(const struct facts *f, const struct device_id *dev)
{
	const struct org *org = node_org(f->n);
	json_t *out = json_array();

	for (size_t i = 0; i < org_void_removals(org); i++) {
		const struct org_dispute *d = org_dispute_at(org, i);
		bool tried = SAME(d->by, *dev);

		if (tried || SAME(d->target, *dev))
			json_array_append_new(out, json_pack("{s:s,s:b}", "with", node_device_name(f->n, tried ? &d->target : &d->by), "tried", tried));
	}
	return out;
}

static json_t *
waits_of(const struct facts *f, const struct device_id *dev)
{
	json_t *out = json_array();

	for (size_t i = 0; i < f->wait_count; i++)
		if (SAME(f->waits[i].dev, *dev))
			json_array_append_new(out, key_wait_json(f->n, &f->waits[i]));
	return out;
}

static json_t *
copies_of(const struct facts *f, const struct device_id *dev)
{
	for (size_t i = 0; i < f->copy_count; i++)
		if (SAME(f->copies[i].dev, *dev))
			return json_pack("[I,I]", (json_int_t)f->copies[i].older, (json_int_t)f->copies[i].newer);
	return json_null();
}

/* Our own device has no standing, and is not silent. */
static void
say_silence(const struct facts *f, const struct device_id *dev, json_t *o)
{
	const struct node_standing *s = NULL;
	char at[40];

	for (size_t i = 0; i < f->standing_count; i++)
		if (SAME(f->standing[i].dev, *dev))
			s = &f->standing[i];
	json_object_set_new(o, "heard", s != NULL && s->heard_ms > 0 ? json_string(time_print(at, s->heard_ms, 0)) : json_null());
	json_object_set_new(o, "silent_days", s == NULL || s->silent_days < 0 ? json_null() : json_integer(s->silent_days));
	json_object_set_new(o, "silent", json_boolean(s != NULL && (s->silent_days < 0 || s->silent_days > SILENT_DAYS)));
}

void
say_members_heard(struct node *n, json_t *members, struct err *err)
{
	struct facts *f = mem_zero(1, sizeof(*f));
	struct device_id dev;
	json_t *m;
	size_t i;

	if (f == NULL) {
		err_plain(err, ERR_NO_MEMORY);
		return;
	}
	f->n = n;
	f->standing = node_standings(n, &f->standing_count, err);
	f->waits = mem_zero(WAITS_MAX, sizeof(*f->waits));
	if (f->waits == NULL)
		err_plain(err, ERR_NO_MEMORY);
	if (f->standing == NULL || f->waits == NULL)
		goto out;
	f->wait_count = node_keys_waiting(n, f->waits, WAITS_MAX);
	f->wait_count = f->wait_count < WAITS_MAX ? f->wait_count : WAITS_MAX;
	f->copy_count = node_copies(n, f->copies, COPIES_MAX);
	f->copy_count = f->copy_count < COPIES_MAX ? f->copy_count : COPIES_MAX;
	json_array_foreach(members, i, m) {
		if (!hex_decode(dev.b, sizeof(dev.b), json_string_value(json_object_get(m, "id"))))
			continue;
		say_silence(f, &dev, m);
		json_object_set_new(m, "copies", copies_of(f, &dev));
		json_object_set_new(m, "disputes", disputes_of(f, &dev));
		json_object_set_new(m, "keys_waiting", waits_of(f, &dev));
	}
out:
	mem_free(f->waits);
	mem_free(f->standing);
	mem_free(f);
}
