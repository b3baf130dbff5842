/* Drafts: what is being typed, sealed in the home and never sent (proto/day.md, 2). */
#include "op/day_internal.h"

static json_t *
at_json(struct op_call *c, int64_t ms)
{
	char text[40];

	return json_string(time_print(text, ms, env_utc_offset_min(node_env(c->node), ms)));
}

void
op_draft_put(struct op_call *c)
{
	struct day_desk *desk = node_desk(c->node);
	const char *key = param_text(c, "key"), *text = json_string_value(json_object_get(c->params, "text"));
	struct buf file = BUF_INIT;

	if (text == NULL && param_text(c, "file") != NULL && param_file(c, "file", DESK_DRAFT_BYTES_MAX, &file) == ERR_OK)
		text = buf_str(&file);
	if (text == NULL && c->err.code == ERR_OK)
		err_set(&c->err, ERR_USAGE, "draft put: give --text or --file");
	if (c->err.code == ERR_OK && desk_put_draft(desk, key, text, day_now(c), &c->err) == ERR_OK && node_desk_save(c->node, &c->err) == ERR_OK)
		c->result = json_pack("{s:s,s:I,s:b}", "key", key, "bytes", (json_int_t)strlen(text), "saved", 1);
	buf_wipe(&file);
	if (c->result == NULL)
		op_fail(c);
	else
		op_end(c);
}

void
op_draft_get(struct op_call *c)
{
	const char *key = param_text(c, "key");
	const struct desk_draft *d = desk_draft(node_desk(c->node), key);

	if (d == NULL)
		err_set(&c->err, ERR_UNKNOWN, "no draft has the key \"%.64s\"; `faltbok draft list` shows them", key);
	else
		c->result = json_pack("{s:s,s:s,s:o}", "key", d->key, "text", d->text, "at", at_json(c, d->at_ms));
	op_end(c);
}

void
op_draft_list(struct op_call *c)
{
	const struct day_desk *desk = node_desk(c->node);
	json_t *list = json_array();

	for (size_t i = 0; i < desk->draft_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:o,s:I}", "key", desk->drafts[i].key, "at", at_json(c, desk->drafts[i].at_ms), "bytes",
		                                      (json_int_t)strlen(desk->drafts[i].text)));
	c->result = json_pack("{s:o}", "drafts", list);
	op_end(c);
}

void
op_draft_drop(struct op_call *c)
{
	const char *key = param_text(c, "key");
	bool dropped = desk_drop_draft(node_desk(c->node), key);

	if (!dropped || node_desk_save(c->node, &c->err) == ERR_OK)
		c->result = json_pack("{s:s,s:b,s:b}", "key", key, "dropped", dropped, "saved", 1);
	op_end(c);
}
