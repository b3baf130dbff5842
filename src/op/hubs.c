/*
 * Where hubs and others are looked for: addresses that were typed, and those
 * at which somebody was met. An address is added before it is known who
 * answers there, and says who as soon as somebody has.
 */
#include "op/op_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "node/address.h"

enum { HUBS_MAX = 64 };

static json_t *
met_json(struct op_call *c, const struct replica_peer *p, const char *addr, bool web, bool typed)
{
	struct device_id dev = device_id_of(&p->author);
	const struct org_device *d = org_known(node_org(c->node)) ? org_device_by_id(node_org(c->node), &dev) : NULL;
	char at[40];

	return json_pack("{s:s,s:o,s:s,s:b,s:b,s:o,s:b}", "address", addr, "id", json_hex(dev.b, 16), "name", node_device_name(c->node, &dev), "hub",
	                 d != NULL && d->hub, "typed", typed, "last_seen", p->last_seen_ms > 0 ? json_string(time_print(at, p->last_seen_ms, 0)) : json_null(),
	                 "linked", c->meet != NULL && meet_is_linked(c->meet, dev.b, web));
}

static json_t *
hubs_json(struct op_call *c, const struct addresses *typed)
{
	struct replica_peer *known = mem_zero(HUBS_MAX, sizeof(*known));
	size_t count = known == NULL ? 0 : replica_peers(node_replica(c->node), known, HUBS_MAX);
	json_t *out = known == NULL ? NULL : json_array();

	for (size_t i = 0; i < count && out != NULL; i++)
		for (int web = 0; web <= 1; web++) {
			const char *addr = web ? known[i].web : known[i].addr;

			if (addr[0] != '\0')
				json_array_append_new(out, met_json(c, &known[i], addr, web != 0, addresses_have(typed, addr)));
		}
	for (size_t k = 0; k < typed->count && out != NULL; k++) {
		bool met = false;

		for (size_t i = 0; i < count; i++)
			met = met || strcmp(known[i].addr, typed->at[k]) == 0 || strcmp(known[i].web, typed->at[k]) == 0;
		if (!met)
			json_array_append_new(out, json_pack("{s:s,s:n,s:n,s:b,s:b,s:n,s:b}", "address", typed->at[k], "id", "name", "hub", 0, "typed", 1,
			                                     "last_seen", "linked", 0));
	}
	mem_free(known);
	return out;
}

/* A serving node begins at once; what is not reached now is looked for again. */
static void
begin_dialling(struct op_call *c, const char *addr)
{
	struct err err = ERR_INIT;

	if (c->meet != NULL && !meet_dials(c->meet, addr) && meet_dial(c->meet, addr, MEET_KEEP, &err) != ERR_OK)
		env_logf(node_env(c->node), "dialling %s: %s", addr, err.text);
}

void
op_hubs(struct op_call *c)
{
	const char *add = param_text(c, "add"), *forget = param_text(c, "forget");
	struct addresses typed;

	if (add != NULL && forget != NULL)
		err_set(&c->err, ERR_USAGE, "hubs: add one or forget one, not both at once");
	else if (add != NULL && node_address_add(c->node, add, &c->err) == ERR_OK)
		(void)!op_commit(c);
	else if (forget != NULL && node_address_forget(c->node, forget, &c->err) == ERR_OK)
		(void)!op_commit(c);
	if (c->err.code != ERR_OK)
		node_drop(c->node);
	else if (add != NULL)
		begin_dialling(c, add);
	else if (forget != NULL && c->meet != NULL)
		meet_forget(c->meet, forget);
	if (c->err.code == ERR_OK && node_addresses(c->node, &typed, &c->err) == ERR_OK)
		c->result = json_pack("{s:o}", "hubs", hubs_json(c, &typed));
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}
