/*
 * Closing a site: the session ends with its counts, everyone reachable gets
 * what was written, what others have signed for is counted, and only when
 * that is all of it may the home be destroyed.
 *
 *   session ─> exchange (again while that helps) ─> proof ─> leaving ─> exchange ─> proof ─> wipe
 *
 * Leaving (proto/sync.md, 8) comes in only where others may count on what this home holds, and after all else is proved.
 */
#include "op/op_internal.h"

#include <stdio.h>

#include "base/mem.h"
#include "casework/desk.h"

enum { ROUNDS_MAX = 3, KEEPERS_NAMED = 3 };

/* Behind a refusal, once the word is out. */
#define LEAVES \
	", but this device has said that it leaves, and nobody counts on what it holds: when others have acknowledged that, by link or stick, " \
	"close-site --wipe goes on; whatever is written here takes it back"

struct closing_site {
	struct op_call *call;
	struct op_call inner;      /* session close, sync */
	json_t *params;            /* of `inner` */
	json_t *steps;
	int rounds;
	uint64_t lacked;           /* before the last round */
	struct err reached_nobody; /* why the last exchange reached nobody */
	json_t *exchanged;         /* its answer when it did */
};

static void
add_step(struct closing_site *w, const char *step, bool done, const char *text, const char *key, json_t *detail)
{
	json_t *o = json_pack("{s:s,s:b,s:s}", "step", step, "done", done, "text", text);

	if (o != NULL && key != NULL)
		json_object_set(o, key, detail);
	json_decref(detail);
	json_array_append_new(w->steps, o);
}

static void
end(struct closing_site *w)
{
	struct op_call *c = w->call;

	json_decref(w->params);
	json_decref(w->steps);
	json_decref(w->exchanged);
	mem_free(w);
	op_end(c);
}

/* Starts another operation of the table on the same node. */
static void
start(struct closing_site *w, const char *op, json_t *params, void (*finished)(struct op_call *call))
{
	json_decref(w->params);
	w->params = params;
	w->inner = (struct op_call){ .node = w->call->node, .meet = w->call->meet, .params = params, .finished = finished, .ctx = w };
	op_start(op_find(op), &w->inner);
}

/* ---- proof ---- */

static json_t *
keepers_json(struct node *n, const struct node_proof *p)
{
	json_t *out = json_array();
	char at[40];

	for (size_t i = 0; i < p->keepers; i++) {
		const struct node_keeper *k = &p->keeper[i];

		json_array_append_new(out, json_pack("{s:s,s:o,s:b,s:I,s:I,s:o}", "name", node_device_name(n, &k->dev), "id", json_hex(k->dev.b, 16), "hub",
		                                     k->hub, "entries", (json_int_t)k->entries, "lacks", (json_int_t)k->lacks, "last_seen",
		                                     k->last_seen_ms > 0 ? json_string(time_print(at, k->last_seen_ms, 0)) : json_null()));
	}
	return out;
}

/* "12 of 340 entries written here are proved nowhere else: hub lacks 12, last met 2026-…" */
static void
say_lacking(struct node *n, const struct node_proof *p, struct buf *out)
{
	char at[40];

	const char *where = p->hub ? "a hub" : "another device of the team";

	if (p->lacking > 0)
		buf_printf(out, "%llu of %llu entries written here are not proved to be at %s", (unsigned long long)p->lacking, (unsigned long long)p->entries, where);
	if (p->heard_lacking > 0)
		buf_printf(out, "%s%llu entries of others that were heard here are not proved to be at %s", p->lacking > 0 ? ", and " : "",
		           (unsigned long long)p->heard_lacking, where);
	for (size_t i = 0; p->lacking > 0 && i < p->keepers && i < KEEPERS_NAMED; i++) {
		const struct node_keeper *k = &p->keeper[i];

		buf_printf(out, "%s%s lacks %llu, ", i == 0 ? ": " : "; ", node_device_name(n, &k->dev), (unsigned long long)k->lacks);
		if (k->last_seen_ms > 0)
			buf_printf(out, "last met %s", time_print(at, k->last_seen_ms, 0));
		else
			buf_printf(out, "never met");
	}
}

static void
say_proven(struct node *n, const struct node_proof *p, struct buf *out)
{
	bool named = false;

	buf_printf(out, "all %llu entries written here, and what others wrote that was heard here, are proved to be elsewhere", (unsigned long long)p->entries);
	for (size_t i = 0; i < p->keepers; i++) {
		if (p->keeper[i].lacks > 0)
			continue;
		buf_printf(out, "%s%s", named ? ", " : ": at ", node_device_name(n, &p->keeper[i].dev));
		named = true;
	}
}

static void
answer(struct closing_site *w, const struct node_proof *p, bool wiped)
{
	struct op_call *c = w->call;

	c->result = json_pack("{s:O,s:b,s:I,s:I,s:b,s:o,s:b}", "steps", w->steps, "proven", node_proof_whole(p), "written", (json_int_t)p->entries, "lacking",
	                      (json_int_t)(p->lacking + p->heard_lacking), "hub", p->hub, "by", keepers_json(c->node, p), "wiped", wiped);
}

static void
prove(struct closing_site *w, const struct node_proof *p)
{
	struct op_call *c = w->call;
	bool wipe = param_flag(c, "wipe"), wiped = false;
	struct buf text = BUF_INIT;

	if (!node_proof_whole(p))
		say_lacking(c->node, p, &text);
	else
		say_proven(c->node, p, &text);
	add_step(w, "proof", node_proof_whole(p), buf_ok(&text) ? buf_str(&text) : "", "by", keepers_json(c->node, p));
	if (wipe && !node_proof_whole(p))
		err_set(&c->err, ERR_REFUSED, "close-site: %s%s%s; nothing has been wiped%s", buf_ok(&text) ? buf_str(&text) : "proof is lacking",
		        w->reached_nobody.code != ERR_OK ? "; " : "", w->reached_nobody.code != ERR_OK ? w->reached_nobody.text : "",
		        node_is_leaving(c->node) ? LEAVES : "");
	else if (wipe && node_wipe(c->node, &c->err) == ERR_OK)
		wiped = true;
	if (wipe && c->err.code == ERR_OK)
		add_step(w, "wipe", true, "the keys of this home are destroyed, its files go with them", NULL, NULL);
	else if (!wipe)
		add_step(w, "wipe", false, node_proof_whole(p) ? "this home may be wiped; that was not asked for" : "this home must not be wiped", NULL, NULL);
	if (c->err.code == ERR_OK)
		answer(w, p, wiped);
	buf_free(&text);
	end(w);
}

/* ---- exchange ---- */

static void exchange(struct closing_site *w);

/* All else is proved: now those on whose word that rests must know that nobody can count on this home. */
static void
leave(struct closing_site *w)
{
	if (node_leave(w->call->node, &w->call->err) != ERR_OK) {
		end(w);
		return;
	}
	add_step(w, "leaving", true, "this device has said that it leaves; what it holds counts no more", NULL, NULL);
	w->lacked = UINT64_MAX;
	w->rounds = 0;
	exchange(w);
}

/* What is due after meeting somebody is written after it, and then lacks at those who were met: once more, while that helps. */
static void
exchanged(struct op_call *call)
{
	struct closing_site *w = call->ctx;
	struct node_proof *p = mem_zero(1, sizeof(*p));
	json_t *sentence;

	w->reached_nobody = call->err;
	if (call->err.code == ERR_OK) {
		json_decref(w->exchanged);
		w->exchanged = call->result;
	}
	if (p == NULL) {
		err_plain(&w->call->err, ERR_NO_MEMORY);
		end(w);
		return;
	}
	node_proof(w->call->node, p);
	if (call->err.code == ERR_OK && !node_proof_whole(p) && p->lacking + p->heard_lacking < w->lacked && ++w->rounds < ROUNDS_MAX) {
		w->lacked = p->lacking + p->heard_lacking;
		mem_free(p);
		exchange(w);
		return;
	}
	if (param_flag(w->call, "wipe") && node_proof_whole(p) && node_must_leave(w->call->node) && !node_is_leaving(w->call->node)) {
		mem_free(p);
		leave(w);
		return;
	}
	sentence = json_object_get(json_object_get(w->exchanged, "sentence"), "en");
	add_step(w, "exchange", w->exchanged != NULL, w->exchanged != NULL ? json_string_value(sentence) : w->reached_nobody.text, "sync",
	         w->exchanged != NULL ? json_incref(w->exchanged) : json_null());
	prove(w, p);
	mem_free(p);
}

static void
exchange(struct closing_site *w)
{
	const json_t *peer = json_object_get(w->call->params, "peer"), *wait = json_object_get(w->call->params, "wait");
	json_t *params = json_object();

	if (peer != NULL)
		json_object_set(params, "peer", (json_t *)peer);
	if (wait != NULL)
		json_object_set(params, "wait", (json_t *)wait);
	start(w, "sync", params, exchanged);
}

static void
begin_exchange(struct closing_site *w)
{
	w->lacked = UINT64_MAX;
	exchange(w);
}

/* ---- session ---- */

static void
session_closed(struct op_call *call)
{
	struct closing_site *w = call->ctx;
	char text[128];

	if (call->err.code != ERR_OK) {
		w->call->err = call->err;
		end(w);
		return;
	}
	snprintf(text, sizeof(text), "the session is closed: %lld visits, %lld cases",
	         (long long)json_integer_value(json_object_get(json_object_get(call->result, "counts"), "visits")),
	         (long long)json_integer_value(json_object_get(json_object_get(call->result, "counts"), "cases")));
	add_step(w, "session", true, text, "session", call->result);
	begin_exchange(w);
}

/* Drafts belong to no session, and would be gone with the home. */
static bool
drafts_refuse(struct op_call *c)
{
	size_t drafts = node_desk(c->node)->draft_count, waiting = 0;
	struct queue_counts q;

	desk_count(node_desk(c->node), NULL, &q);
	waiting = q.by_state[PLACE_WAITING] + q.by_state[PLACE_CALLED];
	if (param_flag(c, "force") || drafts + waiting == 0)
		return false;
	err_set(&c->err, ERR_REFUSED, "close-site: %zu draft%s not saved, %zu in the queue wait; --force closes all the same", drafts,
	        drafts == 1 ? " is" : "s are", waiting);
	return true;
}

static void
close_session(struct closing_site *w)
{
	struct op_call *c = w->call;
	const char *session = param_text(c, "session");
	json_t *params;

	if (session == NULL && !node_desk(c->node)->has_session) {
		if (drafts_refuse(c)) {
			end(w);
			return;
		}
		add_step(w, "session", true, "no session is open on this device", NULL, NULL);
		begin_exchange(w);
		return;
	}
	params = json_object();
	if (session != NULL)
		json_object_set_new(params, "id", json_string(session));
	if (param_flag(c, "force"))
		json_object_set_new(params, "force", json_true());
	start(w, "session close", params, session_closed);
}

void
op_close_site(struct op_call *c)
{
	struct closing_site *w;

	if (param_flag(c, "wipe") && !param_flag(c, "yes")) {
		err_set(&c->err, ERR_REFUSED, "close-site --wipe destroys this home for good: it needs a yes, on the terminal or as --yes");
		op_end(c);
		return;
	}
	w = mem_zero(1, sizeof(*w));
	if (w == NULL) {
		op_fail(c);
		return;
	}
	w->call = c;
	c->work = w;
	w->steps = json_array();
	close_session(w);
}
