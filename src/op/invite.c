/*
 * Invitations, as people make, see, answer and withdraw them. `invite` ends
 * at once: what it has opened lives on in the node. Who runs it alone stays
 * and watches (src/app/node_invite.c).
 */
#include "op/op_internal.h"

#include "node/invite.h"
#include "op/day_internal.h"

static const char *const anywhere = "0.0.0.0:0";

static json_t *
hubs_json(const struct invite_info *i)
{
	json_t *list = json_array();

	for (size_t k = 0; k < i->hub_count; k++) {
		json_t *hub = json_pack("{s:s,s:b}", "address", i->hub[k].addr, "ready", i->hub[k].held);

		if (i->hub[k].trouble[0] != '\0')
			json_object_set_new(hub, "trouble", json_string(i->hub[k].trouble));
		json_array_append_new(list, hub);
	}
	return list;
}

static json_t *
info_json(const struct invite_info *i)
{
	char text[40];
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s}", "code", i->code, "qr", i->qr, "role", role_name(i->role), "state", invite_state_word(i->state),
	                      "expires", time_print(text, i->until_ms, 0));
	json_t *picture = day_qr_svg(i->qr);

	if (picture != NULL)
		json_object_set_new(o, "picture", picture);
	if (i->hub_count > 0)
		json_object_set_new(o, "hubs", hubs_json(i));
	if (i->digits[0] != '\0')
		json_object_set_new(o, "newcomer", json_pack("{s:s,s:s,s:s}", "member", i->member, "device", i->device, "digits", i->digits));
	if (i->trouble[0] != '\0')
		json_object_set_new(o, "trouble", json_string(i->trouble));
	return o;
}

static enum err_code
param_addresses(struct op_call *c, struct invite_wish *wish)
{
	const json_t *names = json_object_get(c->params, "address"), *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name) {
		if (wish->addr_count == JOIN_ADDRS_MAX || !json_is_string(name))
			return err_set(&c->err, ERR_INVALID, "at most %d addresses fit a code", JOIN_ADDRS_MAX);
		wish->addrs[wish->addr_count++] = json_string_value(name);
	}
	return ERR_OK;
}

/* Nobody knows a code that was not said: what it has opened is taken back. */
static void
say_or_take_back(struct op_call *c, const struct invite_info *info)
{
	struct err ignored = ERR_INIT;

	c->result = info_json(info);
	if (json_object_get(c->result, "picture") != NULL && op_json_is_whole(c))
		return;
	json_decref(c->result);
	c->result = NULL;
	(void)!node_invite_withdraw(c->node, info->code, &ignored);
	err_set(&c->err, ERR_NO_MEMORY, "inviting: out of memory; no invitation was opened");
}

void
op_invite(struct op_call *c)
{
	struct stream_id teams[NAMED_TEAMS_MAX];
	struct invite_wish wish = { .teams = teams, .listen = param_text(c, "listen"), .yes = param_flag(c, "yes"),
	                            .hub_only = param_flag(c, "hub-only") };
	struct invite_info info;

	if (wish.listen == NULL)
		wish.listen = anywhere;
	wish.role = param_role(c);
	if (wish.role != 0 && param_teams(c, teams, &wish.team_count) == ERR_OK && param_addresses(c, &wish) == ERR_OK &&
	    node_invite(c->node, &wish, &info, &c->err) == ERR_OK)
		say_or_take_back(c, &info);
	op_end(c);
}

void
op_invite_list(struct op_call *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < node_invite_count(c->node); i++) {
		struct invite_info info;

		node_invite_at(c->node, i, &info);
		json_array_append_new(list, info_json(&info));
	}
	c->result = json_pack("{s:o}", "invitations", list);
	op_end(c);
}

void
op_invite_confirm(struct op_call *c)
{
	bool agree = !param_flag(c, "refuse");

	if (node_invite_confirm(c->node, param_text(c, "code"), agree, &c->err) == ERR_OK)
		c->result = json_pack("{s:b}", "admitted", agree);
	op_end(c);
}

void
op_invite_withdraw(struct op_call *c)
{
	if (node_invite_withdraw(c->node, param_text(c, "code"), &c->err) == ERR_OK)
		c->result = json_pack("{s:b}", "withdrawn", 1);
	op_end(c);
}
