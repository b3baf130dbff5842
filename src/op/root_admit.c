/*
 * root admit: when no coordinator is left, two of the three trustees let
 * somebody in. The same words are compared, the same welcome is sealed.
 */
#include "op/op_internal.h"

#include "crypto/words.h"
#include "node/root.h"
#include "op/root_internal.h"

enum { REQUEST_BYTES_MAX = 16 * 1024 };

static json_t *
admitted_json(const struct op_call *c, const struct join_request *req, const struct node_admission *a, const struct device_id *dev)
{
	char words[WORDS_SIX_BYTES + 1];
	uint8_t digest[32];
	json_t *o;

	join_request_digest(digest, req);
	o = json_pack("{s:o,s:s,s:s,s:s,s:s}", "device", json_hex(dev->b, 16), "member", req->member_name, "name", req->device_name, "role",
	              role_name(a->role), "words", words_encode(words, digest, 6));
	if (o != NULL && a->role == ROLE_COORDINATOR)
		json_object_set_new(o, "rank", json_integer(a->rank));
	if (o != NULL && !param_flag(c, "rehearse"))
		json_object_set_new(o, "welcome", json_string(param_text(c, "welcome")));
	return o;
}

/* A rehearsal goes as far as the welcome could be sealed, and writes none. */
static void
admit_as_root(struct op_call *c, const struct join_request *req, struct node_admission *a, const struct node_sheets *sheets)
{
	struct buf welcome = BUF_INIT;
	struct node_root *root = NULL;
	struct device_id dev;
	bool rehearse = param_flag(c, "rehearse");

	if (node_root_enter(c->node, sheets, &root, &c->err) == ERR_OK) {
		a->root = root;
		if (node_root_admit(c->node, req, a, &dev, &c->err) == ERR_OK && (rehearse || op_commit(c) == ERR_OK) &&
		    node_root_welcome(c->node, root, &dev, &welcome, &c->err) == ERR_OK &&
		    (rehearse || param_file_out(c, "welcome", buf_bytes(&welcome)) == ERR_OK))
			c->result = admitted_json(c, req, a, &dev);
	}
	node_root_leave(root);
	buf_free(&welcome);
}

void
op_root_admit(struct op_call *c)
{
	struct papers p = { .text = { BUF_INIT, BUF_INIT } };
	struct stream_id teams[NAMED_TEAMS_MAX];
	int64_t rank = param_number(c, "rank", 1);
	struct node_admission a = { .role = param_role(c), .teams = teams };
	struct join_request req;
	struct buf file = BUF_INIT;

	if (a.role == 0)
		;
	else if (rank < 1 || rank > RANK_MAX)
		err_set(&c->err, ERR_INVALID, "the ranks of coordinators go from 1 to %d", RANK_MAX);
	else if (param_text(c, "welcome") == NULL && !param_flag(c, "rehearse"))
		err_set(&c->err, ERR_USAGE, "root admit needs --welcome OUT, where the newcomer's welcome goes");
	else if (param_teams(c, teams, &a.team_count) != ERR_OK || param_file(c, "request", REQUEST_BYTES_MAX, &file) != ERR_OK)
		;
	else if (join_request_decode(&req, buf_bytes(&file), &c->err) != ERR_OK)
		err_wrap(&c->err, "%s is not a request that can be trusted", param_text(c, "request"));
	else if (read_papers(c, &p) == ERR_OK) {
		a.rank = (uint8_t)rank;
		admit_as_root(c, &req, &a, &p.sheets);
	}
	root_finish(c);
	wipe_papers(&p);
	buf_free(&file);
	op_end(c);
}
